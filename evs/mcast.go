package evs

import (
	"context"

	"stampede/batch"
	"stampede/internal/ipc"
)

// McastJoined sends a message to the groups that the handle has joined. Its
// bytes are those of iov one behind the other; they are copied, and the
// caller's again on return. It blocks while the send queue is full, until ctx
// ends. The message is sent as a whole or, with an error, not at all; its
// number is that of its Deliver events, and 0 where HandleOptions.Confirm does
// without.
func (h *Handle) McastJoined(ctx context.Context, g Guarantee, iov ...[]byte) (number uint64, err error) {
	to, err := h.joined()
	if err != nil {
		return 0, err
	}
	return h.mcast(ctx, g, to, iov)
}

// McastGroups is McastJoined to any groups, at most MaxGroups, joined or not.
// A message to no group is delivered nowhere.
func (h *Handle) McastGroups(ctx context.Context, g Guarantee, to []Group, iov ...[]byte) (number uint64, err error) {
	return h.mcast(ctx, g, to, iov)
}

// TryMcastJoined is McastJoined that returns ErrAgain instead of blocking.
func (h *Handle) TryMcastJoined(g Guarantee, iov ...[]byte) (number uint64, err error) {
	to, err := h.joined()
	if err != nil {
		return 0, err
	}
	return h.TryMcastGroups(g, to, iov...)
}

// TryMcastGroups is McastGroups that returns ErrAgain instead of blocking.
func (h *Handle) TryMcastGroups(g Guarantee, to []Group, iov ...[]byte) (number uint64, err error) {
	if h.away != nil {
		return h.away.mcast(dontWait, g, to, iov, 0)
	}
	number, _, err = h.try(g, to, iov, false)
	return number, err
}

// mcast tries until there is room.
func (h *Handle) mcast(ctx context.Context, g Guarantee, to []Group, iov [][]byte) (uint64, error) {
	if h.away != nil {
		return h.away.mcast(ctx, g, to, iov, 0)
	}
	for {
		number, w, err := h.try(g, to, iov, true)
		if err != ErrAgain {
			return number, err
		}
		if err := h.p.await(ctx, w); err != nil {
			return 0, err
		}
	}
}

// try packs the message, or says why not; when the queue is full and wait is
// set, it registers a waiter under the same lock.
func (h *Handle) try(g Guarantee, to []Group, iov [][]byte, wait bool) (number uint64, w *waiter, err error) {
	if err := h.begin(to); err != nil {
		return 0, nil, err
	}
	o := h.p.out
	m := batch.Message{Guarantee: g, Origin: h.origin, Keys: to}
	number, err = o.queue.Append(&m, iov)
	w, err = h.end(number, err, wait)
	return number, w, err
}

// begin judges what the packer does not, and takes the lock.
func (h *Handle) begin(to []Group) error {
	if len(to) > MaxGroups {
		return ErrTooManyGroups
	}
	o := h.p.out
	o.mu.Lock()
	if o.closed || h.closed.Load() {
		o.mu.Unlock()
		return h.p.gone()
	}
	return nil
}

// end translates the packer's answer, registers a waiter if it is to be waited
// for, and gives the lock back. It wakes the loop only when that has seen the
// queue empty.
func (h *Handle) end(number uint64, packed error, wait bool) (w *waiter, err error) {
	o, wake := h.p.out, false
	switch err = packed; err {
	case nil:
		o.last = number
		wake, o.armed = o.armed, false
	case batch.ErrFull:
		o.refused++
		err = ErrAgain
		if wait {
			w = o.wait(h)
		}
	}
	o.mu.Unlock()
	if wake {
		h.p.net.Wake()
	}
	return w, err
}

// LendGroups is McastGroups that does not copy: what iov refers to leaves from
// where it is, and is kept by reference until all members hold the message. It
// must not be changed until the event Released with the same number; iov and
// to are the caller's again on return. Delivery to the own handles refers to
// the same memory. Messages of less than 1 MiB (batch.LendFrom) are copied all
// the same, which is faster, and then released at once, and so are all through a
// daemon, whose processor keeps the memory that they were copied to. A handle
// that does not receive its Released events is refused further loans with
// ErrWouldBlock.
func (h *Handle) LendGroups(ctx context.Context, g Guarantee, to []Group, iov [][]byte) (number uint64, err error) {
	if h.away != nil {
		return h.away.mcast(ctx, g, to, iov, ipc.Lend)
	}
	for {
		number, w, err := h.tryLend(g, to, iov)
		if err != ErrAgain {
			return number, err
		}
		if err := h.p.await(ctx, w); err != nil {
			return 0, err
		}
	}
}

func (h *Handle) tryLend(g Guarantee, to []Group, iov [][]byte) (number uint64, w *waiter, err error) {
	if h.unreceived() >= maxReleased {
		return 0, nil, ErrWouldBlock
	}
	if err := h.begin(to); err != nil {
		return 0, nil, err
	}
	o := h.p.out
	m := batch.Message{Guarantee: g, Origin: h.origin, Keys: to}
	loan := o.loan()
	loan.Handle = uint32(h.origin)
	number, err = o.queue.Lend(&m, iov, loan)
	copied := loan.Outstanding() == 0
	if copied {
		o.loans = append(o.loans, loan)
	} else {
		o.lent++
	}
	if w, err = h.end(number, err, true); err == nil && copied {
		h.push(item{released: number})
		h.flush()
	}
	return number, w, err
}

// maxReleased bounds the ends of loans that wait for a handle that does not
// receive.
const maxReleased = 1 << 16

// joined are the groups that the handle has joined, in one order always.
func (h *Handle) joined() ([]Group, error) {
	f := h.filter.Load()
	if len(f.list) == 0 {
		return nil, ErrNotJoined
	}
	return f.list, nil
}

// Flush waits until the messages that were accepted before it, of all handles
// of the processor, have their place in the order of whichever configuration
// they were sent in. Like a blocked send it returns ErrWouldBlock when the
// handle's own events, which nobody takes, are what it waits for.
func (h *Handle) Flush(ctx context.Context) error {
	if h.away != nil {
		return h.away.flush(ctx)
	}
	if err := h.begin(nil); err != nil {
		return err
	}
	o := h.p.out
	w := o.waiter(h)
	w.number = o.last
	o.flushing = append(o.flushing, w)
	o.mu.Unlock()
	h.p.net.Wake()
	return h.p.await(ctx, w)
}

// await blocks until the loop wakes the waiter, or ctx ends.
func (p *Processor) await(ctx context.Context, w *waiter) error {
	select {
	case err := <-w.ch:
		p.out.put(w)
		if err == ErrClosed {
			err = p.gone()
		}
		return err
	case <-ctx.Done():
		p.out.cancel(w)
		return ctx.Err()
	}
}
