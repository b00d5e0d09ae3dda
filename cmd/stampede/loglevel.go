package main

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/spf13/cobra"

	"stampede/internal/daemon"
)

func logLevelVerb() *cobra.Command {
	r := &remote{}
	c := r.verb(&cobra.Command{
		Use:   "log-level [LEVEL]",
		Short: "Tell or set how much a running daemon logs",
		Long: `Without an argument: tell from which level on a running daemon logs. With one of
debug, info, warn and error: set it, until the daemon ends or reads its
configuration again. To set it is for those whom the daemon lets administer it.`,
		Example: `  stampede log-level
  stampede log-level debug`,
		Args:      cobra.MaximumNArgs(1),
		ValidArgs: []cobra.Completion{"debug", "info", "warn", "error"},
	}, connectWithin, func(ctx context.Context, arg []string) error {
		if len(arg) == 0 {
			return r.tellLevel(ctx)
		}
		var l slog.Level
		if err := l.UnmarshalText([]byte(arg[0])); err != nil {
			return badUsage(fmt.Errorf("%q is none of debug, info, warn, error", arg[0]))
		}
		if _, err := r.command(ctx, "log-level "+arg[0]); err != nil || !r.json {
			return err
		}
		return r.object(map[string]string{"log_level": l.String()})
	})
	r.withJSON(c.Flags(), "the level as a JSON object")
	return c
}

func (r *remote) tellLevel(ctx context.Context) error {
	var s daemon.Status
	if err := r.query(ctx, "status", &s); err != nil {
		return err
	}
	if r.json {
		return r.object(map[string]string{"log_level": s.LogLevel})
	}
	_, err := fmt.Fprintln(r.out, s.LogLevel)
	return err
}
