package evs

import (
	"fmt"
	"slices"
	"sync"

	"stampede/batch"
	"stampede/internal/member"
)

// outbox is where senders pack messages and the loop takes datagrams. Senders
// do the packing, each message under the lock; the loop takes it once for a
// datagram.
type outbox struct {
	mu       sync.Mutex
	queue    *batch.Queue
	limit    int
	loans    []*batch.Loan // not in use
	lent     int           // loans in use
	over     []*batch.Loan // that ended when a configuration began, to be told
	waiting  []*waiter     // senders that wait for room
	flushing []*waiter     // who waits for the order to come to a message
	idle     []*waiter     // waiters not in use
	armed    bool          // the loop has seen the queue empty and wants to be woken
	held     bool          // the queue has datagrams that wait for released memory
	closed   bool
	last     uint64 // number of the newest message accepted
	refused  uint64 // tries that found it full
}

// waiter is a goroutine that waits for the loop.
type waiter struct {
	ch     chan error
	handle *Handle
	done   uint64 // what its handle had given back when last looked at
	since  int64  // when that last changed; 0 = not looked at yet
	number uint64 // Flush: the message that must be ordered
}

func newOutbox(c batch.PackerConfig, memory []byte) (*outbox, error) {
	q, err := batch.NewQueue(c, batch.NewArena(memory))
	if err != nil {
		return nil, fmt.Errorf("evs: %w", err)
	}
	return &outbox{queue: q, limit: c.QueueBytes}, nil
}

// Next is called by the session, for the loop.
func (o *outbox) Next() (batch.Datagram, bool) {
	o.mu.Lock()
	d, ok := o.queue.Next()
	if !ok {
		o.held = o.queue.Backlog() > 0
		o.armed = !o.held
	}
	o.mu.Unlock()
	return d, ok
}

// Backlog is called by the machine, for the loop.
func (o *outbox) Backlog() int {
	o.mu.Lock()
	n := o.queue.Backlog()
	o.mu.Unlock()
	return n
}

// Renew is called by the machine, for the loop.
func (o *outbox) Renew(datagram int) {
	o.mu.Lock()
	o.over = o.queue.Renew(datagram, o.over)
	o.mu.Unlock()
}

// release gives back own datagrams that left the history, and returns the
// loans that came to their end, appended to done, and whether datagrams waited
// for that.
func (o *outbox) release(ds []batch.Datagram, done []*batch.Loan) (_ []*batch.Loan, more bool) {
	if len(ds) == 0 && len(o.over) == 0 { // over is the loop's, as is this call
		return done, false
	}
	o.mu.Lock()
	done = append(done, o.over...)
	clear(o.over)
	o.over = o.over[:0]
	for i := range ds {
		if loan := o.queue.Release(&ds[i]); loan != nil {
			done = append(done, loan)
		}
	}
	more, o.held = o.held, false
	o.mu.Unlock()
	return done, more
}

// loan returns a loan that is not in use. The lock is held.
func (o *outbox) loan() *batch.Loan {
	if len(o.loans) == 0 {
		block := make([]batch.Loan, 64)
		for i := range block {
			o.loans = append(o.loans, &block[i])
		}
	}
	last := len(o.loans) - 1
	l := o.loans[last]
	o.loans = o.loans[:last]
	return l
}

// lending says whether memory of applications is out on loan.
func (o *outbox) lending() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.lent > 0
}

// wait registers a waiter. The lock is held.
func (o *outbox) wait(h *Handle) *waiter {
	w := o.waiter(h)
	o.waiting = append(o.waiting, w)
	return w
}

func (o *outbox) waiter(h *Handle) *waiter {
	var w *waiter
	if n := len(o.idle); n > 0 {
		w = o.idle[n-1]
		o.idle = o.idle[:n-1]
	} else {
		w = &waiter{ch: make(chan error, 1)}
	}
	w.handle, w.since, w.number = h, 0, 0
	return w
}

// put gives a waiter back whose channel is empty and which nobody will wake.
func (o *outbox) put(w *waiter) {
	o.mu.Lock()
	o.idle = append(o.idle, w)
	o.mu.Unlock()
}

// cancel takes a waiter out whose goroutine gave up.
func (o *outbox) cancel(w *waiter) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, list := range []*[]*waiter{&o.waiting, &o.flushing} {
		if i := slices.Index(*list, w); i >= 0 {
			*list = slices.Delete(*list, i, i+1)
			o.idle = append(o.idle, w)
			return
		}
	}
	<-w.ch // it was woken meanwhile
	o.idle = append(o.idle, w)
}

// patience is how long a handle's events may stay untouched, while they hold up
// what is to be sent, before its blocked calls are told that they may be
// waiting for themselves.
const patience = 200_000_000

// wake ends the waits in list that judge has an answer for, and returns the rest.
func wake(list []*waiter, judge func(*waiter) (error, bool)) []*waiter {
	still := list[:0]
	for _, w := range list {
		if err, over := judge(w); over {
			w.ch <- err
		} else {
			still = append(still, w)
		}
	}
	clear(list[len(still):])
	return still
}

// wakeWaiting wakes who waits for room when half of the queue is free, who
// waits for the order when it has come to ordered, and who may be waiting for
// himself. It returns how many still wait. The loop calls it once a pass.
func (o *outbox) wakeWaiting(now int64, ordered uint64, heldUp bool) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	heldUp = heldUp || o.held
	if len(o.waiting)+len(o.flushing) == 0 {
		return 0
	}
	room := o.queue.Queued() <= o.limit/2
	o.waiting = wake(o.waiting, func(w *waiter) (error, bool) {
		if room {
			return nil, true
		}
		return ErrWouldBlock, w.stuck(now, heldUp)
	})
	o.flushing = wake(o.flushing, func(w *waiter) (error, bool) {
		if w.number <= ordered {
			return nil, true
		}
		return ErrWouldBlock, w.stuck(now, heldUp)
	})
	return len(o.waiting) + len(o.flushing)
}

// stuck says whether the waiter's own handle has events that nobody takes, so
// many that its limit is reached or that they hold up what is to be sent.
func (w *waiter) stuck(now int64, heldUp bool) bool {
	done := w.handle.done.Load()
	if w.since == 0 || done != w.done || done >= w.handle.last || !heldUp && !w.handle.full.Load() {
		w.since, w.done = now, done
		return false
	}
	return now-w.since >= patience
}

// abandon wakes what a closed handle waits for.
func (o *outbox) abandon(h *Handle) {
	o.mu.Lock()
	defer o.mu.Unlock()
	judge := func(w *waiter) (error, bool) { return ErrClosed, w.handle == h }
	o.waiting, o.flushing = wake(o.waiting, judge), wake(o.flushing, judge)
}

// refuse accepts no message any more.
func (o *outbox) refuse() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed = true
	o.waiting = wake(o.waiting, func(*waiter) (error, bool) { return ErrClosed, true })
}

// close wakes all with an error.
func (o *outbox) close() {
	o.refuse()
	o.mu.Lock()
	defer o.mu.Unlock()
	o.flushing = wake(o.flushing, func(*waiter) (error, bool) { return ErrClosed, true })
}

var _ member.Source = (*outbox)(nil)
