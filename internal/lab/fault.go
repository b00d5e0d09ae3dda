package lab

import (
	"context"
	"fmt"
	"os/exec"
	"slices"
	"strings"
)

// Cut is a one-way break between two hosts, numbered from 1: nothing that From
// sends, of whatever protocol, arrives at To. The other way is another Cut.
type Cut struct{ From, To int }

// Between are the cuts that keep groups of hosts apart: nobody reaches, or is
// reached by, a host of another group. Hosts in no group reach everybody.
func Between(groups ...[]int) (cuts []Cut) {
	for i, group := range groups {
		for j, other := range groups {
			if i != j {
				cuts = append(cuts, OneWay(group, other)...)
			}
		}
	}
	return cuts
}

// OneWay are the cuts by which nothing of from arrives at to.
func OneWay(from, to []int) (cuts []Cut) {
	for _, f := range from {
		for _, t := range to {
			if f != t {
				cuts = append(cuts, Cut{f, t})
			}
		}
	}
	return cuts
}

// Cut makes these the cuts of the lab's bridge; those of an earlier call are
// healed, all in one moment. What is on its way in the hosts still arrives.
//
// The faults of a lab, Cut and those of its hosts, need the command nft of
// nftables. They may be called from one goroutine at a time.
func (l *Lab) Cut(ctx context.Context, cuts ...Cut) error {
	var pairs []string
	for _, c := range cuts {
		if c.From == c.To || min(c.From, c.To) < 1 || max(c.From, c.To) > len(l.Hosts) {
			return fmt.Errorf("lab: cut from host %d to host %d of %d", c.From, c.To, len(l.Hosts))
		}
		pairs = append(pairs, fmt.Sprintf("%q . %q", port(c.From), port(c.To)))
	}
	slices.Sort(pairs)
	elements := ""
	if pairs = slices.Compact(pairs); len(pairs) > 0 {
		elements = "elements = { " + strings.Join(pairs, ", ") + " }"
	}
	return l.filter(ctx, l.names[0], "bridge", `
		set cuts { type ifname . ifname; `+elements+`
		}
		chain between {
			type filter hook forward priority 0; policy accept;
			iifname . oifname @cuts drop
		}`)
}

// Heal ends all cuts.
func (l *Lab) Heal(ctx context.Context) error { return l.Cut(ctx) }

// lossSteps is how finely a loss can be set: in hundredths of a percent.
const lossSteps = 10_000

// Loss makes the host lose so many percent of the packets that arrive, each by
// chance of its own; 0 ends it. What the links carry as one packet is lost as
// one: that is a whole train where a sender uses UDP_SEGMENT and the receiver
// UDP_GRO, which is harder on a protocol than the same loss by datagrams.
func (h *Host) Loss(ctx context.Context, percent float64) error {
	if !(percent >= 0 && percent <= 100) {
		return fmt.Errorf("lab: loss of %g %%", percent)
	}
	rule := ""
	switch {
	case percent == 100: // which numgen's range does not reach
		rule = fmt.Sprintf("iifname %q drop", Interface)
	case percent > 0:
		rule = fmt.Sprintf("iifname %q numgen random mod %d < %d drop", Interface, lossSteps, int(percent*lossSteps/100))
	}
	return h.lab.filter(ctx, h.Namespace, "inet", `
		chain arriving {
			type filter hook input priority 0; policy accept;
			`+rule+`
		}`)
}

// Down takes the host's interface down, as an administrator would: its routes
// are gone, what it sends is refused or dropped by its own kernel, and nothing
// arrives.
func (h *Host) Down(ctx context.Context) error {
	return h.lab.run(ctx, "-n "+h.Namespace+" link set "+Interface+" down")
}

// Up takes the interface up again, and gives back what Down took.
func (h *Host) Up(ctx context.Context) error {
	return h.lab.run(ctx, append([]string{"-n " + h.Namespace + " link set " + Interface + " up"}, h.routes()...)...)
}

// filter replaces what the lab filters in a namespace, in one transaction.
func (l *Lab) filter(ctx context.Context, namespace, family, chains string) error {
	table := family + " stampede"
	// Naming the table makes it, so that there is one to delete.
	script := fmt.Sprintf("table %s\ndelete table %s\ntable %s {%s\n}\n", table, table, table, chains)
	cmd := exec.CommandContext(ctx, l.ip, "netns", "exec", namespace, "nft", "-f", "-")
	cmd.Stdin = strings.NewReader(script)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("lab: nft (Debian package nftables) in %s: %w: %s", namespace, err, strings.TrimSpace(string(out)))
	}
	return nil
}
