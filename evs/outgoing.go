package evs

import (
	"context"
	"net"
	"slices"
	"sync"
	"syscall"
	"time"

	"stampede/internal/ipc"
	"stampede/internal/nowait"
)

// Sizes of a connection's send buffer.
const (
	// outgoingBytes is how much may wait to be written before senders wait:
	// some two of the kernel's default socket buffers.
	outgoingBytes = 256 << 10
	// keptBytes is how large a buffer may be that is used again.
	keptBytes = 1 << 20
	// briskly is the time between two messages below which the second is
	// left to the writer: it finds company on the way there. A system call and
	// the waking of the daemon take some 5 µs; a goroutine is awake in some 10.
	briskly = 20 * time.Microsecond
)

// outgoing is the sending side of a connection.
type outgoing struct {
	mu      sync.Mutex
	buf     []byte // records that nobody writes yet
	spare   []byte // the other buffer, while nobody writes it
	writing bool   // somebody does, or the writer was woken to
	sending bool   // it is a sender, not the writer
	asked   uint32 // the last request that wants an answer
	waiting map[uint32]chan reply
	queue   []chan struct{} // of those who wait for room
	idle    []chan struct{} // of those who did
	groups  []Group         // of the last message in buf, or before it
	ending  bool            // nothing is accepted any more
	err     error           // the same, and what is in buf is lost
	wrote   time.Time       // when a sender last wrote by itself

	direct *nowait.Writer // writes the socket without waiting
	kick   chan struct{}  // wakes the writer
}

// reply is what came of a request.
type reply struct {
	number uint64
	err    error
}

// message is what one mcast sends.
type message struct {
	guarantee Guarantee
	to        []Group
	iov       [][]byte
	size      int // of its record
	flags     uint8
	confirm   bool
}

func (o *outgoing) init(raw syscall.RawConn) {
	o.direct, o.kick = nowait.NewWriter(raw), make(chan struct{}, 1)
	o.waiting = map[uint32]chan reply{}
}

// mcast puts a message into the buffer; reply is set when it is to be confirmed.
func (o *outgoing) mcast(ctx context.Context, m message) (chan reply, error) {
	if err := o.lock(ctx, m.size); err != nil {
		return nil, err
	}
	r := ipc.Request{Op: ipc.OpMcast, Flags: m.flags, Guarantee: uint8(m.guarantee)}
	switch {
	case len(m.to) > 0 && slices.Equal(m.to, o.groups):
		r.Flags |= ipc.SameKeys
	default:
		r.Keys = m.to
		o.groups = append(o.groups[:0], m.to...)
	}
	var answer chan reply
	if m.confirm {
		r.Flags |= ipc.Confirm
		if ctx == nil {
			r.Flags |= ipc.Try
		}
		answer = o.expect(&r)
	}
	o.buf = ipc.AppendRequest(o.buf, &r, m.iov...)
	o.send()
	return answer, nil
}

// request puts a request into the buffer that wants an answer.
func (o *outgoing) request(ctx context.Context, r *ipc.Request) (chan reply, error) {
	if err := o.lock(ctx, ipc.Size(len(r.Keys), len(r.Body))); err != nil {
		return nil, err
	}
	answer := o.expect(r)
	o.buf = ipc.AppendRequest(o.buf, r)
	o.send()
	return answer, nil
}

// expect numbers a request. The lock is held.
func (o *outgoing) expect(r *ipc.Request) chan reply {
	for o.asked++; o.asked == 0 || o.waiting[o.asked] != nil; o.asked++ {
	}
	r.ID = o.asked
	answer := make(chan reply, 1)
	o.waiting[r.ID] = answer
	return answer
}

// lock takes the lock when there is room for so many bytes; a record that is
// larger than the whole buffer waits for an empty one. A nil ctx does not wait.
func (o *outgoing) lock(ctx context.Context, size int) error {
	for {
		o.mu.Lock()
		switch {
		case o.err != nil:
			err := o.err
			o.mu.Unlock()
			return err
		case o.ending:
			o.mu.Unlock()
			return ErrClosed
		case len(o.buf) == 0 || len(o.buf)+size <= outgoingBytes:
			return nil
		case ctx == nil:
			o.mu.Unlock()
			return ErrAgain
		}
		room := o.enqueue()
		o.mu.Unlock()
		select {
		case <-room:
			o.mu.Lock()
			o.idle = append(o.idle, room)
			o.mu.Unlock()
		case <-ctx.Done():
			o.dequeue(room)
			return ctx.Err()
		}
	}
}

// enqueue registers somebody who waits for room. The lock is held.
func (o *outgoing) enqueue() chan struct{} {
	var room chan struct{}
	if n := len(o.idle); n > 0 {
		room, o.idle = o.idle[n-1], o.idle[:n-1]
	} else {
		room = make(chan struct{}, 1)
	}
	o.queue = append(o.queue, room)
	return room
}

// dequeue takes somebody out who gave up, perhaps just after there was room.
func (o *outgoing) dequeue(room chan struct{}) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if i := slices.Index(o.queue, room); i >= 0 {
		o.queue = slices.Delete(o.queue, i, i+1)
	} else {
		<-room
	}
	o.idle = append(o.idle, room)
}

// send sees to what was put into the buffer, and gives the lock back. A lone
// message goes out at once, from the goroutine that has it; what comes briskly
// is left to the writer, which takes many at a time.
func (o *outgoing) send() {
	if o.writing {
		o.mu.Unlock()
		return
	}
	o.writing = true
	now := time.Now()
	brisk := now.Sub(o.wrote) < briskly
	o.wrote = now
	if brisk {
		o.mu.Unlock()
		o.wake()
		return
	}
	b := o.swap()
	o.sending = true
	o.mu.Unlock()
	n, _ := o.direct.Write(b) // an error will be the writer's too
	o.mu.Lock()
	o.sending = false
	if n < len(b) {
		o.buf = append(slices.Clone(b[n:]), o.buf...)
	}
	o.spare = b[:0]
	o.writing = len(o.buf) > 0
	rest := o.writing || o.ending
	o.mu.Unlock()
	if rest {
		o.wake()
	}
}

// swap takes the buffer out to be written. The lock is held.
func (o *outgoing) swap() []byte {
	b := o.buf
	if cap(o.spare) > keptBytes {
		o.spare = nil
	}
	o.buf, o.spare = o.spare[:0], nil
	for _, room := range o.queue {
		room <- struct{}{}
	}
	o.queue = o.queue[:0]
	return b
}

func (o *outgoing) wake() {
	select {
	case o.kick <- struct{}{}:
	default:
	}
}

// write is the writer: it writes what senders leave to it, until the end.
func (c *conn) write() {
	o := &c.outgoing
	defer close(c.finished)
	for range o.kick {
		for {
			o.mu.Lock()
			if o.err != nil || len(o.buf) == 0 && o.ending && !o.sending {
				o.mu.Unlock()
				return
			}
			if len(o.buf) == 0 || o.sending { // a sender wakes it behind itself
				o.writing = o.sending
				o.mu.Unlock()
				break
			}
			o.writing = true
			b := o.swap()
			o.mu.Unlock()
			_, err := c.requests.Write(b)
			o.mu.Lock()
			o.spare = b[:0]
			o.mu.Unlock()
			if err != nil {
				o.fail(c.sent(err))
				return
			}
		}
	}
}

// sent is why the writer could not write: the daemon's word, if it has one.
func (c *conn) sent(err error) error {
	if ne, ok := err.(net.Error); ok && ne.Timeout() {
		return ErrClosed
	}
	return c.gone()
}

// finish accepts nothing more.
func (o *outgoing) finish() {
	o.mu.Lock()
	o.ending = true
	o.mu.Unlock()
	o.wake()
}

// fail ends everything that waits.
func (o *outgoing) fail(err error) {
	o.mu.Lock()
	if o.err == nil {
		o.err = err
	}
	o.swap()
	for id, answer := range o.waiting {
		answer <- reply{err: o.err}
		delete(o.waiting, id)
	}
	o.mu.Unlock()
	o.wake()
}

// answer passes an answer to who waits for it.
func (o *outgoing) answer(a *ipc.Answer) {
	o.mu.Lock()
	waiting := o.waiting[a.ID]
	delete(o.waiting, a.ID)
	o.mu.Unlock()
	if waiting != nil {
		waiting <- reply{a.Number, daemonError(a.Status, a.Body)}
	}
}

// await waits for an answer. Whoever gives up has sent the request all the same.
func (o *outgoing) await(ctx context.Context, answer chan reply) (uint64, error) {
	select {
	case r := <-answer:
		return r.number, r.err
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}
