package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"stampede/internal/daemon"
)

func reloadVerb() *cobra.Command {
	r := &remote{}
	c := r.verb(&cobra.Command{
		Use:   "reload",
		Short: "Let a daemon read its configuration again",
		Long: `Let a running daemon read its configuration again, and print the keys that have
changed but take effect at its next start only, one a line. When the
configuration is wrong everything stays as it was, and the reason is told. For
those whom the daemon lets administer it.`,
		Example: `  stampede reload
  stampede reload --json | jq -e '.restart | length == 0'`,
		Args: cobra.NoArgs,
	}, connectWithin, func(ctx context.Context, _ []string) error {
		answer, err := r.command(ctx, "reload")
		if err != nil {
			return err
		}
		var reloaded daemon.Reloaded
		if err := json.Unmarshal(answer, &reloaded); err != nil {
			return fmt.Errorf("the daemon's answer: %w", err)
		}
		if r.json {
			return r.object(map[string][]string{"restart": append([]string{}, reloaded.Restart...)})
		}
		for _, key := range reloaded.Restart {
			if _, err := fmt.Fprintln(r.out, key); err != nil {
				return err
			}
		}
		return nil
	})
	r.withJSON(c.Flags(), "one JSON object")
	return c
}
