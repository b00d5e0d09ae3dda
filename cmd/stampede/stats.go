package main

import (
	"bufio"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"stampede/internal/console"
	"stampede/internal/daemon"
)

// namedCounters is the JSON of stats.
type namedCounters struct {
	Now      time.Time         `json:"now"`
	Counters map[string]uint64 `json:"counters"`
}

func statsVerb() *cobra.Command {
	r := &remote{}
	c := r.verb(&cobra.Command{
		Use:   "stats [WORD...]",
		Short: "Print the counters of a running daemon and its processor",
		Long: `Print all that a running daemon counts, a name and a number a line: daemon_… of
its clients, loop_…, queues_…, member_…, order_… and sock_… of its processor.
Counters of the order begin anew with each configuration, all others with the
daemon. With words: only counters that have one of them in their name.
docs/tuning.md tells what those mean that matter most.`,
		Example: `  stampede stats
  stampede stats dropped overruns
  stampede stats --json order_ | jq .counters.order_retransmits`,
	}, connectWithin, func(ctx context.Context, words []string) error {
		var s daemon.Stats
		if err := r.query(ctx, "stats", &s); err != nil {
			return err
		}
		list := console.Counters(&s)
		if len(words) > 0 {
			list = slices.DeleteFunc(list, func(c console.Counter) bool {
				return !slices.ContainsFunc(words, func(word string) bool { return strings.Contains(c.Name, word) })
			})
		}
		return r.printCounters(s.Now, list)
	})
	r.withJSON(c.Flags(), "one JSON object")
	return c
}

func (r *remote) printCounters(now time.Time, list []console.Counter) error {
	if r.json {
		all := namedCounters{now, map[string]uint64{}}
		for _, c := range list {
			all.Counters[c.Name] = c.Value
		}
		return r.object(all)
	}
	w := bufio.NewWriter(r.out)
	for _, c := range list {
		fmt.Fprintf(w, "%s %d\n", c.Name, c.Value)
	}
	return w.Flush()
}
