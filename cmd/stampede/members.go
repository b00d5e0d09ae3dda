package main

import (
	"context"

	"github.com/spf13/cobra"

	"stampede/internal/console"
	"stampede/internal/daemon"
)

func membersVerb() *cobra.Command {
	r := &remote{}
	c := r.verb(&cobra.Command{
		Use:   "members",
		Short: "List the processors of the present configuration",
		Long: `List the processors of the configuration that a running daemon is in: id,
incarnation (one life of a processor; a restart has a higher one), the address at
which this daemon's processor finds it, and roles.`,
		Example: `  stampede members
  stampede members --json | jq '.members | length'
  stampede members --json | jq -r '.members[] | "\(.id) \(.address)"'`,
		Args: cobra.NoArgs,
	}, connectWithin, func(ctx context.Context, _ []string) error {
		var s daemon.Status
		if err := r.query(ctx, "status", &s); err != nil {
			return err
		}
		m := console.MembersOf(&s)
		if r.json {
			return r.object(m)
		}
		return m.Write(r.out)
	})
	r.withJSON(c.Flags(), "one JSON object")
	return c
}
