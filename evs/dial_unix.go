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
