//go:build unix

package sock

import (
	"errors"

	"golang.org/x/sys/unix"
)

// bufferBytes reads back what the system granted.
func bufferBytes(fd uintptr, receive bool) (int, error) {
	option := unix.SO_SNDBUF
	if receive {
		option = unix.SO_RCVBUF
	}
	return unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, option)
}

func isTooBig(err error) bool { return errors.Is(err, unix.EMSGSIZE) }
