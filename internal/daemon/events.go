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
	d := &delivery{c: c, stage: stage{c: c}}
	defer c.unshare()
	if c.s.lead() {
		d.onLoop()
		c.s.yield()
	}
	err := d.receive()
	if c.s.refusing.Load() {
		err = errEnded
	}
	c.kick(ipc.Closed, err.Error()) // unless it has gone itself
}

// onLoop delivers on the goroutine of the processor's loop, which has just had
// the messages in its hands: another one would have to be woken for them, and to
// fetch them into its own core's cache (1350 B: a fifth more). That goroutine must
// not block: when the group is to wait for a client whose socket is full, it
// waits from here.
func (d *delivery) onLoop() {
	for {
		err := d.c.handle.Serve(context.Background(), func(events []evs.Event) error {
			d.take(events)
			if len(events) < evs.ServeBatch {
				d.flush()
			}
			if d.full {
				return errFull
			}
			return nil
		})
		if d.full { // whatever ended it: the processor's end may have come first
			d.finish()
		}
		if err != errFull {
			return
		}
	}
}

// errFull: the socket takes no more now.
var errFull = errors.New("daemon: event socket full")

// receive delivers on this goroutine, until there is nothing more.
func (d *delivery) receive() error {
	events := make([]evs.Event, eventBatch)
	for {
		n, err := d.c.handle.Receive(context.Background(), events)
		if err != nil {
			return err
		}
		d.take(events[:n])
		if d.flush(); d.full {
			d.finish()
		}
	}
}

// take adds events to what is written next.
func (d *delivery) take(events []evs.Event) {
	for i := range events {
		d.put(&events[i])
	}
	n := uint64(len(events))
	d.c.taken.Add(n)
	d.c.s.counters.Events.Add(n)
}

// delivery is what a client is given.
type delivery struct {
	c      *client
	stage  stage
	buf    []byte      // what is written next, in the stage's memory
	other  []byte      // the same of an event that is not a message
	groups []evs.Group // of the last message
	full   bool        // the socket is, and rest is what it is to take first
	rest   []byte
	over   bool // nobody reads any more: events are only taken
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
		d.record(ipc.AppendReleased(d.other[:0], e.Number))
	default:
		d.record(changeOf(e.Config).AppendTo(d.other[:0]))
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
	d.reserve(m.Size(len(e.Payload)))
	d.buf = m.AppendHead(d.buf, len(e.Payload))
	d.buf = append(d.buf, e.Payload...)
	d.buf = append(d.buf, ipc.Tail(len(e.Payload))...)
}

// record is an event that is not a message, in other's memory.
func (d *delivery) record(b []byte) {
	d.other = b
	d.reserve(len(b))
	d.buf = append(d.buf, b...)
}

// reserve makes room for a record of so many bytes.
func (d *delivery) reserve(n int) {
	if n > cap(d.buf)-len(d.buf) {
		d.flush()
		d.buf = d.stage.room(n)
	}
}

// same says whether groups are those of the message before.
func (d *delivery) same(groups []evs.Group) bool {
	if len(groups) > 0 && slices.Equal(groups, d.groups) {
		return true
	}
	d.groups = append(d.groups[:0], groups...)
	return false
}

// flush writes what there is, as far as the socket takes it.
func (d *delivery) flush() {
	if len(d.buf) == 0 || d.over {
		return
	}
	d.c.s.counters.EventBytes.Add(uint64(len(d.buf)))
	b := d.stage.seal(d.buf)
	d.buf = nil
	if d.full {
		d.rest = append(d.rest, b...)
		return
	}
	n, outcome := d.c.events.write(b)
	switch outcome {
	case full:
		d.full, d.rest = true, append(d.rest[:0], b[n:]...)
	case tooFar:
		d.over = true
		d.c.s.counters.Slow.Add(1)
		d.c.s.logger.Warn("client is too far behind", "client", d.c.id, "pid", d.c.peer.PID, "name", d.c.name, "limit", d.c.events.limit)
		go d.c.kick(ipc.Slow, fmt.Sprintf("%d bytes of events waited, as many as may", d.c.events.limit))
	case broken:
		d.over = true // its requests go on until it ends
	}
}

// finish waits until a socket that was full has taken the rest.
func (d *delivery) finish() {
	if _, err := d.c.events.conn.Write(d.rest); err != nil {
		d.over = true
	}
	d.full = false
	if cap(d.rest) > 8*writeBytes {
		d.rest = nil
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
