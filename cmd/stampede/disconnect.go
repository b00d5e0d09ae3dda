package main

import (
	"context"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"stampede/internal/daemon"
)

func disconnectVerb() *cobra.Command {
	r := &remote{}
	c := r.verb(&cobra.Command{
		Use:   "disconnect CLIENT",
		Short: "End a program's connection to a daemon",
		Long: `End a program's connection to a running daemon, by the number that stampede
clients tells. The program is told that an operator did it; what it has sent is
not affected. For those whom the daemon lets administer it.`,
		Example: `  stampede disconnect 17`,
		Args:    cobra.ExactArgs(1),
		ValidArgsFunction: r.complete(func(ctx context.Context, c *daemon.Control) (words []cobra.Completion) {
			var list []daemon.Client
			if c.Query(ctx, "clients", &list) == nil {
				for i := range list {
					x := &list[i]
					words = append(words, cobra.CompletionWithDesc(strconv.FormatUint(x.ID, 10), fmt.Sprintf("%s, process %d", plain(x.Name), x.PID)))
				}
			}
			return words
		}, 1),
	}, connectWithin, func(ctx context.Context, arg []string) error {
		id, err := strconv.ParseUint(arg[0], 10, 64)
		if err != nil {
			return badUsage(fmt.Errorf("%q is no client's number", arg[0]))
		}
		if _, err := r.command(ctx, "disconnect "+arg[0]); err != nil || !r.json {
			return err
		}
		return r.object(map[string]uint64{"disconnected": id})
	})
	r.withJSON(c.Flags(), "one JSON object")
	return c
}
