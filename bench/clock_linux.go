package bench

import (
	"fmt"
	"os"
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

// alarm wakes a goroutine at a time of the shared clock. It is a timer of the
// kernel's that the runtime's poller waits for: time.Sleep is up to 1 ms late,
// and a sleep in a system call keeps one of the few places (GOMAXPROCS) for
// running goroutines occupied, for which the receiver then waits, up to 10 ms.
type alarm struct {
	fd    int
	timer *os.File // owns fd; its Fd method would make reading block
}

func newAlarm() (*alarm, error) {
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_CLOEXEC|unix.TFD_NONBLOCK)
	if err != nil {
		return nil, fmt.Errorf("bench: timerfd_create: %w", err)
	}
	return &alarm{fd, os.NewFile(uintptr(fd), "timer")}, nil
}

// await returns at t or some microseconds later; at once if t is past.
func (a *alarm) await(t int64) error {
	var expirations [8]byte
	spec := unix.ItimerSpec{Value: unix.NsecToTimespec(max(1, t))}
	if err := unix.TimerfdSettime(a.fd, unix.TFD_TIMER_ABSTIME, &spec, nil); err != nil {
		return fmt.Errorf("bench: timerfd_settime: %w", err)
	}
	_, err := a.timer.Read(expirations[:])
	return err
}

func (a *alarm) Close() error { return a.timer.Close() }
