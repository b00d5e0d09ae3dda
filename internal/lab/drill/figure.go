package drill

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"text/tabwriter"
	"time"

	"stampede/internal/verify"
)

// Figure is a run that measures what a change of the configuration costs.
type Figure uint8

const (
	// Failover kills the sequencer and others in turn and tells how long
	// nothing was delivered at those who lived.
	Failover Figure = iota
	// ColdStart starts all processors at once and tells how long it took
	// until they were in one configuration.
	ColdStart
	// Cost kills a processor under full load and lets it join again, and tells
	// how long the change kept the others from delivering anything, and how
	// much was outstanding then.
	Cost
)

var figures = words[Figure]{"failover", "coldstart", "change"}

// measures are how many hosts a figure takes, in turn, how often it is
// repeated, and how it is made.
var measures = [...]struct {
	hosts   []int
	times   int
	rate    float64       // messages/s of each host
	detect  time.Duration // 0 = the default
	measure func(*gauge, context.Context) error
}{
	Failover:  {[]int{5}, 20, 200, 0, (*gauge).failover},
	ColdStart: {[]int{3, 8}, 10, 200, 0, (*gauge).coldStart},
	// With these numbers some 10,000 messages are sent between a processor's
	// death and the moment when it is found out, and the window does not fill.
	Cost: {[]int{4}, 10, 25_000, 200 * time.Millisecond, (*gauge).changeCost},
}

// FigureWords lists the words of the figures, as a flag's description does.
func FigureWords() string { return figures.String() }

func (f Figure) String() string { return figures[f] }

// ParseFigure is the figure with that word.
func ParseFigure(word string) (Figure, error) { return figures.parse(word) }

// gauge is a run of a figure.
type gauge struct {
	o     Options
	times int
	dir   string
	runs  int
	table *tabwriter.Writer
}

// Measure runs a figure, each case of it so many times (0: as often as is of
// use), and writes a table. Where o.Hosts, o.Rate or o.Detect is 0 it takes what
// the figure is meant for. Faults, Duration and Rest of o have no meaning here.
//
// The traces are judged as those of Run are, and errors are the same.
func Measure(ctx context.Context, o Options, f Figure, times int, w io.Writer) (err error) {
	hosts := measures[f].hosts
	if o.Hosts != 0 {
		hosts = []int{o.Hosts}
	}
	if o.Rate == 0 {
		o.Rate = measures[f].rate
	}
	if o.Detect == 0 {
		o.Detect = measures[f].detect
	}
	if times == 0 {
		times = measures[f].times
	}
	if times < 0 {
		return fmt.Errorf("times: %d is negative", times)
	}
	var made directory
	for _, n := range hosts {
		o.Hosts = n
		if o, err = o.withDefaults(); err != nil {
			return err
		}
		if made.path == "" {
			if made, err = makeDirectory(&o); err != nil {
				return err
			}
		}
		g := &gauge{o: o, times: times, dir: filepath.Join(made.path, fmt.Sprint(n, "-hosts")), table: tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)}
		if err = os.MkdirAll(g.dir, 0o777); err != nil {
			break
		}
		err = measures[f].measure(g, ctx)
		if err = errors.Join(err, g.table.Flush()); err != nil {
			break
		}
	}
	return made.finish(err)
}

// Broken says that promises were not kept.
type Broken struct{ Report *verify.Report }

func (b *Broken) Error() string {
	text := fmt.Sprintf("promises were not kept, violations: %d", len(b.Report.Violations)+b.Report.More)
	if len(b.Report.Violations) > 0 {
		text += "; the first one:\n" + b.Report.Violations[0].String()
	}
	return text
}

// on runs f with a cluster, makes it leave, reads the traces and judges them.
// What was read is there also if promises were not kept.
func (g *gauge) on(ctx context.Context, o Options, f func(*cluster) error) (all []past, err error) {
	g.runs++
	dir := filepath.Join(g.dir, fmt.Sprint("run", g.runs))
	if err := os.Mkdir(dir, 0o777); err != nil {
		return nil, err
	}
	err = onCluster(ctx, &o, dir, func(c *cluster) error {
		err := f(c)
		if ctx.Err() != nil {
			return err
		}
		if err := errors.Join(err, c.stop()); err != nil {
			return err
		}
		if all, err = c.readStories(ctx); err != nil {
			return err
		}
		report, err := verify.Files(ctx, c.existing(), verify.Options{})
		if err == nil && len(report.Violations) > 0 {
			err = &Broken{report}
		}
		return err
	})
	return all, err
}
