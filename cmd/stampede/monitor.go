package main

import (
	"bufio"
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"stampede/evs"
	"stampede/internal/console"
)

func monitorVerb() *cobra.Command {
	r, count := &remote{}, uint64(0)
	c := r.verb(&cobra.Command{
		Use:   "monitor [flags] [GROUP...]",
		Short: "Print events: configurations, and the messages of groups",
		Long: `Print the events that a program with these groups gets from a running daemon, one
a line, in their order: every configuration, transitional and regular, with who
left and who joined, beginning with the present one; and the messages of the
groups, if any are given. --json prints all there is to know of an event.

It ends with --count events, with a signal, or when who reads its output has
gone.`,
		Example: `  stampede monitor
  stampede monitor news
  stampede monitor --json | jq -c 'select(.event == "regular") | .left'`,
		Args: cobra.ArbitraryArgs,
	}, 0, func(ctx context.Context, arg []string) error {
		groups, err := groupsOf(arg)
		if err != nil {
			return err
		}
		h, err := r.open(ctx, evs.HandleOptions{}, groups...)
		if err != nil {
			return err
		}
		defer h.Close()
		left := count
		err = untilSignal(r.stream(ctx, h, func(w *bufio.Writer, e *evs.Event) (more bool, err error) {
			if r.json {
				err = writeRecord(w, e)
			} else {
				_, err = fmt.Fprintln(w, console.Long(e, time.Now()))
			}
			left--
			return left != 0, err
		}))
		if err == nil && count > 0 && left > 0 {
			return fmt.Errorf("%d of %d events came", count-left, count)
		}
		return err
	})
	c.ValidArgsFunction = r.completeGroups()
	c.Flags().Uint64VarP(&count, "count", "n", 0, "end after so many events; 0 is never")
	r.withJSON(c.Flags(), "events as JSON, one a line")
	return c
}
