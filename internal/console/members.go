package console

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"stampede/internal/daemon"
)

// Members are those of a configuration.
type Members struct {
	Epoch          uint64        `json:"epoch"`
	Representative daemon.Member `json:"representative"`
	Members        []Member      `json:"members"`
}

// Member is one of them, with where the daemon finds it, if it knows that, and its
// roles: representative, sequencer, self.
type Member struct {
	daemon.Member
	Address string   `json:"address,omitempty"`
	Roles   []string `json:"roles"`
}

// MembersOf are the members of the configuration that a daemon is in.
func MembersOf(s *daemon.Status) Members {
	c := &s.Configuration
	all := Members{Epoch: c.Epoch, Representative: c.Representative, Members: []Member{}}
	for i, m := range c.Members {
		address := ""
		if i < len(c.Addresses) {
			address = c.Addresses[i]
		}
		roles := []string{}
		if m == c.Representative {
			roles = append(roles, "representative")
		}
		if m.ID == c.Sequencer {
			roles = append(roles, "sequencer")
		}
		if m == s.Self {
			roles = append(roles, "self")
		}
		all.Members = append(all.Members, Member{m, address, roles})
	}
	return all
}

// Write writes a table of them.
func (m *Members) Write(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "PROCESSOR\tINCARNATION\tADDRESS\tROLES")
	for i := range m.Members {
		x := &m.Members[i]
		fmt.Fprintf(t, "%d\t%d\t%s\t%s\n", x.ID, x.Incarnation, cmp.Or(Printable(x.Address), "-"), cmp.Or(strings.Join(x.Roles, ", "), "-"))
	}
	return t.Flush()
}
