package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"stampede/evs"
	"stampede/internal/console"
)

func monitorVerb() *cobra.Command {
	r, count, all := &remote{}, uint64(0), false
	c := r.verb(&cobra.Command{
		Use:   "monitor [flags] [GROUP...]",
		Short: "Print events: configurations, and the messages of groups",
		Long: `Print the events that a program with these groups gets from a running daemon, one
a line, in their order: every configuration, transitional and regular, with who
left and who joined, beginning with the present one; and the messages of the
groups, if any are given. With --all these are the messages of all groups there
are, for those whom the daemon lets administer it. --json prints all there is to
know of an event.

It ends with --count events, with a signal, or when who reads its output has
gone.`,
		Example: `  stampede monitor
  stampede monitor news
  stampede monitor --all
  stampede monitor --json | jq -c 'select(.event == "regular") | .left'`,
		Args: cobra.ArbitraryArgs,
	}, 0, func(ctx context.Context, arg []string) error {
		groups, err := groupsOf(arg)
		if err != nil {
			return err
		}
		if all && len(groups) > 0 {
			return badUsage(errors.New("--all and groups do not go together"))
		}
		h, err := r.open(ctx, evs.HandleOptions{Everything: all}, groups...)
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
	c.Flags().BoolVar(&all, "all", false, "the messages of all groups")
	c.Flags().Uint64VarP(&count, "count", "n", 0, "end after so many events; 0 is never")
	r.withJSON(c.Flags(), "events as JSON, one a line")
	return c
}
