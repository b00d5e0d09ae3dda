package sock

import (
	"errors"
	"net"
	"net/netip"
)

// chooseInterface finds the interface: by name, by an address on it, by the
// own address, by the route.
func (p *plan) chooseInterface() (err error) {
	switch own := p.Bind.Addr(); {
	case p.Interface != "":
		if p.ifi, err = interfaceNamed(p.Interface); err != nil {
			return invalid("Interface", "%w", err)
		}
	case own.IsValid() && !own.IsUnspecified():
		if p.ifi, err = interfaceWith(own); err != nil {
			return invalid("Bind", "%w", err)
		}
	case p.far().IsValid():
		a, err := routeTo(p.far())
		if err != nil {
			return invalid("Interface", "none given and no route: %w", err)
		}
		if p.ifi, err = interfaceWith(a); err != nil {
			return invalid("Interface", "none given: %w", err)
		}
	default:
		return invalid("Bind", "give an address, an interface, a group or peers")
	}
	p.loopback = p.ifi.Flags&net.FlagLoopback != 0
	return p.judgeInterface()
}

func (p *plan) judgeInterface() error {
	field := "Interface"
	if p.Interface == "" {
		field = "Bind"
	}
	switch {
	case p.ifi.Flags&net.FlagUp == 0:
		return invalid(field, "%s is down", p.ifi.Name)
	case !p.multicast() || p.loopback && !p.v6:
		return nil // IPv4 multicast stays on lo though lo has no MULTICAST flag
	case p.loopback:
		return invalid("Group", "IPv6 multicast does not work on the loopback interface: use Peers")
	case p.ifi.Flags&net.FlagMulticast == 0:
		return invalid(field, "%s does no multicast: use Peers", p.ifi.Name)
	}
	return nil
}

// chooseBind makes the own address concrete: others have to be told it, and
// the filter of own datagrams compares it.
func (p *plan) chooseBind() error {
	a := p.Bind.Addr()
	if a.IsValid() && !a.IsUnspecified() {
		p.ifAddr = a
	} else {
		var err error
		linkLocal := p.Group.Addr().IsLinkLocalMulticast() || p.Group.Addr().IsInterfaceLocalMulticast()
		if p.ifAddr, err = addressOf(p.ifi, p.v6, p.v6 && linkLocal); err != nil {
			return invalid("Interface", "%w", err)
		}
	}
	if p.ifAddr.Is6() && p.ifAddr.IsLinkLocalUnicast() && p.ifAddr.Zone() == "" {
		p.ifAddr = p.ifAddr.WithZone(p.ifi.Name)
	}
	p.Bind = netip.AddrPortFrom(p.ifAddr, p.Bind.Port())
	return nil
}

func interfaceNamed(s string) (*net.Interface, error) {
	if a, err := netip.ParseAddr(s); err == nil {
		return interfaceWith(a)
	}
	ifi, err := net.InterfaceByName(s)
	if err != nil {
		return nil, errors.New("no interface is called " + s)
	}
	return ifi, nil
}

// interfaceWith finds the interface that has a. All of a loopback interface's
// networks are its own addresses (127.0.0.2).
func interfaceWith(a netip.Addr) (*net.Interface, error) {
	all, err := net.Interfaces()
	if err != nil {
		return nil, err
	}
	a = a.Unmap()
	for i := range all {
		if a.Zone() != "" && a.Zone() != all[i].Name {
			continue
		}
		for _, own := range prefixes(&all[i]) {
			if own.Addr() == a.WithZone("") ||
				all[i].Flags&net.FlagLoopback != 0 && own.Contains(a.WithZone("")) {
				return &all[i], nil
			}
		}
	}
	return nil, errors.New("no interface has the address " + a.String())
}

// addressOf picks an address of ifi: for IPv6 a global one unless linkLocal.
func addressOf(ifi *net.Interface, v6, linkLocal bool) (netip.Addr, error) {
	var second netip.Addr
	for _, own := range prefixes(ifi) {
		a := own.Addr()
		switch {
		case a.Is6() != v6:
		case v6 && a.IsLinkLocalUnicast() != linkLocal:
			second = a
		default:
			return a, nil
		}
	}
	if second.IsValid() {
		return second, nil
	}
	family := "IPv4"
	if v6 {
		family = "IPv6"
	}
	return netip.Addr{}, errors.New(ifi.Name + " has no " + family + " address")
}

func prefixes(ifi *net.Interface) []netip.Prefix {
	addrs, _ := ifi.Addrs() // an interface that vanished has none
	out := make([]netip.Prefix, 0, len(addrs))
	for _, a := range addrs {
		if n, ok := a.(*net.IPNet); ok {
			addr, _ := netip.AddrFromSlice(n.IP)
			bits, _ := n.Mask.Size()
			out = append(out, netip.PrefixFrom(addr.Unmap(), bits))
		}
	}
	return out
}

// routeTo is the own address on the route to far. Nothing is sent.
func routeTo(far netip.AddrPort) (netip.Addr, error) {
	conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(far))
	if err != nil {
		return netip.Addr{}, err
	}
	defer conn.Close()
	return conn.LocalAddr().(*net.UDPAddr).AddrPort().Addr().Unmap(), nil
}
