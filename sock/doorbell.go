package sock

import (
	"sync"
	"sync/atomic"
)

// States of a doorbell. Only the loop goes from awake to asleep and back;
// anybody goes to rung.
const (
	awake  uint32 = iota // the loop runs and nobody rang since it last looked
	asleep               // the loop sleeps, or is about to, and must be rung
	rung                 // somebody rang; the next sleep is off
	shut                 // closed for ever
)

// doorbell wakes the loop without a system call unless it sleeps.
//
// No ring is lost. The caller of press has made its work visible before. The
// loop takes the mark rung away (sleep or rise) before it looks for work.
// All operations on state are in one order, so for each press:
//
//   - its swap comes before the loop takes the mark away: then the loop,
//     looking for work afterwards, sees it;
//   - or after, while the loop is awake: the mark stays, and the next sleep
//     fails, so that the loop looks again;
//   - or after sleep succeeded: the swap finds asleep, and the press writes to
//     what the loop sleeps on. The loop cannot miss that: a write before it
//     really sleeps leaves the descriptor readable.
//
// A press that finds rung may return: the mark that it relies on was not yet
// taken away, and will be before the loop looks for work.
//
// A loop that was woken by something else meanwhile leaves the write to be
// found by a later sleep, which then ends early for nothing.
type doorbell struct {
	state atomic.Uint32
	wakes atomic.Uint64 // presses that had to write

	mu     sync.Mutex // a late press must not write to a closed descriptor
	closed bool
	write  func() // makes what the loop sleeps on readable
}

// press rings. Safe for concurrent use.
func (d *doorbell) press() {
	for {
		s := d.state.Load()
		if s == rung || s == shut {
			return
		}
		if d.state.CompareAndSwap(s, rung) {
			if s == asleep {
				d.ring()
			}
			return
		}
	}
}

func (d *doorbell) ring() {
	d.wakes.Add(1)
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.closed {
		d.write()
	}
}

// sleep declares the loop asleep, unless somebody rang: then it says false,
// and the loop is awake.
func (d *doorbell) sleep() bool {
	if d.state.CompareAndSwap(awake, asleep) {
		return true
	}
	d.rise()
	return false
}

// rise declares the loop awake and says whether somebody rang.
func (d *doorbell) rise() bool {
	for {
		s := d.state.Load()
		if s == shut {
			return true
		}
		if d.state.CompareAndSwap(s, awake) {
			return s == rung
		}
	}
}

// heard looks for a ring without sleeping.
func (d *doorbell) heard() bool {
	return d.state.Load() != awake && d.rise()
}

// close ends the writes and then calls free. It says whether it was the first.
func (d *doorbell) close(free func()) bool {
	d.state.Store(shut)
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return false
	}
	d.closed = true
	free()
	return true
}
