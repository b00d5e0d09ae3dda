package drill

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"
)

// Print writes what was done, one line a fault, and what came of it.
func (r *Result) Print(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	if len(r.Done) > 0 {
		fmt.Fprintf(t, "at\tfor\twhat\tlongest silence\tafter its end\n")
	}
	for i := range r.Done {
		d := &r.Done[i]
		fmt.Fprintf(t, "%.3f s\t%v\t%s\t%s\t%s\n", d.At.Seconds(), d.Last, describe(&d.Fault), each(d.Silences), worst(d.Later))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if err := r.printKinds(w); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "together %v after the start and %v after the last fault\n", r.Formed.Round(time.Millisecond), r.Healed.Round(time.Millisecond))
	return err
}

// worst is the longest of silences, which are sorted.
func worst(all []Silence) string {
	if len(all) == 0 {
		return "-"
	}
	s := all[0]
	more := ""
	if s.Open {
		more = "more than "
	}
	return fmt.Sprintf("%s%s at host %d", more, milliseconds(s.Last), s.Host)
}

// each is the silences of all hosts, the longest first.
func each(all []Silence) string {
	text := worst(all)
	for _, s := range all[min(1, len(all)):] {
		text += fmt.Sprintf(", %.1f at %d", float64(s.Last)/1e6, s.Host)
	}
	return text
}

func milliseconds(d time.Duration) string { return fmt.Sprintf("%.1f ms", float64(d)/1e6) }

// printKinds writes, for each kind of fault, the median and the greatest of
// the longest silences.
func (r *Result) printKinds(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, k := range Kinds() {
		n, during, later := 0, spread{}, spread{}
		for i := range r.Done {
			if d := &r.Done[i]; d.Kind == k {
				n++
				during.add(d.Silences)
				later.add(d.Later)
			}
		}
		if n > 0 {
			fmt.Fprintf(t, "%v\t%d times\tlongest silence %v\tafter %s %v\n", k, n, &during, endings[k], &later)
		}
	}
	return t.Flush()
}

// spread is some times that are to be summed up.
type spread struct{ all []time.Duration }

// add adds the longest of silences, which are sorted, if there is one.
func (s *spread) add(silences []Silence) {
	if len(silences) > 0 {
		s.all = append(s.all, silences[0].Last)
	}
}

// median and most are 0 if there is nothing.
func (s *spread) median() time.Duration {
	if len(s.all) == 0 {
		return 0
	}
	slices.Sort(s.all)
	return s.all[(len(s.all)-1)/2]
}

func (s *spread) most() time.Duration {
	if len(s.all) == 0 {
		return 0
	}
	return slices.Max(s.all)
}

func (s *spread) String() string {
	if len(s.all) == 0 {
		return "unknown"
	}
	return fmt.Sprintf("p50 %s, max %s", milliseconds(s.median()), milliseconds(s.most()))
}
