//go:build darwin || freebsd

package sock

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// prepare sets what one can do without: datagrams are never fragmented nor
// broadcast (package net allows it).
func prepare(fd uintptr, v6 bool) error {
	set := func(level, option, value int, name string) error {
		return os.NewSyscallError("setsockopt "+name, unix.SetsockoptInt(int(fd), level, option, value))
	}
	broadcast := set(unix.SOL_SOCKET, unix.SO_BROADCAST, 0, "SO_BROADCAST")
	if v6 {
		return errors.Join(broadcast, set(unix.IPPROTO_IPV6, unix.IPV6_DONTFRAG, 1, "IPV6_DONTFRAG"))
	}
	return errors.Join(broadcast, set(unix.IPPROTO_IP, unix.IP_DONTFRAG, 1, "IP_DONTFRAG"))
}
