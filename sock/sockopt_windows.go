package sock

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// bufferBytes reads back what the system granted.
func bufferBytes(fd uintptr, receive bool) (int, error) {
	option := windows.SO_SNDBUF
	if receive {
		option = windows.SO_RCVBUF
	}
	return windows.GetsockoptInt(windows.Handle(fd), windows.SOL_SOCKET, option)
}

func isTooBig(err error) bool { return errors.Is(err, windows.WSAEMSGSIZE) }

// dontFragment is IP_DONTFRAGMENT and IPV6_DONTFRAG (ws2ipdef.h).
const dontFragment = 14

// prepare sets what one can do without: datagrams are never fragmented nor
// broadcast (package net allows it).
func prepare(fd uintptr, v6 bool) error {
	set := func(level, option, value int, name string) error {
		return os.NewSyscallError("setsockopt "+name,
			windows.SetsockoptInt(windows.Handle(fd), level, option, value))
	}
	broadcast := set(windows.SOL_SOCKET, windows.SO_BROADCAST, 0, "SO_BROADCAST")
	if v6 {
		return errors.Join(broadcast, set(windows.IPPROTO_IPV6, dontFragment, 1, "IPV6_DONTFRAG"))
	}
	return errors.Join(broadcast, set(windows.IPPROTO_IP, dontFragment, 1, "IP_DONTFRAGMENT"))
}
