package daemon

import (
	"os"
	"os/user"
	"slices"
	"strconv"
)

// Policy is what may change while the daemon runs.
type Policy struct {
	// Allow are the users who may connect; nobody listed = whoever can open the
	// socket. Hold are those for whom the group may wait, Admin those who may
	// reload, set the log level, disconnect others and end the daemon.
	Allow, Hold, Admin Peers
	MaxClients         int // connections with a handle; default 1024
	QueueBytes         int // of events for a client that asks for none; default 64 MiB
	MaxQueueBytes      int // and at most; default 256 MiB
	// RaiseGuarantees makes UNORDERED and FIFO AGREED, as Corosync did: for
	// programs that rely on that.
	RaiseGuarantees bool
}

// Peers are users, by their own id or that of a group they are in.
type Peers struct{ UIDs, GIDs []uint32 }

// Defaults of a Policy.
const (
	DefaultMaxClients    = 1024
	DefaultQueueBytes    = 64 << 20 // four times a history: what came in while nobody ran is taken in one go
	DefaultMaxQueueBytes = 256 << 20
)

func (p Policy) withDefaults() Policy {
	for _, d := range []struct {
		field *int
		value int
	}{{&p.MaxClients, DefaultMaxClients}, {&p.QueueBytes, DefaultQueueBytes}, {&p.MaxQueueBytes, DefaultMaxQueueBytes}} {
		if *d.field == 0 {
			*d.field = d.value
		}
	}
	p.QueueBytes = min(p.QueueBytes, p.MaxQueueBytes)
	return p
}

// credentials are those of the process at the other end of a socket, when it
// connected.
type credentials struct {
	PID int
	UID uint32
	GID uint32
}

func (p Peers) empty() bool { return len(p.UIDs)+len(p.GIDs) == 0 }

// lists says whether c is one of the listed users, or its own group is.
func (p Peers) lists(c credentials) bool {
	return slices.Contains(p.UIDs, c.UID) || slices.Contains(p.GIDs, c.GID)
}

// has says whether c is one of the listed users, or in one of the groups.
func (p Peers) has(c credentials) bool {
	if p.lists(c) {
		return true
	}
	if len(p.GIDs) == 0 {
		return false
	}
	// The socket tells of the primary group only.
	u, err := user.LookupId(strconv.FormatUint(uint64(c.UID), 10))
	if err != nil {
		return false
	}
	ids, _ := u.GroupIds()
	return slices.ContainsFunc(ids, func(id string) bool {
		n, err := strconv.ParseUint(id, 10, 32)
		return err == nil && slices.Contains(p.GIDs, uint32(n))
	})
}

func (p *Policy) allows(c credentials) bool { return p.Allow.empty() || p.Allow.has(c) || p.trusts(c) }
func (p *Policy) holds(c credentials) bool  { return p.Hold.has(c) || p.trusts(c) }
func (p *Policy) admits(c credentials) bool { return p.Admin.has(c) || p.trusts(c) }

// operates is admits without a look into the system's accounts, which may take
// its time.
func (p *Policy) operates(c credentials) bool { return p.Admin.lists(c) || p.trusts(c) }

// trusts: root and the daemon's own user can do anything to it as it is.
func (p *Policy) trusts(c credentials) bool { return c.UID == 0 || int(c.UID) == os.Geteuid() }
