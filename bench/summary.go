package bench

import (
	"fmt"
	"io"
	"slices"
	"strconv"
)

// subject is what runs have in common that differ in engine and repetition.
type subject struct {
	scenario string
	size     int
}

func (r *Result) subject() subject { return subject{r.Scenario, r.Size} }

// relate sets the ratio to the raw sockets.
func relate(results []Result) {
	for i := range results {
		r := &results[i]
		if r.Engine != word(engines, stampede) || r.Rate > 0 || r.Wrong() != nil {
			continue
		}
		for j := range results {
			raw := &results[j]
			if raw.Engine == word(engines, rawSockets) && raw.subject() == r.subject() && raw.Repetition == r.Repetition &&
				raw.Wrong() == nil && raw.DeliveredPerS > 0 {
				r.RawRatio = r.DeliveredPerS / raw.DeliveredPerS
			}
		}
	}
}

// summary is all repetitions of one subject with one engine.
type summary struct {
	subject
	engine string
	right  []*Result
	runs   int
}

func summarize(results []Result) (all []*summary) {
	for i := range results {
		r := &results[i]
		n := slices.IndexFunc(all, func(s *summary) bool { return s.subject == r.subject() && s.engine == r.Engine })
		if n < 0 {
			n = len(all)
			all = append(all, &summary{subject: r.subject(), engine: r.Engine})
		}
		all[n].runs++
		if r.Wrong() == nil {
			all[n].right = append(all[n].right, r)
		}
	}
	return all
}

// spread is the median of some runs, and the least and the most.
type spread struct{ least, median, most float64 }

// of is the spread of what there is of a figure; ok is false if nothing.
func (s *summary) of(figure func(*Result) (v float64, ok bool)) (sp spread, ok bool) {
	var values []float64
	for _, r := range s.right {
		if v, ok := figure(r); ok {
			values = append(values, v)
		}
	}
	n := len(values)
	if n == 0 {
		return spread{}, false
	}
	slices.Sort(values)
	return spread{values[0], (values[(n-1)/2] + values[n/2]) / 2, values[n-1]}, true
}

// summaryColumns of the table at the end.
var summaryColumns = []struct {
	head  string
	width int
	cell  func(*summary) string
}{
	{"scenario", -20, func(s *summary) string { return s.scenario }},
	{"engine", -13, func(s *summary) string { return s.engine }},
	{"bytes", 7, func(s *summary) string { return strconv.Itoa(s.size) }},
	{"messages/s", 11, median(func(r *Result) (float64, bool) { return r.DeliveredPerS, true }, grouped)},
	{"least … most", 25, func(s *summary) string {
		sp, ok := s.of(func(r *Result) (float64, bool) { return r.DeliveredPerS, true })
		if !ok {
			return "-"
		}
		return grouped(sp.least) + " … " + grouped(sp.most)
	}},
	{"MB/s", 7, median(func(r *Result) (float64, bool) { return r.MBPerS, true }, decimal)},
	{"p50 µs", 9, median(func(r *Result) (float64, bool) {
		if r.LatencyUS == nil {
			return 0, false
		}
		return r.LatencyUS.P50, true
	}, decimal)},
	{"of raw", 6, median(func(r *Result) (float64, bool) { return r.RawRatio, r.RawRatio > 0 }, func(v float64) string { return fmt.Sprintf("%.2f", v) })},
	{"right", 5, func(s *summary) string { return fmt.Sprintf("%d/%d", len(s.right), s.runs) }},
}

func median(figure func(*Result) (float64, bool), format func(float64) string) func(*summary) string {
	return func(s *summary) string {
		sp, ok := s.of(figure)
		if !ok {
			return "-"
		}
		return format(sp.median)
	}
}

func decimal(v float64) string { return strconv.FormatFloat(v, 'f', 1, 64) }

// writeSummary writes the medians where there is something to compare. Runs
// that were not right have no figures in them.
func writeSummary(w io.Writer, results []Result) {
	all := summarize(results)
	if !slices.ContainsFunc(results, func(r Result) bool { return r.Repetition > 0 || r.Engine != results[0].Engine }) {
		return
	}
	io.WriteString(w, "\nmedians of the runs that were right\n")
	var cells []string
	for _, c := range summaryColumns {
		cells = append(cells, pad(c.head, c.width))
	}
	writeCells(w, cells)
	for _, s := range all {
		cells = cells[:0]
		for _, c := range summaryColumns {
			cells = append(cells, pad(c.cell(s), c.width))
		}
		writeCells(w, cells)
	}
}
