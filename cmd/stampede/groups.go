package main

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"stampede/internal/console"
	"stampede/internal/daemon"
)

// joinedGroups is the JSON of groups.
type joinedGroups struct {
	Groups []daemon.Joined `json:"groups"`
}

func groupsVerb() *cobra.Command {
	r := &remote{}
	c := r.verb(&cobra.Command{
		Use:   "groups",
		Short: "List the groups that clients of a daemon have joined",
		Long: `List the groups that the clients of a running daemon have joined, with the
numbers of those clients. Who has joined what at other daemons only these know.
A group whose key is no text is written as 0x and its hexadecimal digits, which
all verbs take for a group's name.`,
		Example: `  stampede groups
  stampede groups --json | jq -r .groups[].key`,
		Args: cobra.NoArgs,
	}, connectWithin, func(ctx context.Context, _ []string) error {
		var g joinedGroups
		if err := r.query(ctx, "groups", &g.Groups); err != nil {
			return err
		}
		if r.json {
			return r.object(g)
		}
		t := tabwriter.NewWriter(r.out, 0, 0, 2, ' ', 0)
		fmt.Fprintln(t, "GROUP\tCLIENTS")
		for i := range g.Groups {
			fmt.Fprintf(t, "%s\t%s\n", console.JoinedName(&g.Groups[i]), strings.Trim(fmt.Sprint(g.Groups[i].Clients), "[]"))
		}
		return t.Flush()
	})
	r.withJSON(c.Flags(), "one JSON object")
	return c
}
