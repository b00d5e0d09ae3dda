package evs

import (
	"os"
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
