package evs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync/atomic"
	"syscall"
	"time"

	"stampede/internal/ipc"
)

// conn is the way of a handle to its processor in a daemon: two sockets, of
// which docs/ipc.md tells. Sending goroutines put records into one buffer and
// one of them, or the writer, gives it to the kernel whole, so that batches are
// as large as the load is; the receiving goroutine reads its socket itself.
type conn struct {
	h        *Handle
	address  string
	options  HandleOptions
	welcome  ipc.Welcome
	self     Member
	requests *net.UnixConn
	events   *net.UnixConn

	rawRequests, rawEvents syscall.RawConn

	outgoing  outgoing
	incoming  incoming
	answers   *ipc.Inbox
	end       chan struct{} // closed by hear, behind why
	why       error
	finished  chan struct{} // closed by write, when nothing more goes out
	receiving atomic.Pointer[pollset]
}

// dontWait is the context of the Try forms. To watch it is to watch none.
var dontWait context.Context

func (c *conn) init() {
	c.end, c.finished = make(chan struct{}), make(chan struct{})
	c.outgoing.init(c.rawRequests)
	c.incoming.init(c)
}

// hear reads answers until the connection ends, and says then why.
func (c *conn) hear() {
	err := c.hearAnswers()
	if !errors.Is(err, ErrClosed) {
		err = fmt.Errorf("evs: daemon: %w (%w)", err, ErrClosed)
	}
	c.why = err
	close(c.end)
	c.outgoing.fail(err)
	c.requests.Close()
}

func (c *conn) hearAnswers() error {
	for {
		b, err := c.answers.Await(c.requests)
		if err == io.EOF {
			return errGone
		}
		if err != nil {
			return err
		}
		var a ipc.Answer
		if err := a.Parse(b); err != nil {
			return err
		}
		if a.Op == ipc.Bye {
			return fmt.Errorf("%w (%w)", daemonError(a.Status, a.Body), ErrClosed)
		}
		c.outgoing.answer(&a)
	}
}

var errGone = errors.New("it has ended")

// gone is why the connection has ended.
func (c *conn) gone() error {
	if c.h.closed.Load() {
		return ErrClosed
	}
	select {
	case <-c.end:
		return c.why
	case <-time.After(time.Second):
		return ErrClosed // the daemon closed one socket only
	}
}

// close sends what was accepted, as far as the daemon takes it within a second.
func (c *conn) close() error {
	c.outgoing.finish()
	c.requests.SetWriteDeadline(time.Now().Add(time.Second))
	<-c.finished
	c.requests.Close()
	c.events.Close()
	c.incoming.shared.leave(c.h)
	if s := c.receiving.Load(); s != nil {
		s.raise() // a poller finds out by ErrClosed
	}
	return nil
}

// refilter tells the daemon what is to be joined instead of what is. What it
// delivers until then is sorted out here.
func (c *conn) refilter(next *filter) error {
	before := c.h.filter.Load()
	c.h.filter.Store(next)
	for _, change := range []struct {
		op   ipc.Op
		keys []Group
	}{{ipc.OpJoin, without(next, before)}, {ipc.OpLeave, without(before, next)}} {
		if len(change.keys) == 0 {
			continue
		}
		r := ipc.Request{Op: change.op, Keys: change.keys}
		if _, err := c.ask(context.Background(), &r); err != nil {
			c.h.filter.Store(before)
			return err
		}
	}
	return nil
}

// without are the groups of f that are not in other.
func without(f, other *filter) (list []Group) {
	for _, g := range f.list {
		if _, ok := other.groups[g]; !ok {
			list = append(list, g)
		}
	}
	return list
}

// flush waits until what this handle has sent is ordered.
func (c *conn) flush(ctx context.Context) error {
	_, err := c.ask(ctx, &ipc.Request{Op: ipc.OpFlush})
	return err
}

// ask sends a request and waits for its answer.
func (c *conn) ask(ctx context.Context, r *ipc.Request) (number uint64, err error) {
	reply, err := c.outgoing.request(ctx, r)
	if err != nil {
		return 0, err
	}
	return c.outgoing.await(ctx, reply)
}

// stats are the counters of the handle on this side.
func (c *conn) stats() HandleStats {
	h := c.h
	return HandleStats{Events: h.events.Load(), Batches: h.batches.Load(), Waits: h.waits.Load(), Bytes: int(c.incoming.pending.Load())}
}

// mcast sends one message; a nil ctx does not wait for room.
func (c *conn) mcast(ctx context.Context, g Guarantee, to []Group, iov [][]byte, flags uint8) (uint64, error) {
	body := 0
	for _, b := range iov {
		body += len(b)
	}
	switch {
	case g > Safe:
		return 0, ErrGuarantee
	case len(to) > int(c.welcome.MaxKeys):
		return 0, ErrTooManyGroups
	case body > int(c.welcome.MaxMessage):
		return 0, ErrTooLarge
	}
	o := &c.outgoing
	reply, err := o.mcast(ctx, message{guarantee: g, to: to, iov: iov, size: ipc.Size(len(to), body),
		flags: flags, confirm: c.options.Confirm || flags&ipc.Lend != 0})
	if reply == nil || err != nil {
		return 0, err
	}
	if ctx == nil {
		ctx = context.Background()
	}
	return o.await(ctx, reply)
}
