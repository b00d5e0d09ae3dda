package evs

import (
	"slices"
	"sync"
	"unsafe"

	"stampede/batch"
	"stampede/order"
)

// outbox is where senders pack messages and the loop takes datagrams. Senders
// do the packing, each message under the lock; the loop takes it once for a
// datagram.
type outbox struct {
	mu       sync.Mutex
	packer   *batch.Packer
	config   batch.PackerConfig
	arena    *batch.Arena
	limit    int
	sets     map[string]uint16 // announced group sets, by their keys
	loans    []*batch.Loan     // not in use
	lent     int               // loans in use
	waiting  []*waiter         // senders that wait for room
	flushing []*waiter         // who waits for the order to come to a message
	idle     []*waiter         // waiters not in use
	armed    bool              // the loop has seen the queue empty and wants to be woken
	closed   bool
	last     uint64 // number of the newest message accepted
}

// waiter is a goroutine that waits for the loop.
type waiter struct {
	ch     chan error
	handle *Handle
	done   uint64 // what its handle had given back when last looked at
	since  int64  // when that last changed; 0 = not looked at yet
	number uint64 // Flush: the message that must be ordered
}

func newOutbox(c batch.PackerConfig, memory []byte) *outbox {
	o := &outbox{sets: map[string]uint16{}, limit: c.QueueBytes, config: c, arena: batch.NewArena(memory)}
	o.packer = batch.NewPacker(c, o.arena)
	return o
}

// enter begins the first configuration: from here on messages are accepted,
// into datagrams of its size.
func (o *outbox) enter(datagram int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.config.Datagram = datagram
	o.packer = batch.NewPacker(o.config, o.arena)
}

// Renew is called by the machine, for the loop.
func (o *outbox) Renew(datagram int) {}

// keyBytes is the memory of to, for looking a set up without copying it.
func keyBytes(to []Group) []byte {
	if len(to) == 0 {
		return nil
	}
	return unsafe.Slice(&to[0][0], len(to)*len(to[0]))
}

// address fills in how m, whose bytes are iov's, names its groups: by the short
// name of the set, which is announced when it is new; inline when there are too
// many sets.
func (o *outbox) address(m *batch.Message, to []Group, iov [][]byte) error {
	key := keyBytes(to)
	if id, ok := o.sets[string(key)]; ok {
		m.Set = id
		return nil
	}
	if len(to) == 0 || len(o.sets) >= order.MaxSets {
		m.Keys = to
		if to == nil {
			m.Keys = []Group{}
		}
		return nil
	}
	if length(iov) > o.config.MaxMessage {
		return ErrTooLarge // before anything is announced for it
	}
	id := uint16(len(o.sets))
	if err := o.packer.Announce(id, to); err != nil {
		return err
	}
	o.sets[string(key)] = id
	m.Set = id
	return nil
}

// Next is called by the session, for the loop.
func (o *outbox) Next() (batch.Datagram, bool) {
	o.mu.Lock()
	if o.packer.Peek() == nil {
		o.armed = true
		o.mu.Unlock()
		return batch.Datagram{}, false
	}
	d := o.packer.Pop()
	o.mu.Unlock()
	return d, true
}

// Backlog is called by the session, for the loop.
func (o *outbox) Backlog() int {
	o.mu.Lock()
	n := o.packer.Backlog()
	o.mu.Unlock()
	return n
}

// release gives back own datagrams that left the history, and returns the
// loans that came to their end, appended to done.
func (o *outbox) release(ds []batch.Datagram, done []*batch.Loan) []*batch.Loan {
	if len(ds) == 0 {
		return done
	}
	o.mu.Lock()
	for i := range ds {
		if loan := o.packer.Release(&ds[i]); loan != nil {
			done = append(done, loan)
		}
	}
	o.mu.Unlock()
	return done
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
const patience = 50_000_000

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
	if len(o.waiting)+len(o.flushing) == 0 {
		return 0
	}
	room := o.packer.Queued() <= o.limit/2
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

// close wakes all with an error.
func (o *outbox) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed = true
	judge := func(*waiter) (error, bool) { return ErrClosed, true }
	o.waiting, o.flushing = wake(o.waiting, judge), wake(o.flushing, judge)
}

var _ order.Source = (*outbox)(nil)
