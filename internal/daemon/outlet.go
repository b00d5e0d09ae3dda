package daemon

import (
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"stampede/internal/nowait"
)

// outlet is the daemon's end of an event socket. What the kernel does not take
// at once waits here, up to a limit; or, if the group is to wait for this client,
// with the caller.
type outlet struct {
	conn  *net.UnixConn
	now   *nowait.Writer
	limit int
	hold  bool

	mu      sync.Mutex
	waiting [][]byte // buffers to be written, in order
	bytes   int      // of them, the one that is being written included
	busy    bool     // a goroutine writes them
	ending  bool     // nothing more comes
	err     error
	drains  sync.WaitGroup // that goroutine
	far     atomic.Bool    // more than half of the limit waits
	drained atomic.Uint64  // bytes that waited and were written
	behind  uint64         // times that something had to wait
	total   *atomic.Uint64 // the same, of all clients
}

func newOutlet(conn *net.UnixConn, limit int, hold bool, behind *atomic.Uint64) (*outlet, error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return nil, err
	}
	return &outlet{conn: conn, now: nowait.NewWriter(raw), limit: limit, hold: hold, total: behind}, nil
}

// outcome of a write.
type outcome int

const (
	written outcome = iota // or kept, to be written when it can be
	full                   // what was not taken is to be written by the caller, when it can be
	tooFar                 // the limit was reached: nothing more can be written
	broken                 // nobody reads any more
)

// write writes b, or keeps a copy of what the kernel does not take at once.
func (o *outlet) write(b []byte) (n int, _ outcome) {
	o.mu.Lock()
	busy, err := o.busy, o.err
	o.mu.Unlock()
	if err != nil {
		return 0, broken
	}
	if busy {
		return 0, o.keep(b)
	}
	if n, err = o.now.Write(b); err != nil && err != syscall.EAGAIN {
		return n, broken
	}
	if n == len(b) {
		return n, written
	}
	o.mu.Lock()
	o.behind++
	o.total.Add(1)
	o.mu.Unlock()
	if o.hold {
		return n, full
	}
	return n, o.keep(b[n:])
}

// keep puts a copy of b behind what waits, and sees that it is written.
func (o *outlet) keep(b []byte) outcome {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.bytes+len(b) > o.limit {
		return tooFar
	}
	o.waiting = append(o.waiting, append([]byte(nil), b...))
	o.bytes += len(b)
	o.far.Store(o.bytes > o.limit/2)
	if !o.busy {
		o.busy = true
		o.drains.Go(o.drain)
	}
	return written
}

// drain writes what waits, until nothing does.
func (o *outlet) drain() {
	for {
		o.mu.Lock()
		if len(o.waiting) == 0 || o.err != nil {
			o.busy, o.waiting = false, nil
			ending := o.ending
			o.mu.Unlock()
			if ending {
				o.conn.Close()
			}
			return
		}
		b := o.waiting[0]
		o.waiting[0] = nil
		o.waiting = o.waiting[1:]
		o.mu.Unlock()
		_, err := o.conn.Write(b)
		o.mu.Lock()
		o.bytes -= len(b)
		o.far.Store(o.bytes > o.limit/2)
		o.drained.Add(uint64(len(b)))
		o.err = err
		o.mu.Unlock()
	}
}

// queued is how many bytes wait, and how often some had to.
func (o *outlet) queued() (bytes int, behind uint64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.bytes, o.behind
}

// close ends it at once; what waits is gone.
func (o *outlet) close() { o.conn.Close() }

// finish ends it when what waits is written, if that is taken in time.
func (o *outlet) finish() {
	o.mu.Lock()
	o.ending = true
	busy := o.busy
	o.mu.Unlock()
	o.hurry()
	if !busy {
		o.conn.Close()
	}
}

// hurry ends writes that are not over in time.
func (o *outlet) hurry() { o.conn.SetWriteDeadline(time.Now().Add(finishWithin)) }

// settle waits until nothing is written any more, behind the last write and finish
// or close.
func (o *outlet) settle() { o.drains.Wait() }

// finishWithin is how long a client has to take what waits for it at the end.
const finishWithin = time.Second
