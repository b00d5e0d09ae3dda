package evs

import (
	"context"
	"unsafe"

	"stampede/wire"
)

// server is an application that runs on the loop's goroutine.
type server struct {
	f    func([]Event) error
	ctx  context.Context
	buf  []Event
	done chan error
}

// ServeBatch is how many events one call of a served function gets at most. One
// that gets fewer, perhaps none, has come to the end of what there is for now.
const ServeBatch = 256

// Serve calls f with batches of events on the loop's own goroutine: no wake-up
// stands between the arrival of a message and f, nor between what f sends and
// the network. f must not block, and sends with the Try forms only: while it
// runs, nothing else does; it may close its handle, but not its processor.
// Payloads live until f returns, and all events that f was called with count as
// received. Serve returns when ctx ends, with its error, when f returns one, or
// when the handle is closed. No other receiving call may run meanwhile.
//
// Through a daemon f runs on the calling goroutine, which is the one that reads
// the socket, and may block.
func (h *Handle) Serve(ctx context.Context, f func([]Event) error) error {
	s := &server{f: f, ctx: ctx, buf: make([]Event, ServeBatch), done: make(chan error, 1)}
	if !h.server.CompareAndSwap(nil, s) {
		return errServed
	}
	if h.away != nil {
		defer h.server.Store(nil)
		return h.away.serve(s)
	}
	if h.closed.Load() && h.server.CompareAndSwap(s, nil) {
		return h.p.gone() // Close had nobody to tell
	}
	h.p.net.Wake()
	var err error
	select {
	case err = <-s.done:
	case <-h.p.done:
		err = ErrClosed
	case <-ctx.Done():
		err = ctx.Err()
	}
	h.server.CompareAndSwap(s, nil)
	h.p.settle() // the loop may be inside f still, whoever ended this
	if err == ErrClosed {
		err = h.p.gone()
	}
	return err
}

// serve lets the application have what is queued for h. The loop calls it.
func (h *Handle) serve() {
	s := h.server.Load()
	if s == nil {
		return
	}
	for more := false; ; more = true {
		n, err := h.take(s.buf, false)
		if err == nil && (n > 0 || more) {
			err = s.f(s.buf[:n])
		}
		if err != nil {
			if h.server.CompareAndSwap(s, nil) {
				s.done <- err
			}
			return
		}
		if n < len(s.buf) {
			h.giveBack()
			return
		}
	}
}

// groupsOf are keys as they stand in a frame, seen as groups: both are 32-byte
// arrays one behind the other, without alignment.
func groupsOf(k wire.Keys) []Group {
	if len(k) < wire.GroupBytes {
		return nil
	}
	return unsafe.Slice((*Group)(unsafe.Pointer(&k[0])), len(k)/wire.GroupBytes)
}
