package sock

import (
	"errors"
	"os"
	"slices"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// parking lets the loop sleep in the runtime's poller until one of some
// descriptors is readable, a time has come, or somebody wakes it.
//
// A thread that sleeps in a system call of its own keeps its place for running
// Go code until the runtime's monitor takes that away, for which this looks every
// 20 µs and wears out a small machine; and a goroutine that it makes ready is
// started by another thread. A goroutine that is parked has no place, is run by
// the thread that the arrival wakes, and so are those that it makes ready: a
// wake-up less.
//
// The runtime's poller counts milliseconds and waits for one descriptor, so all
// are behind an epoll descriptor, and a timer of the kernel's with them.
type parking struct {
	set    *os.File // epoll: the descriptors by index, then the timer
	conn   syscall.RawConn
	timer  int
	armed  time.Time // when the timer goes off; zero = never
	fds    int
	found  int // bit i: descriptor i is readable
	look   func(fd uintptr) bool
	events [4]unix.EpollEvent
}

// longAgo is a deadline that is past.
var longAgo = time.Unix(1, 0)

// newParking puts descriptors behind one.
func newParking(fds []int) (p *parking, err error) {
	p = &parking{timer: -1, fds: len(fds)}
	p.look = p.ready
	defer func() {
		if err != nil {
			p.close()
		}
	}()
	set, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return p, os.NewSyscallError("epoll_create1", err)
	}
	if err = unix.SetNonblock(set, true); err != nil { // os.File would take it for one that blocks
		unix.Close(set)
		return p, os.NewSyscallError("fcntl", err)
	}
	p.set = os.NewFile(uintptr(set), "epoll")
	if p.conn, err = p.set.SyscallConn(); err != nil {
		return p, err
	}
	if err = p.set.SetReadDeadline(time.Time{}); err != nil {
		return p, err // the runtime cannot poll it
	}
	if p.timer, err = unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_CLOEXEC|unix.TFD_NONBLOCK); err != nil {
		return p, os.NewSyscallError("timerfd_create", err)
	}
	for i, fd := range append(slices.Clip(fds), p.timer) {
		e := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(i)} // Fd is the caller's to choose
		if err = unix.EpollCtl(set, unix.EPOLL_CTL_ADD, fd, &e); err != nil {
			return p, os.NewSyscallError("epoll_ctl", err)
		}
	}
	return p, nil
}

// sleep returns when a descriptor is readable, telling which, bit by bit; when d
// has passed (d < 0: never) or a little of it, for nothing; or when wake was
// called since the last sleep.
func (p *parking) sleep(d time.Duration) (ready int, err error) {
	if d >= 0 {
		p.arm(d)
	}
	p.found = 0
	if err := p.conn.Read(p.look); errors.Is(err, os.ErrDeadlineExceeded) {
		return 0, p.set.SetReadDeadline(time.Time{})
	} else if err != nil {
		return 0, err
	}
	return p.found, nil
}

// arm sets the timer, unless it goes off before that anyway.
func (p *parking) arm(d time.Duration) {
	at := time.Now().Add(d)
	if !p.armed.IsZero() && p.armed.Before(at) {
		return
	}
	p.armed = at
	spec := unix.ItimerSpec{Value: unix.NsecToTimespec(max(1, int64(d)))}
	unix.RawSyscall6(unix.SYS_TIMERFD_SETTIME, uintptr(p.timer), 0, uintptr(unsafe.Pointer(&spec)), 0, 0, 0)
}

// ready looks who is readable. A timer that went off is made quiet.
func (p *parking) ready(fd uintptr) bool {
	n, _, errno := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, fd, uintptr(unsafe.Pointer(&p.events[0])), uintptr(len(p.events)), 0, 0, 0)
	if errno != 0 {
		return true // early for no reason; the caller has a clock
	}
	for i := range p.events[:n] {
		if at := int(p.events[i].Fd); at < p.fds {
			p.found |= 1 << at
			continue
		}
		var times [8]byte
		unix.RawSyscall(unix.SYS_READ, uintptr(p.timer), uintptr(unsafe.Pointer(&times[0])), uintptr(len(times)))
		p.armed = time.Time{}
	}
	return n > 0
}

// wake ends the sleep that is under way, or else the next. Any goroutine may call
// it until close.
func (p *parking) wake() { p.set.SetReadDeadline(longAgo) }

// close gives back the descriptors that it made.
func (p *parking) close() {
	if p.set != nil {
		p.set.Close()
	}
	if p.timer >= 0 {
		unix.Close(p.timer)
	}
}
