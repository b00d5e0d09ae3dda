package sock

import (
	"net"
	"net/netip"
	"os"

	"golang.org/x/sys/unix"
)

// pathDatagram is what fits the interface and the paths to all peers.
func (m *mmsg) pathDatagram() (int, error) {
	p := m.plan
	ifi, err := net.InterfaceByIndex(p.ifi.Index)
	if err != nil {
		return 0, err
	}
	mtu := ifi.MTU
	for _, to := range p.Peers {
		path, err := m.pathMTU(to)
		if err != nil {
			continue // no route now: nothing is known of its path
		}
		mtu = min(mtu, path)
	}
	return max(min(mtu-p.headers(), MaxDatagram, MaxAutoDatagram), MinDatagram), nil
}

// pathMTU asks the routes for the MTU to one address. Nothing is sent.
func (m *mmsg) pathMTU(to netip.AddrPort) (int, error) {
	fd, err := newSocket(m.plan.v6)
	if err != nil {
		return 0, err
	}
	defer unix.Close(fd)
	if err := unix.Connect(fd, sockaddr(to, m.plan.v6, &m.zones)); err != nil {
		return 0, os.NewSyscallError("connect", err)
	}
	if m.plan.v6 {
		return m.k.getsockopt(fd, unix.IPPROTO_IPV6, unix.IPV6_MTU)
	}
	return m.k.getsockopt(fd, unix.IPPROTO_IP, unix.IP_MTU)
}
