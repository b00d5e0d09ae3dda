package sock

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// prepare sets what one can do without: datagrams are never fragmented nor
// broadcast (package net allows it; an address out of the network might ask
// for it), and a socket on the wildcard address, which package net makes for a
// group, does not hear the groups of others.
func prepare(fd uintptr, v6 bool) error {
	set := func(level, option, value int, name string) error {
		return os.NewSyscallError("setsockopt "+name, unix.SetsockoptInt(int(fd), level, option, value))
	}
	broadcast := set(unix.SOL_SOCKET, unix.SO_BROADCAST, 0, "SO_BROADCAST")
	if v6 {
		return errors.Join(broadcast,
			set(unix.IPPROTO_IPV6, unix.IPV6_MTU_DISCOVER, unix.IPV6_PMTUDISC_PROBE, "IPV6_MTU_DISCOVER"),
			set(unix.IPPROTO_IPV6, unix.IPV6_MULTICAST_ALL, 0, "IPV6_MULTICAST_ALL"))
	}
	return errors.Join(broadcast,
		set(unix.IPPROTO_IP, unix.IP_MTU_DISCOVER, unix.IP_PMTUDISC_PROBE, "IP_MTU_DISCOVER"),
		set(unix.IPPROTO_IP, unix.IP_MULTICAST_ALL, 0, "IP_MULTICAST_ALL"))
}
