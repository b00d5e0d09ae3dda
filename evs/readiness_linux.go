package evs

import (
	"os"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// readiness is an eventfd that is readable while a handle has events. Its
// methods are called under the handle's lock.
type readiness struct {
	file *os.File
	up   bool
}

func newReadiness() (*readiness, error) {
	fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		return nil, os.NewSyscallError("eventfd", err)
	}
	return &readiness{file: os.NewFile(uintptr(fd), "evs-handle")}, nil
}

func (r *readiness) raise() {
	if !r.up {
		r.up = true
		r.file.Write([]byte{1, 0, 0, 0, 0, 0, 0, 0})
	}
}

func (r *readiness) lower() {
	if r.up {
		r.up = false
		var b [8]byte
		r.file.Read(b[:])
	}
}

// SyscallConn gives a descriptor for poll and its like, nothing else: it is
// readable while Receive would not block, and once the handle is closed. It is
// the handle's, and the same at every call.
func (h *Handle) SyscallConn() (syscall.RawConn, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed.Load() {
		return nil, ErrClosed
	}
	if h.away != nil {
		return h.away.poll()
	}
	if h.ready == nil {
		r, err := newReadiness()
		if err != nil {
			return nil, err
		}
		h.ready = r
		if len(h.pending) > 0 || h.reader.next < len(h.reader.items) {
			r.raise()
		}
	}
	return h.ready.file.SyscallConn()
}

// pollset is a descriptor that is readable while a socket is, or while events
// that were read from it wait: an epoll(7) of both.
type pollset struct {
	mu      sync.Mutex
	waiting *readiness
	file    *os.File
}

// settle says whether events wait that were read already. The receiving
// goroutine calls it; a nil pollset is one that nobody asked for.
func (s *pollset) settle(waiting bool) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if waiting {
		s.waiting.raise()
	} else {
		s.waiting.lower()
	}
}

func (s *pollset) raise() { s.settle(true) }

// poll is SyscallConn through a daemon. The handle's lock is held.
func (c *conn) poll() (syscall.RawConn, error) {
	s := c.receiving.Load()
	if s == nil {
		var err error
		if s, err = newPollset(c.rawEvents); err != nil {
			return nil, err
		}
		s.settle(c.incoming.pending.Load() > 0)
		c.receiving.Store(s)
	}
	return s.file.SyscallConn()
}

func newPollset(events syscall.RawConn) (*pollset, error) {
	waiting, err := newReadiness()
	if err != nil {
		return nil, err
	}
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("epoll_create1", err)
	}
	s := &pollset{waiting: waiting, file: os.NewFile(uintptr(fd), "evs-handle")}
	var failed error
	add := func(member uintptr) {
		e := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(member)}
		failed = os.NewSyscallError("epoll_ctl", unix.EpollCtl(fd, unix.EPOLL_CTL_ADD, int(member), &e))
	}
	raw, err := waiting.file.SyscallConn()
	for _, member := range []syscall.RawConn{raw, events} {
		if err == nil {
			err = member.Control(add)
		}
		if err == nil {
			err = failed
		}
	}
	return s, err
}
