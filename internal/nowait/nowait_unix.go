//go:build unix

package nowait

import (
	"io"
	"syscall"
)

// Reader reads a socket.
type Reader struct{ attempt }

// Writer writes to a socket.
type Writer struct{ attempt }

type attempt struct {
	raw  syscall.RawConn
	call func(fd int, b []byte) (int, error)
	b    []byte
	n    int
	err  error
	try  func(fd uintptr) bool // once made, so that no call allocates
}

func (a *attempt) init(raw syscall.RawConn, call func(fd int, b []byte) (int, error)) {
	a.raw, a.call = raw, call
	a.try = func(fd uintptr) bool {
		for {
			a.n, a.err = a.call(int(fd), a.b)
			if a.err != syscall.EINTR {
				return true
			}
		}
	}
}

// NewReader returns a reader of a socket of package net.
func NewReader(raw syscall.RawConn) *Reader {
	r := new(Reader)
	r.init(raw, syscall.Read)
	return r
}

// NewWriter returns a writer to a socket of package net.
func NewWriter(raw syscall.RawConn) *Writer {
	w := new(Writer)
	w.init(raw, syscall.Write)
	return w
}

// Read reads what there is; io.EOF when the other side has closed. A read
// deadline that has passed is os.ErrDeadlineExceeded.
func (r *Reader) Read(b []byte) (int, error) {
	r.b = b
	if err := r.raw.Read(r.try); err != nil {
		return 0, err
	}
	if r.n == 0 && r.err == nil && len(b) > 0 {
		return 0, io.EOF
	}
	return max(r.n, 0), r.err
}

// Write writes as much as the socket takes.
func (w *Writer) Write(b []byte) (int, error) {
	w.b = b
	if err := w.raw.Write(w.try); err != nil {
		return 0, err
	}
	return max(w.n, 0), w.err
}
