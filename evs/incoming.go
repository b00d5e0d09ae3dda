package evs

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"stampede/internal/ipc"
	"stampede/internal/nowait"
)

// incoming is the receiving side of a connection: one goroutine at a time.
type incoming struct {
	c       *conn
	inbox   *ipc.Inbox
	direct  *nowait.Reader
	shared  *shared // nil = nothing is
	message ipc.Message
	groups  []Group // of the last message, in the inbox's memory or own
	owned   []Group // own memory for them
	filter  *filter // that was asked for groups
	joined  bool    // and what it said
	pending atomic.Int64
	err     error // nothing more can be read

	mu      sync.Mutex // of the read deadline
	watched <-chan struct{}
	unwatch func() bool
	turn    uint64 // counts contexts that were watched
}

func (in *incoming) init(c *conn) {
	in.c, in.inbox, in.direct = c, ipc.NewInbox(c.welcome.LongestEvent()), nowait.NewReader(c.rawEvents)
	if in.shared != nil {
		in.shared.direct, in.shared.most = nowait.NewWriter(c.rawEvents), c.welcome.LongestEvent()
	}
}

// receive fills buf; a nil ctx does not wait.
func (c *conn) receive(ctx context.Context, buf []Event) (int, error) {
	in := &c.incoming
	if len(buf) == 0 {
		return 0, nil
	}
	in.release()
	for {
		if c.h.closed.Load() {
			in.over()
			return 0, ErrClosed
		}
		n, err := in.parse(buf)
		if n > 0 {
			c.h.events.Add(uint64(n))
			c.h.batches.Add(1)
			in.pending.Store(int64(in.left()))
			c.receiving.Load().settle(in.left() > 0)
			return n, nil
		}
		if err == nil {
			var more bool
			if more, err = in.read(ctx); err == nil && !more {
				c.receiving.Load().settle(false)
				return 0, nil
			}
		}
		if err != nil {
			if ctx != nil && ctx.Err() != nil {
				return 0, ctx.Err()
			}
			in.over()
			return 0, c.ended(err)
		}
	}
}

// ended makes an error of the event socket one of the handle.
func (c *conn) ended(err error) error {
	if errors.Is(err, ipc.ErrLength) || errors.Is(err, errEvent) {
		return fmt.Errorf("evs: daemon: %w", err)
	}
	return c.gone()
}

// parse turns records into events.
func (in *incoming) parse(buf []Event) (n int, err error) {
	for n < len(buf) && in.err == nil {
		b, err := in.next()
		if b == nil {
			in.err = err
			break
		}
		ok, err := in.event(b, &buf[n])
		if err != nil {
			in.err = fmt.Errorf("%w: %w", errEvent, err)
		}
		if ok {
			n++
		}
	}
	return n, in.err
}

// next is the next record, of shared memory or of the socket.
func (in *incoming) next() ([]byte, error) {
	if in.shared.holds() {
		return in.shared.next()
	}
	return in.inbox.Next()
}

// left is how many bytes of records are there that are no events yet.
func (in *incoming) left() int { return in.inbox.Pending() + in.shared.left() }

// release gives the daemon shared memory back in which the events of earlier
// calls were.
func (in *incoming) release() {
	if in.shared.due() {
		in.keepGroups()
		in.shared.release()
	}
}

// over gives all of it back: nothing more comes, and the events of earlier calls
// have lived.
func (in *incoming) over() {
	in.groups = nil
	in.shared.close()
	in.watch(dontWait) // a context that lives on must not keep all of this
}

var errEvent = errors.New("what it sent is no event")

// event turns a record into an event, unless it is for groups that were left.
func (in *incoming) event(b []byte, e *Event) (ok bool, err error) {
	switch kind := ipc.KindOf(b); kind {
	case ipc.Deliver:
		return in.deliver(b, e)
	case ipc.Transitional, ipc.Regular:
		var c ipc.Change
		if err := c.Parse(b); err != nil {
			return false, err
		}
		*e = Event{Kind: Kind(kind), Config: change(&c)}
		return true, nil
	case ipc.Released:
		number, err := ipc.ParseReleased(b)
		*e = Event{Kind: Released, Number: number}
		return err == nil, err
	case ipc.Shared:
		return false, in.shared.open(b)
	}
	return false, nil // of a later daemon
}

func (in *incoming) deliver(b []byte, e *Event) (ok bool, err error) {
	m := &in.message
	if err := m.Parse(b); err != nil {
		return false, err
	}
	f := in.c.h.filter.Load()
	if !m.SameKeys {
		in.groups = m.Keys
	}
	if !m.SameKeys || f != in.filter {
		in.filter, in.joined = f, f.joined(in.groups)
	}
	if !in.joined {
		return false, nil
	}
	e.Kind, e.Guarantee, e.Origin = Deliver, Guarantee(m.Guarantee), m.Origin
	e.Sender, e.Incarnation, e.Number = ProcessorID(m.Sender), m.Incarnation, m.Number
	e.Payload, e.groups, e.Config = m.Payload, in.groups, nil
	return true, nil
}

// read reads what there is; more is false when that is nothing and ctx is nil.
func (in *incoming) read(ctx context.Context) (more bool, err error) {
	in.keepGroups()
	room := in.inbox.Room()
	n, err := in.direct.Read(room)
	if errors.Is(err, os.ErrDeadlineExceeded) { // of a context of some earlier call
		in.watch(dontWait)
		n, err = in.direct.Read(room)
	}
	if err == syscall.EAGAIN {
		if ctx == nil {
			return false, nil
		}
		in.c.h.waits.Add(1)
		if err := ctx.Err(); err != nil {
			return false, err
		}
		in.watch(ctx)
		if n, err = in.c.events.Read(room); err != nil && ctx.Err() != nil {
			in.watch(dontWait)
			return false, ctx.Err()
		}
	}
	in.inbox.Filled(n)
	return true, err
}

// keepGroups copies the groups of the last message out of memory that is about
// to be used again: the next message may be for the same.
func (in *incoming) keepGroups() {
	if len(in.groups) > 0 && (len(in.owned) == 0 || &in.groups[0] != &in.owned[0]) {
		in.owned = append([]Group(nil), in.groups...)
		in.groups = in.owned
	}
}

// watch lets the end of ctx end a read, and no other context's. A context that
// is watched already costs nothing.
func (in *incoming) watch(ctx context.Context) {
	var done <-chan struct{}
	if ctx != nil {
		done = ctx.Done()
	}
	if done != nil && done == in.watched {
		return
	}
	if in.unwatch != nil {
		in.unwatch()
	}
	in.mu.Lock()
	in.turn++
	turn := in.turn
	in.c.events.SetReadDeadline(time.Time{})
	in.mu.Unlock()
	in.watched, in.unwatch = done, nil
	if done == nil {
		return
	}
	in.unwatch = context.AfterFunc(ctx, func() {
		in.mu.Lock()
		defer in.mu.Unlock()
		if in.turn == turn {
			in.c.events.SetReadDeadline(past)
		}
	})
}

// serve calls the application with what comes, on the calling goroutine.
func (c *conn) serve(s *server) error {
	for {
		n, err := c.receive(s.ctx, s.buf)
		if err == nil {
			err = s.f(s.buf[:n])
		}
		if err != nil {
			return err
		}
	}
}

// change is a configuration as package evs has it.
func change(c *ipc.Change) *ConfigChange {
	id := func(i ipc.ConfigID) ConfigID {
		return ConfigID{Epoch: i.Epoch, Rep: ProcessorID(i.Rep), RepIncarnation: i.RepIncarnation}
	}
	list := func(ms []ipc.Member) []Member {
		out := make([]Member, 0, len(ms))
		for _, m := range ms {
			out = append(out, Member{ID: ProcessorID(m.ID), Incarnation: m.Incarnation})
		}
		return slices.Clip(out)
	}
	return &ConfigChange{Kind: Kind(c.Kind), ID: id(c.ID), From: id(c.From),
		Members: list(c.Members), Left: list(c.Left), Joined: list(c.Joined)}
}
