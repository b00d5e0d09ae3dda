package bench

import (
	"fmt"
	"io"
	"slices"
	"strconv"
)

// summary is all repetitions of one run.
type summary struct {
	of    Scenario
	right []*Result
	runs  int
}

// subject is what the repetitions of a run have in common.
func (r *Result) subject() Scenario {
	s := r.of
	if s.Repetition = 0; s.Load > 0 {
		s.Rate = 0 // of every repetition another
	}
	return s
}

func summarize(results []Result) (all []*summary) {
	for i := range results {
		r := &results[i]
		n := slices.IndexFunc(all, func(s *summary) bool { return s.of == r.subject() })
		if n < 0 {
			n = len(all)
			all = append(all, &summary{of: r.subject()})
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

// figure is one of a result; ok is false if it does not have it.
type figure func(*Result) (v float64, ok bool)

// spread is that of what there is of a figure; ok is false if nothing.
func (s *summary) spread(f figure) (sp spread, ok bool) {
	var values []float64
	for _, r := range s.right {
		if v, ok := f(r); ok {
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

func (s *summary) has(f figure) bool {
	_, ok := s.spread(f)
	return ok
}

func rateOf(r *Result) (float64, bool)      { return r.DeliveredPerS, true }
func megabytesOf(r *Result) (float64, bool) { return r.MBPerS, true }
func gapOf(r *Result) (float64, bool)       { return r.GapMS, r.GapMS > 0 }

func p50Of(r *Result) (float64, bool) {
	if r.LatencyUS == nil {
		return 0, false
	}
	return r.LatencyUS.P50, true
}

func ratioOf(name string) figure {
	return func(r *Result) (float64, bool) {
		v, ok := r.Ratios[name]
		return v, ok
	}
}

// summaryColumns are those of the table at the end: the figures that all have,
// and those that some of them have.
func summaryColumns(all []*summary) []column[*summary] {
	width := 0
	for _, s := range all {
		width = max(width, nameWidth(&s.of))
	}
	columns := []column[*summary]{
		{"scenario", -width, func(s *summary) string { return s.of.Name }},
		{"engine", -13, func(s *summary) string { return s.of.Engine }},
		{"bytes", 7, func(s *summary) string { return strconv.Itoa(s.of.Size) }},
		{"guarantee", -9, func(s *summary) string {
			if engines.of(s.of.Engine).bare() {
				return notSo
			}
			return s.of.Guarantee
		}},
		{"messages/s", 11, median(rateOf, grouped)},
		{"least … most", 25, func(s *summary) string {
			sp, ok := s.spread(rateOf)
			if !ok {
				return "-"
			}
			return grouped(sp.least) + " … " + grouped(sp.most)
		}},
		{"MB/s", 7, median(megabytesOf, decimal)},
		{"p50 µs", 9, median(p50Of, decimal)},
	}
	anyHas := func(f figure) bool { return slices.ContainsFunc(all, func(s *summary) bool { return s.has(f) }) }
	if anyHas(gapOf) {
		columns = append(columns, column[*summary]{"gap ms", 8, median(gapOf, decimal)},
			column[*summary]{"most", 8, func(s *summary) string {
				sp, ok := s.spread(gapOf)
				if !ok {
					return "-"
				}
				return decimal(sp.most)
			}})
	}
	for _, relation := range relations {
		if f := ratioOf(relation.name); anyHas(f) {
			head := "÷" + relation.name
			columns = append(columns, column[*summary]{head, len(head) - 1, median(f, hundredths)})
		}
	}
	return append(columns, column[*summary]{"right", 5, func(s *summary) string { return fmt.Sprintf("%d/%d", len(s.right), s.runs) }})
}

func median(f figure, format func(float64) string) func(*summary) string {
	return func(s *summary) string {
		sp, ok := s.spread(f)
		if !ok {
			return "-"
		}
		return format(sp.median)
	}
}

func decimal(v float64) string    { return strconv.FormatFloat(v, 'f', 1, 64) }
func hundredths(v float64) string { return strconv.FormatFloat(v, 'f', 2, 64) }

// writeSummary writes the medians where there is something to compare. Runs
// that were not right have no figures in them.
func writeSummary(w io.Writer, results []Result) {
	if !slices.ContainsFunc(results, func(r Result) bool { return r.Repetition > 0 || r.Engine != results[0].Engine || r.Ratios != nil }) {
		return
	}
	all := summarize(results)
	io.WriteString(w, "\nmedians of the runs that were right; ÷ is by that run's: throughput of a flood, p50 of what has a rate\n")
	columns := summaryColumns(all)
	writeHeads(w, columns)
	for i, s := range all {
		if s.of.Suite != "" && (i == 0 || s.of.Suite != all[i-1].of.Suite) {
			fmt.Fprintf(w, "suite %s\n", s.of.Suite)
		}
		writeCells(w, columns, s)
	}
}
