package daemon

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"stampede/evs"
	"stampede/internal/ipc"
)

// Sizes of what is written at once.
const (
	eventBatch = 256       // events that are taken from the handle
	writeBytes = 128 << 10 // of events that are written with one system call
)

var errEnded = errors.New("the daemon has ended")

// deliver passes the handle's events to the client until the handle is closed.
func (c *client) deliver() {
	d := &delivery{c: c, buf: make([]byte, 0, writeBytes)}
	events := make([]evs.Event, eventBatch)
	for {
		n, err := c.handle.Receive(context.Background(), events)
		if err != nil {
			if c.s.refusing.Load() {
				err = errEnded
			}
			c.kick(ipc.Closed, err.Error()) // unless it has gone itself
			return
		}
		for i := range events[:n] {
			d.put(&events[i])
		}
		d.flush()
		c.taken.Add(uint64(n))
		c.s.counters.Events.Add(uint64(n))
	}
}

// delivery is what a client is given.
type delivery struct {
	c      *client
	buf    []byte
	groups []evs.Group // of the last message
	over   bool        // nobody reads any more: events are only taken
}

// put adds an event to what is written next.
func (d *delivery) put(e *evs.Event) {
	if d.over {
		return
	}
	switch e.Kind {
	case evs.Deliver:
		d.message(e)
	case evs.Released:
		d.buf = ipc.AppendReleased(d.buf, e.Number)
	default:
		d.buf = changeOf(e.Config).AppendTo(d.buf)
	}
	if len(d.buf) >= writeBytes {
		d.flush()
	}
}

func (d *delivery) message(e *evs.Event) {
	m := ipc.Message{
		SameKeys: d.same(e.Groups()), Guarantee: uint8(e.Guarantee), Origin: e.Origin,
		Sender: uint32(e.Sender), Number: e.Number, Incarnation: e.Incarnation,
	}
	if !m.SameKeys {
		m.Keys = e.Groups()
	}
	d.buf = m.AppendHead(d.buf, len(e.Payload))
	d.buf = append(d.buf, e.Payload...)
	d.buf = append(d.buf, ipc.Tail(len(e.Payload))...)
}

// same says whether groups are those of the message before.
func (d *delivery) same(groups []evs.Group) bool {
	if len(groups) > 0 && slices.Equal(groups, d.groups) {
		return true
	}
	d.groups = append(d.groups[:0], groups...)
	return false
}

// flush writes what there is.
func (d *delivery) flush() {
	if len(d.buf) == 0 || d.over {
		return
	}
	d.c.s.counters.EventBytes.Add(uint64(len(d.buf)))
	switch d.c.events.write(d.buf) {
	case written:
		d.buf = d.buf[:0]
	case kept:
		d.buf = make([]byte, 0, writeBytes)
	case tooFar:
		d.over = true
		d.c.s.counters.Slow.Add(1)
		d.c.s.logger.Warn("client is too far behind", "client", d.c.id, "pid", d.c.peer.PID, "name", d.c.name, "limit", d.c.events.limit)
		go d.c.kick(ipc.Slow, fmt.Sprintf("%d bytes of events waited, as many as may", d.c.events.limit))
	case broken:
		d.over = true // its requests go on until it ends
	}
}

// changeOf is a configuration as the protocol has it.
func changeOf(c *evs.ConfigChange) *ipc.Change {
	id := func(i evs.ConfigID) ipc.ConfigID {
		return ipc.ConfigID{Epoch: i.Epoch, Rep: uint32(i.Rep), RepIncarnation: i.RepIncarnation}
	}
	list := func(ms []evs.Member) (out []ipc.Member) {
		for _, m := range ms {
			out = append(out, ipc.Member{ID: uint32(m.ID), Incarnation: m.Incarnation})
		}
		return out
	}
	return &ipc.Change{Kind: ipc.Kind(c.Kind), ID: id(c.ID), From: id(c.From),
		Members: list(c.Members), Left: list(c.Left), Joined: list(c.Joined)}
}
