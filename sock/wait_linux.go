package sock

import (
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// spinLooks is how often a spinning wait looks at the sockets between two
// looks at the clock: one of these is 0.06 µs, one of those 0.3 µs.
const spinLooks = 8

// waiter waits for the sockets and the doorbell: it looks, and then sleeps.
type waiter struct {
	k      kernel
	report *report
	bell   doorbell
	fds    []unix.PollFd // the receiver's sources in their order
	spin   time.Duration // < 0 without end
	sleep  func(d time.Duration) (ready int, err error)
}

func newWaiter(k kernel, sources []source, p *parking, r *report) *waiter {
	w := &waiter{k: k, report: r, sleep: p.sleep}
	for i := range sources {
		w.fds = append(w.fds, unix.PollFd{Fd: int32(sources[i].fd), Events: unix.POLLIN})
	}
	w.bell.write = p.wake
	switch f := &r.facts; f.Wait {
	case Spin:
		w.spin = -1
	case Adaptive:
		w.spin = f.Spin
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
		return w.look()
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
	ready, err = w.sleep(d)
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
			ready, err = w.look()
			if ready != 0 || err != nil || w.bell.state.Load() != awake {
				return ready, 0, err
			}
		}
		if spent = time.Since(start); bound >= 0 && spent >= bound {
			return 0, spent, nil
		}
	}
}

// look polls once.
func (w *waiter) look() (ready int, err error) {
	w.report.stats.Polls++
	n, errno := w.k.poll(w.fds, 0)
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
	for i := range w.fds {
		if w.fds[i].Revents != 0 { // an error, too, is taken by a receive
			ready |= 1 << i
		}
	}
	return ready, nil
}
