package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"stampede/evs"
	"stampede/internal/console"
	"stampede/internal/daemon"
)

// topFlags are the flags of the verb top.
type topFlags struct {
	remote
	interval time.Duration
	count    uint64
	once     bool
	noPing   bool
}

func topVerb() *cobra.Command {
	f := &topFlags{}
	c := f.verb(&cobra.Command{
		Use:   "top",
		Short: "Watch a running daemon",
		Long: `Show a running daemon again and again until a signal: the members and their roles,
rates of messages, events and datagrams, the round trip of an agreed and a safe
message, queues, clients, and what was dropped or refused. Rates are those of the
interval before.

At a terminal each screen takes the place of the one before and is cut to the
terminal's size; elsewhere they follow each other whole. For the round trips it
sends two messages each time and takes the place of a client.`,
		Example: `  stampede top
  stampede top --once
  stampede top --json --interval 10s | jq -c '[.time, .rates.messages]'`,
		Args: cobra.NoArgs,
	}, 0, f.top)
	flags := c.Flags()
	flags.DurationVarP(&f.interval, "interval", "i", time.Second, "time between two screens, at least 10ms")
	flags.Uint64VarP(&f.count, "count", "n", 0, "end after so many screens; 0 is never")
	flags.BoolVar(&f.once, "once", false, "the same as --count 1")
	flags.BoolVar(&f.noPing, "no-ping", false, "do not measure round trips")
	f.withJSON(flags, "JSON, one line each time")
	return c
}

const leastInterval = 10 * time.Millisecond

func (f *topFlags) top(ctx context.Context, _ []string) error {
	if f.interval < leastInterval {
		return badUsage(fmt.Errorf("--interval %v is less than %v", f.interval, leastInterval))
	}
	switch {
	case f.once && f.count > 1:
		return badUsage(fmt.Errorf("--once and --count %d do not go together", f.count))
	case f.once:
		f.count = 1
	}
	c, err := f.control(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	var p *console.Pinger
	if !f.noPing {
		h, err := f.open(ctx, evs.HandleOptions{})
		if err != nil {
			return err
		}
		defer h.Close()
		if p, err = console.NewPinger(h, console.LeastPing); err != nil {
			return err
		}
	}
	return untilSignal(f.watch(ctx, c, p))
}

// watch takes samples and shows what is between them.
func (f *topFlags) watch(ctx context.Context, c *daemon.Control, p *console.Pinger) error {
	before, err := console.Take(ctx, c, p)
	if err != nil {
		return err
	}
	file, _ := f.out.(output).w.(*os.File)
	screen := console.NewScreen(f.out, file)
	tick := time.NewTicker(f.interval)
	defer tick.Stop()
	for n := uint64(1); ; n++ {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
		now, err := console.Take(ctx, c, p)
		if err != nil {
			return err
		}
		if err := f.show(screen, console.NewFrame(before, now)); err != nil {
			return err
		}
		if n == f.count {
			return nil
		}
		before = now
	}
}

func (f *topFlags) show(screen *console.Screen, frame *console.Frame) error {
	if f.json {
		line, err := json.Marshal(frame)
		if err != nil {
			return err
		}
		_, err = f.out.Write(append(line, '\n'))
		return err
	}
	var text strings.Builder
	return errors.Join(frame.Write(&text), screen.Show(text.String()))
}
