//go:build unix

package evs

import (
	"io"
	"net"
	"os"
	"syscall"
)

// mostFiles is how many descriptors come with a daemon's welcome at most.
const mostFiles = 2

// readWithFiles reads from s, and takes files that came along. They are the
// caller's to close, also behind an error.
func readWithFiles(s *net.UnixConn, b []byte) (n int, files []*os.File, err error) {
	oob := make([]byte, syscall.CmsgSpace(4*mostFiles))
	n, oobn, _, _, err := s.ReadMsgUnix(b, oob)
	if err == nil && n == 0 {
		err = io.ErrUnexpectedEOF
	}
	if err != nil || oobn == 0 {
		return max(n, 0), nil, err
	}
	messages, err := syscall.ParseSocketControlMessage(oob[:oobn])
	if err != nil {
		return n, nil, os.NewSyscallError("recvmsg", err)
	}
	for i := range messages {
		fds, err := syscall.ParseUnixRights(&messages[i])
		if err != nil {
			continue
		}
		for _, fd := range fds {
			syscall.CloseOnExec(fd)
			files = append(files, os.NewFile(uintptr(fd), "evs-daemon"))
		}
	}
	return n, files, nil
}
