package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"stampede/evs"
	"stampede/internal/conf"
	"stampede/internal/console"
)

// pingFlags are the flags of the verb ping.
type pingFlags struct {
	remote
	count      uint64
	interval   time.Duration
	within     time.Duration
	size       int
	guarantees []string
	quiet      bool
}

func pingVerb() *cobra.Command {
	f := &pingFlags{}
	c := f.verb(&cobra.Command{
		Use:   "ping",
		Short: "Measure round trips through the group",
		Long: `Send messages through a running daemon and measure how long each takes until it
is delivered here again: agreed, when it has its place in the order of the whole
group; safe, when all members are known to hold it. The way through the daemon
is in it. The messages go to a group that nobody else has joined.

A ping that has not come back within --within is lost, and the exit status 5
then. A signal ends it, and what was measured is told.`,
		Example: `  stampede ping
  stampede ping --count 1000 --interval 1ms --quiet
  stampede ping --guarantee safe --json | jq .trips[0].p99_ns`,
		Args: cobra.NoArgs,
	}, 0, f.ping)
	flags := c.Flags()
	flags.Uint64VarP(&f.count, "count", "n", 5, "pings of each guarantee; 0 is until a signal")
	flags.DurationVarP(&f.interval, "interval", "i", 200*time.Millisecond, "time between them")
	flags.DurationVar(&f.within, "within", 2*time.Second, "how long each may take")
	flags.IntVarP(&f.size, "size", "s", 64, fmt.Sprintf("bytes of a message, at least %d", console.LeastPing))
	flags.StringSliceVar(&f.guarantees, "guarantee", []string{"agreed", "safe"}, conf.GuaranteeWords+", several with commas")
	flags.BoolVarP(&f.quiet, "quiet", "q", false, "print the summary only")
	f.withJSON(flags, "the summary as one JSON object")
	f.completeFlags(c, "guarantee")
	return c
}

// measuredTrips is the JSON of ping.
type measuredTrips struct {
	Bytes int                   `json:"bytes"`
	Trips []console.TripSummary `json:"trips"`
}

func (f *pingFlags) ping(ctx context.Context, _ []string) error {
	guarantees, err := f.judge()
	if err != nil {
		return badUsage(err)
	}
	h, err := f.open(ctx, evs.HandleOptions{})
	if err != nil {
		return err
	}
	defer h.Close()
	p, err := console.NewPinger(h, f.size)
	if err != nil {
		return err
	}
	var trips []*console.Trips
	for _, g := range guarantees {
		trips = append(trips, console.NewTrips(g))
	}
	err = untilSignal(f.rounds(ctx, p, trips))
	return errors.Join(err, f.summary(trips))
}

func (f *pingFlags) judge() (list []evs.Guarantee, err error) {
	for _, word := range f.guarantees {
		var g conf.Guarantee
		if err := g.UnmarshalText([]byte(word)); err != nil {
			return nil, fmt.Errorf("--guarantee: %w", err)
		}
		if slices.Contains(list, g.Guarantee) {
			return nil, fmt.Errorf("--guarantee: %s is there twice", word)
		}
		list = append(list, g.Guarantee)
	}
	switch {
	case len(list) == 0:
		return nil, errors.New("--guarantee: none is named")
	case f.size < console.LeastPing || f.size > evs.MaxMessageLimit:
		return nil, fmt.Errorf("--size %d is not within %d and %d", f.size, console.LeastPing, evs.MaxMessageLimit)
	case f.interval < 0 || f.within <= 0:
		return nil, errors.New("--interval must not be negative, and --within more than 0")
	}
	return list, nil
}

// rounds pings until there were enough.
func (f *pingFlags) rounds(ctx context.Context, p *console.Pinger, trips []*console.Trips) error {
	pause := time.NewTimer(0)
	defer pause.Stop()
	for n := uint64(1); f.count == 0 || n <= f.count; n++ {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-pause.C:
			pause.Reset(f.interval)
		}
		for _, t := range trips {
			if err := f.one(ctx, p, t, n); err != nil {
				return err
			}
		}
	}
	return nil
}

func (f *pingFlags) one(ctx context.Context, p *console.Pinger, t *console.Trips, n uint64) error {
	within, cancel := context.WithTimeout(ctx, f.within)
	defer cancel()
	took, err := p.Ping(within, t.Guarantee())
	text := console.Latency(took)
	switch {
	case err == nil:
		t.Came(took)
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, context.DeadlineExceeded):
		t.Lost()
		text = "lost"
	default:
		return err
	}
	if f.quiet || f.json {
		return nil
	}
	_, err = fmt.Fprintf(f.out, "%v %d: %s\n", t.Guarantee(), n, text)
	return err
}

// summary tells what it came to; lost pings are an error.
func (f *pingFlags) summary(trips []*console.Trips) error {
	all, lost := measuredTrips{Bytes: f.size}, uint64(0)
	for _, t := range trips {
		s := t.Summary()
		lost += s.Lost
		all.Trips = append(all.Trips, s)
	}
	var err error
	if f.json {
		err = f.object(all)
	} else {
		for i := range all.Trips {
			err = errors.Join(err, all.Trips[i].Write(f.out))
		}
	}
	if err == nil && lost > 0 {
		return fmt.Errorf("%d did not come back within %v: %w", lost, f.within, context.DeadlineExceeded)
	}
	return err
}
