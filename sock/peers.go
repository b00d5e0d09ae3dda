package sock

import (
	"net/netip"
	"slices"
)

// SetPeers changes where trains to everybody go without multicast: to each of
// peers, from the next Send on. The own address and repetitions are left out,
// and so is what is no unicast address and port of the socket's family, since
// the list may have come over the network. The list is copied. With multicast
// it changes nothing.
func (s *Socket) SetPeers(peers []netip.AddrPort) {
	if !s.report.facts.Multicast {
		s.link.setPeers(peers)
		s.report.tell()
	}
}

// others is the part of peers that a socket can send to, without own.
func others(peers []netip.AddrPort, own netip.AddrPort, v6 bool) []netip.AddrPort {
	out := make([]netip.AddrPort, 0, len(peers))
	for _, a := range peers {
		a = unmap(a)
		ip := a.Addr()
		switch {
		case !a.IsValid() || a.Port() == 0 || ip.Is6() != v6 || ip.IsMulticast() || ip.IsUnspecified():
		case a != own && !slices.Contains(out, a):
			out = append(out, a)
		}
	}
	return out
}
