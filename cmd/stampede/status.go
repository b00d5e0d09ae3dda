package main

import (
	"context"
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"stampede/internal/console"
	"stampede/internal/daemon"
)

func statusVerb() *cobra.Command {
	r := &remote{}
	c := r.verb(&cobra.Command{
		Use:   "status",
		Short: "Tell what a running daemon is and which configuration it is in",
		Long: `Tell of a running daemon: its version and process, its cluster and processor, the
configuration that it is in, how many clients it has, and what its network came
to.`,
		Example: `  stampede status
  stampede status --json | jq .configuration.members[].id`,
		Args: cobra.NoArgs,
	}, connectWithin, func(ctx context.Context, _ []string) error {
		var s daemon.Status
		if err := r.query(ctx, "status", &s); err != nil {
			return err
		}
		if s.Configuration.Members == nil {
			s.Configuration.Members = []daemon.Member{} // before the first configuration
		}
		if r.json {
			return r.object(s)
		}
		return r.printStatus(&s)
	})
	r.withJSON(c.Flags(), "one JSON object")
	return c
}

func (r *remote) printStatus(s *daemon.Status) error {
	t := tabwriter.NewWriter(r.out, 0, 0, 2, ' ', 0)
	line := func(what, format string, args ...any) {
		fmt.Fprintf(t, "%s\t%s\n", what, console.Printable(fmt.Sprintf(format, args...)))
	}
	c := &s.Configuration
	line("daemon", "%s, process %d, up %s", s.Version, s.PID, console.Age(s.Now.Sub(s.Started)))
	line("cluster", "%s", s.Cluster)
	line("processor", "%d, incarnation %d", s.Self.ID, s.Self.Incarnation)
	if len(c.Members) > 0 {
		line("configuration", "%d.%d, members %s", c.Epoch, c.Representative.ID, console.IDs(c.Members))
	} else {
		line("configuration", "none yet")
	}
	line("clients", "%d", s.Clients)
	line("network", "%s, datagrams of %d bytes", s.Network.Local, s.Network.Datagram)
	if s.Network.Group != "" {
		line("group", "%s", s.Network.Group)
	}
	if s.LogLevel != "" {
		line("log level", "%s", s.LogLevel)
	}
	return t.Flush()
}
