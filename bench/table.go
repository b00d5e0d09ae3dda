package bench

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// column of a table of things.
type column[T any] struct {
	head  string
	width int // that the cells usually have; negative: to the left
	cell  func(T) string
}

func writeHeads[T any](w io.Writer, columns []column[T]) {
	var cells []string
	for _, c := range columns {
		cells = append(cells, pad(c.head, c.width))
	}
	writeLine(w, cells)
}

func writeCells[T any](w io.Writer, columns []column[T], of T) {
	var cells []string
	for _, c := range columns {
		cells = append(cells, pad(c.cell(of), c.width))
	}
	writeLine(w, cells)
}

func writeLine(w io.Writer, cells []string) {
	fmt.Fprintln(w, strings.TrimRight(strings.Join(cells, "  "), " "))
}

// pad fills a cell to its width; negative: to the left.
func pad(cell string, width int) string { return fmt.Sprintf("%*s", width, cell) }

// table has a row for every run.
type table struct {
	w       io.Writer
	columns []column[*Result]
	current string // suite
}

// newTable has the columns that the runs need.
func newTable(w io.Writer, runs []Scenario) *table {
	width := 0
	for i := range runs {
		width = max(width, nameWidth(&runs[i]))
	}
	t := &table{w: w, columns: []column[*Result]{
		{"scenario", -width, func(r *Result) string { return r.Scenario }},
		{"engine", -13, func(r *Result) string { return r.Engine }},
		{"bytes", 7, func(r *Result) string { return strconv.Itoa(r.Size) }},
		{"guarantee", -9, func(r *Result) string { return r.Guarantee }},
		{"messages/s", 11, figured(func(r *Result) string { return grouped(r.DeliveredPerS) })},
		{"MB/s", 7, figured(func(r *Result) string { return decimal(r.MBPerS) })},
		{"p50 µs", 9, micros(func(l *Latency) float64 { return l.P50 })},
		{"p99 µs", 9, micros(func(l *Latency) float64 { return l.P99 })},
		{"max µs", 9, micros(func(l *Latency) float64 { return l.Max })},
	}}
	if slices.ContainsFunc(runs, func(s Scenario) bool { return killings.of(s.Kill) }) {
		t.columns = append(t.columns, column[*Result]{"gap ms", 8, func(r *Result) string {
			if r.GapMS == 0 {
				return "-"
			}
			return decimal(r.GapMS)
		}})
	}
	cpu := "CPU ns, own"
	if slices.ContainsFunc(runs, func(s Scenario) bool { return s.Lab }) {
		cpu = "CPU ns, all"
	}
	t.columns = append(t.columns,
		column[*Result]{cpu, len(cpu), figured(func(r *Result) string {
			if r.CPUNsPerDelivery == 0 {
				return "-"
			}
			return fmt.Sprintf("%.0f", r.CPUNsPerDelivery)
		})},
		column[*Result]{"repairs", 8, func(r *Result) string { return strconv.FormatUint(r.Retransmits, 10) }},
		column[*Result]{"train", 5, func(r *Result) string { return decimal(r.DatagramsPerTrain) }},
		column[*Result]{"order", -5, func(r *Result) string {
			if r.Wrong() != nil {
				return "WRONG"
			}
			return "ok"
		}})
	return t
}

// nameWidth is the room for a run's name.
func nameWidth(s *Scenario) int { return max(20, utf8.RuneCountInString(s.Name)) }

// figured shows nothing of a run that was not right.
func figured(cell func(*Result) string) func(*Result) string {
	return func(r *Result) string {
		if r.Wrong() != nil {
			return "-"
		}
		return cell(r)
	}
}

func micros(of func(*Latency) float64) func(*Result) string {
	return figured(func(r *Result) string {
		if r.LatencyUS == nil {
			return "-"
		}
		return decimal(of(r.LatencyUS))
	})
}

// begin writes what the runs have in common.
func (t *table) begin(s *Scenario, runs int, e Environment) {
	r := newResult(s, e)
	place, cpu := "the loopback interface", "of the hosts' processes (getrusage) and the kernel's softirqs"
	if s.Lab {
		place, cpu = "network namespaces", "of the whole machine (/proc/stat), whatever else runs on it"
	}
	fmt.Fprintf(t.w, "Stampede %s: %d hosts, %d sending, IPv%d %s over %s, %s sockets; kernel %s, %d cores\n",
		e.Version, s.Hosts, s.Senders, s.IP, r.Transport, place, s.Socket, e.Kernel, e.Cores)
	if s.Loss > 0 {
		fmt.Fprintf(t.w, "every host drops %g %% of the datagrams that arrive, seed %d\n", s.Loss, s.Seed)
	}
	if runs > 1 {
		fmt.Fprintf(t.w, "%d runs of %v and more\n", runs, s.total())
	}
	fmt.Fprintf(t.w, "figures of the slowest host; a train is datagrams received as one;\nCPU is a delivery's at one host: %s\n\n", cpu)
	writeHeads(t.w, t.columns)
}

// suite writes the name of the suite that s begins.
func (t *table) suite(s *Scenario) {
	if s.Suite == t.current {
		return
	}
	t.current = s.Suite
	if found, err := FindSuite(s.Suite); err == nil {
		fmt.Fprintf(t.w, "suite %s: %s\n", s.Suite, found[0].About)
	}
}

func (t *table) row(r *Result) {
	writeCells(t.w, t.columns, r)
	if err := r.Wrong(); err != nil {
		fmt.Fprintf(t.w, "  %v\n", err)
	} else if r.Tries > 1 {
		fmt.Fprintf(t.w, "  right at try %d: the machine is busy with something else\n", r.Tries)
	}
}

// grouped writes a whole number with commas between thousands.
func grouped(v float64) string {
	digits := strconv.FormatFloat(v, 'f', 0, 64)
	var b strings.Builder
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(d)
	}
	return b.String()
}
