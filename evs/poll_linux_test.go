package evs

import (
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// readable polls a descriptor for so many milliseconds.
func readable(t *testing.T, conn syscall.RawConn, ms int) (yes bool) {
	t.Helper()
	err := conn.Control(func(fd uintptr) {
		fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
		n, err := unix.Poll(fds, ms)
		for err == unix.EINTR {
			n, err = unix.Poll(fds, ms)
		}
		yes = n == 1
	})
	if err != nil {
		t.Fatal(err)
	}
	return yes
}
