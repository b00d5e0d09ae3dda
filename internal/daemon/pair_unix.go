//go:build unix

package daemon

import (
	"net"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// eventBuffer is asked of the kernel for the event socket: some milliseconds of
// a flood, in which the client may sleep and nothing has to be copied aside.
const eventBuffer = 1 << 20

// eventPair makes the event socket: the daemon's end, and the client's as a
// file.
func eventPair() (own *net.UnixConn, client *os.File, err error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		return nil, nil, os.NewSyscallError("socketpair", err)
	}
	for _, fd := range fds {
		unix.CloseOnExec(fd)
	}
	unix.SetsockoptInt(fds[0], unix.SOL_SOCKET, unix.SO_SNDBUF, eventBuffer) // less is no error
	unix.SetNonblock(fds[1], true)
	f := os.NewFile(uintptr(fds[0]), "events")
	client = os.NewFile(uintptr(fds[1]), "events")
	defer f.Close()
	c, err := net.FileConn(f)
	if err != nil {
		client.Close()
		return nil, nil, err
	}
	return c.(*net.UnixConn), client, nil
}

// rights is the control message that passes descriptors.
func rights(files []*os.File) []byte {
	fds := make([]int, len(files))
	for i, f := range files {
		fds[i] = int(f.Fd())
	}
	return syscall.UnixRights(fds...)
}
