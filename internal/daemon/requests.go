package daemon

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"stampede/evs"
	"stampede/internal/ipc"
)

// serve does what the client asks for, until it goes, or must.
func (c *client) serve() error {
	for {
		b, err := c.next()
		if err != nil {
			return c.last(err)
		}
		var r ipc.Request
		if err := r.Parse(b); err != nil {
			return c.last(err)
		}
		if r.Op == ipc.OpMcast && c.handle != nil {
			err = c.mcast(&r)
		} else {
			err = c.request(&r)
		}
		if err != nil {
			return c.last(err)
		}
	}
}

// last judges how a client came to its end, and tells it if it did not end itself.
func (c *client) last(err error) error {
	if os.IsTimeout(err) { // the daemon reads no more; what was delivered goes on
		select {
		case <-c.kicked:
		case <-c.s.ctx.Done():
		}
		return err
	}
	if _, ok := err.(net.Error); ok || !errors.Is(err, ipc.ErrLength) && !errors.Is(err, ipc.ErrRecord) {
		return err
	}
	c.s.counters.Malformed.Add(1)
	c.kick(ipc.Malformed, err.Error())
	return err
}

// mcast sends a message.
func (c *client) mcast(r *ipc.Request) error {
	to, err := c.to(r)
	if err != nil {
		return err
	}
	g := evs.Guarantee(r.Guarantee)
	if g < evs.Agreed && c.s.policy.Load().RaiseGuarantees {
		g = evs.Agreed
	}
	number, err := c.accept(r, g, to)
	if err == nil {
		c.sent.Add(1)
		c.sentBytes.Add(uint64(len(r.Body)))
		c.s.counters.Messages.Add(1)
		c.s.counters.Bytes.Add(uint64(len(r.Body)))
	}
	if r.Flags&ipc.Confirm == 0 {
		if err != nil && !errors.Is(err, evs.ErrClosed) {
			// Nobody waits for an answer, and a message was lost.
			c.s.counters.Refused.Add(1)
			c.kick(statusOf(err), fmt.Sprintf("a message without confirmation: %v", err))
		}
		return err
	}
	c.done(r, number, nil, err)
	return nil
}

// to are the groups of a message.
func (c *client) to(r *ipc.Request) ([]evs.Group, error) {
	switch {
	case r.Flags&ipc.SameKeys != 0:
		return c.groups, nil
	case r.Flags&ipc.Joined != 0:
		return nil, nil
	}
	c.groups = append(c.groups[:0], r.Keys...)
	return c.groups, nil
}

// accept gives a message to the processor. It waits for room, unless the client
// does not want that, but never for the client itself: a client that holds up
// the group with its own events waits until it takes them, or goes.
func (c *client) accept(r *ipc.Request, g evs.Guarantee, to []evs.Group) (number uint64, err error) {
	if c.events.far.Load() {
		c.pace()
	}
	if r.Flags&ipc.Lend != 0 {
		return c.lend(r, g, to)
	}
	joined := r.Flags&ipc.Joined != 0
	if joined {
		number, err = c.handle.TryMcastJoined(g, r.Body)
	} else {
		number, err = c.handle.TryMcastGroups(g, to, r.Body)
	}
	for err == evs.ErrAgain && r.Flags&ipc.Try == 0 || err == evs.ErrWouldBlock {
		if err := c.flushAnswers(); err != nil {
			return 0, err
		}
		if joined {
			number, err = c.handle.McastJoined(c.s.ctx, g, r.Body)
		} else {
			number, err = c.handle.McastGroups(c.s.ctx, g, to, r.Body)
		}
	}
	return number, err
}

// pace lets a client's events catch up that floods a group which it is in itself
// and reads, but not as fast: as long as it takes some. One that takes nothing is
// not waited for again, and has what it sends accepted.
func (c *client) pace() {
	taken := c.events.drained.Load()
	for patience := 0; c.events.far.Load() && taken != c.stalled; patience++ {
		select {
		case <-c.kicked:
			return
		case <-time.After(time.Millisecond):
		}
		if now := c.events.drained.Load(); now != taken {
			taken, patience = now, 0
		} else if patience >= stalledAfter {
			c.stalled = taken
		}
	}
}

// stalledAfter is for how many ms a client may take nothing while it is waited for.
const stalledAfter = 50

// lend keeps the message in memory of its own, for the processor to send from.
func (c *client) lend(r *ipc.Request, g evs.Guarantee, to []evs.Group) (uint64, error) {
	if r.Flags&ipc.Joined != 0 {
		to = c.handle.Groups()
	}
	return c.handle.LendGroups(c.s.ctx, g, to, [][]byte{append([]byte(nil), r.Body...)})
}

// request does everything but sending messages.
func (c *client) request(r *ipc.Request) error {
	c.s.counters.Requests.Add(1)
	if c.handle == nil && (r.Op == ipc.OpMcast || r.Op == ipc.OpJoin || r.Op == ipc.OpLeave || r.Op == ipc.OpFlush) {
		c.done(r, 0, nil, fmt.Errorf("a control connection has no handle: %w", errUnknown))
		return nil
	}
	switch r.Op {
	case ipc.OpJoin:
		c.done(r, 0, nil, c.join(r.Keys))
	case ipc.OpLeave:
		c.done(r, 0, nil, c.handle.Leave(r.Keys...))
	case ipc.OpFlush:
		return c.flush(r)
	case ipc.OpMembers:
		now := c.s.p.Configuration()
		c.done(r, 0, changeOf(&now).AppendTo(nil), nil)
	case ipc.OpQuery:
		body, err := c.s.query(string(r.Body))
		c.done(r, 0, body, err)
	case ipc.OpCommand:
		body, err := c.command(string(r.Body))
		c.done(r, 0, body, err)
	default:
		c.s.counters.Unknown.Add(1)
		c.done(r, 0, nil, fmt.Errorf("%v: %w", r.Op, errUnknown))
	}
	return nil
}

func (c *client) join(groups []evs.Group) error {
	err := c.handle.Join(groups...)
	if err == nil && len(groups) > 0 && !c.joined {
		c.joined = true
		c.s.hasJoined(c.name, 1)
	}
	return err
}

// flush waits on a goroutine of its own: the requests behind it do not wait.
func (c *client) flush(r *ipc.Request) error {
	if err := c.flushAnswers(); err != nil {
		return err
	}
	a := ipc.Answer{Op: r.Op, ID: r.ID}
	wait := func() {
		err := c.handle.Flush(c.s.ctx)
		for err == evs.ErrWouldBlock { // as in accept: it waits for the client itself
			select {
			case <-c.kicked:
				return
			case <-time.After(time.Millisecond):
			}
			err = c.handle.Flush(c.s.ctx)
		}
		c.fill(&a, 0, nil, err)
		c.write(a.AppendTo(nil))
	}
	select {
	case c.flushes <- struct{}{}:
		go func() { wait(); <-c.flushes }()
	default:
		wait()
	}
	return nil
}

// done answers a request.
func (c *client) done(r *ipc.Request, number uint64, body []byte, err error) {
	a := ipc.Answer{Op: r.Op, ID: r.ID}
	c.fill(&a, number, body, err)
	c.answer(&a)
}

func (c *client) fill(a *ipc.Answer, number uint64, body []byte, err error) {
	a.Status, a.Number, a.Body = statusOf(err), number, body
	if err != nil {
		if a.Status != ipc.Again {
			c.s.counters.Refused.Add(1)
		}
		a.Body = []byte(err.Error())
	}
}

var (
	errUnknown = errors.New("daemon: unknown operation")
	errDenied  = errors.New("daemon: not allowed to this user (admin-users, admin-groups)")
)

// statusOf is an error as the protocol has it.
func statusOf(err error) ipc.Status {
	switch {
	case err == nil:
		return ipc.OK
	case errors.Is(err, evs.ErrAgain):
		return ipc.Again
	case errors.Is(err, evs.ErrTooLarge):
		return ipc.TooLarge
	case errors.Is(err, evs.ErrNotJoined):
		return ipc.NotJoined
	case errors.Is(err, evs.ErrTooManyGroups):
		return ipc.TooManyKeys
	case errors.Is(err, evs.ErrGuarantee):
		return ipc.BadWord
	case errors.Is(err, evs.ErrWouldBlock):
		return ipc.WouldBlock
	case errors.Is(err, evs.ErrClosed), errors.Is(err, context.Canceled):
		return ipc.Closed
	case errors.Is(err, errDenied):
		return ipc.Denied
	case errors.Is(err, errUnknown):
		return ipc.Unknown
	}
	return ipc.Failed
}
