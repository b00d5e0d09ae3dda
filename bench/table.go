package bench

import (
	"fmt"
	"io"
	"strconv"
	"strings"
)

// columns of the table, as wide as their figures usually are.
var columns = []struct {
	head  string
	width int // negative: to the left
	cell  func(*Result) string
}{
	{"scenario", -20, func(r *Result) string { return r.Scenario }},
	{"engine", -13, func(r *Result) string { return r.Engine }},
	{"bytes", 7, func(r *Result) string { return strconv.Itoa(r.Size) }},
	{"guarantee", -9, func(r *Result) string { return r.Guarantee }},
	{"messages/s", 11, func(r *Result) string { return grouped(r.DeliveredPerS) }},
	{"MB/s", 7, func(r *Result) string { return fmt.Sprintf("%.1f", r.MBPerS) }},
	{"p50 µs", 9, micros(func(l *Latency) float64 { return l.P50 })},
	{"p99 µs", 9, micros(func(l *Latency) float64 { return l.P99 })},
	{"max µs", 9, micros(func(l *Latency) float64 { return l.Max })},
	{"CPU ns", 7, func(r *Result) string { return fmt.Sprintf("%.0f", r.CPUNsPerDelivery) }},
	{"repairs", 8, func(r *Result) string { return strconv.FormatUint(r.Retransmits, 10) }},
	{"train", 5, func(r *Result) string { return fmt.Sprintf("%.1f", r.DatagramsPerTrain) }},
	{"order", -5, func(r *Result) string {
		if r.Wrong() != nil {
			return "WRONG"
		}
		return "ok"
	}},
}

func micros(of func(*Latency) float64) func(*Result) string {
	return func(r *Result) string {
		if r.LatencyUS == nil {
			return "-"
		}
		return strconv.FormatFloat(of(r.LatencyUS), 'f', 1, 64)
	}
}

// writeHead writes what all runs have in common, and the columns' heads.
func writeHead(w io.Writer, s *Scenario, e Environment) {
	r := newResult(s, e)
	place := "the loopback interface"
	if s.Lab {
		place = "network namespaces"
	}
	fmt.Fprintf(w, "Stampede %s: %d hosts, %d sending, IPv%d %s over %s, %s sockets; kernel %s, %d cores\n",
		e.Version, s.Hosts, s.Senders, s.IP, r.Transport, place, s.Socket, e.Kernel, e.Cores)
	if s.Loss > 0 {
		fmt.Fprintf(w, "every host drops %g %% of the datagrams that arrive, seed %d\n", s.Loss, s.Seed)
	}
	io.WriteString(w, "figures of the slowest host; a train is datagrams received as one\n\n")
	var cells []string
	for _, c := range columns {
		cells = append(cells, pad(c.head, c.width))
	}
	writeCells(w, cells)
}

func writeRow(w io.Writer, r *Result) {
	var cells []string
	for _, c := range columns {
		cells = append(cells, pad(c.cell(r), c.width))
	}
	writeCells(w, cells)
	if err := r.Wrong(); err != nil {
		fmt.Fprintf(w, "  %v\n", err)
	}
}

func writeCells(w io.Writer, cells []string) {
	fmt.Fprintln(w, strings.TrimRight(strings.Join(cells, "  "), " "))
}

// pad fills a cell to its width; negative: to the left.
func pad(cell string, width int) string { return fmt.Sprintf("%*s", width, cell) }

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
