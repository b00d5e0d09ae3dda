package sim

import (
	"stampede/internal/member"
	"stampede/wire"
)

// Cover counts what happened in a world, so that a run can tell what it has
// tried. CrashesInChange are those of a processor that was taking part in an
// attempt; PartialInstalls are configurations that not all of their members
// entered; messages InTransition are those delivered after a transitional event.
type Cover struct {
	Lives, Crashes, CrashesInChange, Restarts, Pauses, Leaves uint64
	Cuts, Partitions, Merges, HandOffs                        uint64
	Changes, Attempts, FailedAttempts, PartialInstalls        uint64
	SafeInTransition, AgreedInTransition                      uint64
	Messages, Overruns, Replays, SlowAcrossChange             uint64
}

// nodeCover is what a processor did since its last regular configuration.
type nodeCover struct{ answered, held bool }

func (c *nodeCover) note(k wire.Kind) {
	c.answered = c.answered || k == wire.KindAnswer || k == wire.KindPropose
	c.held = c.held || k == wire.KindHold
}

func (c *Cover) crash(n *node) {
	c.Crashes++
	if n.cover.answered {
		c.CrashesInChange++
	}
}

func (c *Cover) deliver(n *node, g wire.Guarantee) {
	switch {
	case n.changed == nil:
	case g == wire.Safe:
		c.SafeInTransition++
	case g == wire.Agreed:
		c.AgreedInTransition++
	}
}

func (c *Cover) configure(n *node, ch *member.Change) {
	c.Changes++
	if len(ch.Joined) > 0 && len(ch.Joined) < len(ch.Members) && n.config != nil {
		c.Merges++
	}
	if n.app.head < len(n.app.items) && n.config != nil {
		c.SlowAcrossChange++
	}
}

// life adds what the machine of a life that ends has counted.
func (c *Cover) life(n *node) {
	m := &n.machine.Counters
	c.Attempts += m.Attempts
	c.FailedAttempts += m.Failures
	c.HandOffs += n.handOffs
}
