package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"stampede/internal/daemon"
)

func leaveVerb() *cobra.Command {
	r := &remote{}
	c := r.verb(&cobra.Command{
		Use:   "leave",
		Short: "Let a daemon leave the group and end",
		Long: `Let a running daemon leave the group and end, and wait until it has. It accepts
nothing more from its clients, sends what it had accepted, and tells the others,
who go on without it at once; then its clients are told. For those whom the
daemon lets administer it. A service manager may start it again.`,
		Example: `  stampede leave
  stampede leave --timeout 3s || echo "it has not ended yet"`,
		Args: cobra.NoArgs,
	}, connectWithin, func(ctx context.Context, _ []string) error {
		c, err := r.control(ctx)
		if err != nil {
			return err
		}
		defer c.Close()
		if _, err := c.Command(ctx, "stop"); err != nil {
			if errors.Is(err, daemon.ErrAbsent) {
				return r.left() // it was faster than its answer
			}
			return err
		}
		if err := c.Ended(ctx); err != nil {
			return err
		}
		return r.left()
	})
	r.withJSON(c.Flags(), "one JSON object, when it has ended")
	return c
}

func (r *remote) left() error {
	if !r.json {
		return nil
	}
	return r.object(map[string]bool{"ended": true})
}
