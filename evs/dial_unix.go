//go:build unix

package evs

import (
	"errors"
	"io"
	"net"
	"os"
	"syscall"
)

// readWithSocket reads from s, and takes a socket that came along.
func readWithSocket(s *net.UnixConn, b []byte) (int, *net.UnixConn, error) {
	oob := make([]byte, syscall.CmsgSpace(4))
	n, oobn, _, _, err := s.ReadMsgUnix(b, oob)
	if err == nil && n == 0 {
		err = io.ErrUnexpectedEOF
	}
	if err != nil || oobn == 0 {
		return n, nil, err
	}
	messages, err := syscall.ParseSocketControlMessage(oob[:oobn])
	if err != nil {
		return n, nil, os.NewSyscallError("recvmsg", err)
	}
	for i := range messages {
		fds, err := syscall.ParseUnixRights(&messages[i])
		if err != nil || len(fds) == 0 {
			continue
		}
		for _, fd := range fds[1:] {
			syscall.Close(fd)
		}
		socket, err := connOf(fds[0])
		return n, socket, err
	}
	return n, nil, nil
}

// connOf makes a connection of a descriptor, which it takes over.
func connOf(fd int) (*net.UnixConn, error) {
	syscall.CloseOnExec(fd)
	f := os.NewFile(uintptr(fd), "evs-events")
	defer f.Close()
	c, err := net.FileConn(f) // a duplicate
	if err != nil {
		return nil, err
	}
	u, ok := c.(*net.UnixConn)
	if !ok {
		c.Close()
		return nil, errors.New("the event socket is no unix socket")
	}
	return u, nil
}

// attempt reads or writes a socket once, without blocking: syscall.EAGAIN where
// that is not possible now.
type attempt struct {
	raw  syscall.RawConn
	call func(fd int, b []byte) (int, error)
	b    []byte
	n    int
	err  error
	try  func(fd uintptr) bool // once made, so that no call allocates
}

func newAttempt(raw syscall.RawConn, call func(fd int, b []byte) (int, error)) *attempt {
	a := &attempt{raw: raw, call: call}
	a.try = func(fd uintptr) bool {
		for {
			a.n, a.err = a.call(int(fd), a.b)
			if a.err != syscall.EINTR {
				return true
			}
		}
	}
	return a
}

func tryRead(raw syscall.RawConn) *attempt  { return newAttempt(raw, syscall.Read) }
func tryWrite(raw syscall.RawConn) *attempt { return newAttempt(raw, syscall.Write) }

// read does it; io.EOF when the other side has closed.
func (a *attempt) read(b []byte) (int, error) {
	a.b = b
	if err := a.raw.Read(a.try); err != nil {
		return 0, err
	}
	if a.n == 0 && a.err == nil && len(b) > 0 {
		return 0, io.EOF
	}
	return max(a.n, 0), a.err
}

// write does it.
func (a *attempt) write(b []byte) (int, error) {
	a.b = b
	if err := a.raw.Write(a.try); err != nil {
		return 0, err
	}
	return max(a.n, 0), a.err
}
