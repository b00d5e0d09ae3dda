package main

import (
	"context"
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"stampede/internal/console"
	"stampede/internal/daemon"
)

// connectedClients is the JSON of clients.
type connectedClients struct {
	Clients []daemon.Client `json:"clients"`
}

func clientsVerb() *cobra.Command {
	r := &remote{}
	c := r.verb(&cobra.Command{
		Use:   "clients",
		Short: "List the programs that are connected to a daemon",
		Long: `List the programs that are connected to a running daemon: number, process, user,
how many groups they have joined, what they have sent and been given, how many
bytes of events wait for them of how many that may, and how often they did not
take at once what there was (BEHIND). A program with the mark c asks questions
only, as this one does; one with the mark h makes the group wait when it is
behind; one with e is given the messages of all groups.`,
		Example: `  stampede clients
  stampede clients --json | jq '.clients[] | select(.queued_bytes > 0)'`,
		Args: cobra.NoArgs,
	}, connectWithin, func(ctx context.Context, _ []string) error {
		var list connectedClients
		if err := r.query(ctx, "clients", &list.Clients); err != nil {
			return err
		}
		if r.json {
			return r.object(list)
		}
		return r.printClients(list.Clients)
	})
	r.withJSON(c.Flags(), "one JSON object")
	return c
}

func (r *remote) printClients(list []daemon.Client) error {
	t := tabwriter.NewWriter(r.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "CLIENT\tPID\tUID\t\tGROUPS\tMESSAGES\tBYTES\tEVENTS\tQUEUED\tLIMIT\tBEHIND\tNAME")
	for i := range list {
		c := &list[i]
		mark := ""
		switch {
		case c.Control:
			mark = "c"
		case c.Everything && c.Holds:
			mark = "eh"
		case c.Everything:
			mark = "e"
		case c.Holds:
			mark = "h"
		}
		fmt.Fprintf(t, "%d\t%d\t%d\t%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%s\n", c.ID, c.PID, c.UID, mark, c.Groups, c.Sent, c.SentBytes,
			c.Events, c.QueuedBytes, c.LimitBytes, c.Behind, console.Printable(c.Name))
	}
	return t.Flush()
}
