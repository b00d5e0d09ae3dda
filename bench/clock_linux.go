package bench

import (
	"time"

	"golang.org/x/sys/unix"
)

// epoch is the time of the clock that all processes of a machine share
// (CLOCK_MONOTONIC) when began was read. From there on the runtime's clock
// counts, which reads the same one without a system call.
var began, epoch = calibrate()

func calibrate() (time.Time, int64) {
	var ts unix.Timespec
	began := time.Now()
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts); err != nil {
		return began, began.UnixNano() // never seen; the wall clock is shared too
	}
	return began, ts.Nano()
}

// now is the shared clock in ns.
func now() int64 { return epoch + int64(time.Since(began)) }

// sleepUntil returns at t of the shared clock or a little later. It wants the
// calling goroutine locked to its thread after precise.
func sleepUntil(t int64) {
	ts := unix.NsecToTimespec(t)
	for {
		// Without CLOCK_MONOTONIC nothing could sleep: the only error is EINTR.
		if err := unix.ClockNanosleep(unix.CLOCK_MONOTONIC, unix.TIMER_ABSTIME, &ts, nil); err != unix.EINTR {
			return
		}
	}
}

// precise asks that the sleeps of the calling thread end when they should,
// and not up to 50 µs later to save wake-ups.
func precise() { unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0) }
