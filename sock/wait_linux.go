package sock

import (
	"encoding/binary"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// spinLooks is how often a spinning wait looks at the sockets between two
// looks at the clock: one of these is 0.06 µs, one of those 0.3 µs.
const spinLooks = 8

// waiter waits for the sockets and the doorbell.
type waiter struct {
	k      kernel
	report *report
	bell   doorbell
	// fds are the receiver's sources in their order, then the eventfd.
	fds  []unix.PollFd
	spin time.Duration // < 0 without end
}

func newWaiter(k kernel, sources []source, event int, r *report) *waiter {
	w := &waiter{k: k, report: r}
	for i := range sources {
		w.fds = append(w.fds, unix.PollFd{Fd: int32(sources[i].fd), Events: unix.POLLIN})
	}
	w.fds = append(w.fds, unix.PollFd{Fd: int32(event), Events: unix.POLLIN})
	switch f := &r.facts; f.Wait {
	case Spin:
		w.spin = -1
	case Adaptive:
		w.spin = f.Spin
	}
	one := make([]byte, 8)
	binary.NativeEndian.PutUint64(one, 1)
	w.bell.write = func() {
		for {
			// EAGAIN: the counter is full, so it is readable: good.
			if _, err := unix.Write(event, one); err != unix.EINTR {
				return
			}
		}
	}
	return w
}

// wait says which sources are readable, bit by bit; 0 if it was woken or d has
// passed.
func (w *waiter) wait(d time.Duration) (ready int, err error) {
	if w.bell.heard() {
		return 0, nil
	}
	if d == 0 {
		return w.look(0)
	}
	if w.spin != 0 {
		var spent time.Duration
		ready, spent, err = w.spinFor(d)
		if ready != 0 || err != nil || w.bell.heard() || d >= 0 && spent >= d {
			return ready, err
		}
		if d > 0 {
			d -= spent
		}
	}
	if !w.bell.sleep() {
		return 0, nil
	}
	w.report.stats.Sleeps++
	ready, err = w.look(d)
	w.bell.rise()
	return ready, err
}

// spinFor looks again and again, at most for d (d < 0: no bound) and for the
// spinning time. It leaves a ring in the bell.
func (w *waiter) spinFor(d time.Duration) (ready int, spent time.Duration, err error) {
	bound := w.spin
	if bound < 0 || d >= 0 && d < bound {
		bound = d
	}
	start := time.Now()
	for {
		for range spinLooks {
			ready, err = w.look(0)
			if ready != 0 || err != nil || w.bell.state.Load() != awake {
				return ready, 0, err
			}
		}
		if spent = time.Since(start); bound >= 0 && spent >= bound {
			return 0, spent, nil
		}
	}
}

// look polls once. A ring that made the eventfd readable is taken out of it.
func (w *waiter) look(d time.Duration) (ready int, err error) {
	w.report.stats.Polls++
	n, errno := w.k.poll(w.fds, d)
	switch errno {
	case 0:
	case unix.EINTR, unix.EAGAIN, unix.ENOMEM:
		return 0, nil // early for no reason; the caller has a clock
	default:
		return 0, os.NewSyscallError("ppoll", errno)
	}
	if n <= 0 {
		return 0, nil
	}
	event := len(w.fds) - 1
	for i := range w.fds[:event] {
		if w.fds[i].Revents != 0 { // an error, too, is taken by a receive
			ready |= 1 << i
		}
	}
	if w.fds[event].Revents != 0 {
		var count [8]byte
		unix.Read(int(w.fds[event].Fd), count[:]) // nonblocking; EAGAIN: nothing to take
	}
	return ready, nil
}
