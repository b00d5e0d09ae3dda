package sim

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// figure is one kind of change that is measured.
type figure struct {
	name   string
	before string // what leads up to it
	change string // the change itself
}

var figures = []figure{
	{"cold start of all", "", "start all"},
	{"one joins", "start %s\nuntil %s together", "start %d"},
	{"one crashes", "start all\nuntil all together\nwait 500ms", "crash %d"},
	{"the sequencer crashes", "start all\nuntil all together\nwait 500ms", "crash 1"},
}

// Figures measures, for 3, 10, 32 and 100 processors with default timers on a
// network with 100 µs of delay, how long a change takes until all are in the
// new configuration, and how many datagrams are sent meanwhile.
func Figures(out io.Writer) error {
	fmt.Fprintf(out, "%-24s %10s %12s %10s %14s\n", "change", "processors", "time", "datagrams", "of each")
	var r Runner
	for _, n := range []int{3, 10, 32, 100} {
		for _, f := range figures {
			took, datagrams, err := f.measure(&r, n)
			if err != nil {
				return fmt.Errorf("%s of %d: %w", f.name, n, err)
			}
			fmt.Fprintf(out, "%-24s %10d %12v %10d %14.1f\n", f.name, n, took.Round(10*time.Microsecond), datagrams, float64(datagrams)/float64(n))
		}
	}
	return nil
}

func (f *figure) measure(r *Runner, n int) (time.Duration, int, error) {
	ids := make([]string, n)
	for i := range ids {
		ids[i] = fmt.Sprint(i + 1)
	}
	var before string
	if strings.Contains(f.before, "%s") {
		most := strings.Join(ids[:n-1], " ")
		before = fmt.Sprintf(f.before, most, most)
	} else {
		before = f.before
	}
	change := f.change
	if strings.Contains(change, "%d") {
		change = fmt.Sprintf(change, n)
	}
	head := "processors " + strings.Join(ids, " ") + `
set detect 300ms
set join 20ms
set beacon 150ms
set heartbeat 20ms
set datagram 1472
unsettled
` + before + "\n"
	var at [2]Result
	for i, tail := range []string{"", change + "\nwait 1us\nuntil all together within 60s\n"} {
		s, err := Parse(f.name, head+tail)
		if err != nil {
			return 0, 0, err
		}
		if at[i] = r.Run(s, Options{}); at[i].Failure != nil {
			return 0, 0, at[i].Failure
		}
	}
	return at[1].Virtual - at[0].Virtual, at[1].Datagrams - at[0].Datagrams, nil
}
