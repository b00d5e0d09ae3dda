package bench

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"os/exec"

	"stampede/internal/lab"
)

// place is where the hosts of a run stand.
type place interface {
	// assign gives each host of s its addresses.
	assign(s *Scenario) ([]assignment, error)
	// command is a command to be run on host n, from 1.
	command(ctx context.Context, n int, name string, arg ...string) *exec.Cmd
	Close() error
}

// newPlace makes the place that s asks for.
func newPlace(ctx context.Context, s *Scenario) (place, error) {
	if !s.Lab {
		return loopback{}, nil
	}
	l, err := lab.New(ctx, s.Hosts)
	if err != nil {
		return nil, err
	}
	return labPlace{l}, nil
}

// newCluster is a name that no other run has, and a multicast group of
// its own, so that two runs on one machine do not hear each other.
func newCluster() (name string, group4, group6 netip.Addr) {
	chance := rand.Uint64()
	name = fmt.Sprintf("bench-%016x", chance)
	b := byte(chance)
	// 239.255/16 is for use within a site (RFC 2365); ff12:: are transient
	// groups of the link (RFC 4291).
	group4 = netip.AddrFrom4([4]byte{239, 255, byte(chance >> 8), max(1, b)})
	group6 = netip.AddrFrom16([16]byte{0: 0xff, 1: 0x12, 13: byte(chance >> 16), 14: byte(chance >> 8), 15: max(1, b)})
	return name, group4, group6
}

// loopback is this machine, its loopback interface.
type loopback struct{}

func (loopback) Close() error { return nil }

func (loopback) command(ctx context.Context, _ int, name string, arg ...string) *exec.Cmd {
	return exec.CommandContext(ctx, name, arg...)
}

func (loopback) assign(s *Scenario) ([]assignment, error) {
	cluster, group, _ := newCluster()
	own := netip.AddrFrom4([4]byte{127, 0, 0, 1})
	if s.IP == 6 {
		own = netip.IPv6Loopback()
	}
	// A port more, for the group. In between another program may take one of
	// them: then the host cannot open, and the run is tried again.
	ports, err := freePorts(own, s.Hosts+1)
	if err != nil {
		return nil, err
	}
	all := make([]assignment, s.Hosts)
	for i := range all {
		all[i] = assignment{Scenario: *s, Host: i + 1, Cluster: cluster, Bind: ports[i]}
		if s.transport() == multicast {
			all[i].Multicast = netip.AddrPortFrom(group, ports[s.Hosts].Port())
		} else {
			all[i].Peers = ports[:s.Hosts]
		}
	}
	return all, nil
}

// freePorts asks the kernel for n UDP ports of an address that are free now.
func freePorts(own netip.Addr, n int) (ports []netip.AddrPort, err error) {
	for range n {
		c, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(own, 0)))
		if err != nil {
			return nil, fmt.Errorf("bench: a port of %v: %w", own, err)
		}
		defer c.Close() // all stay taken until there are enough
		ports = append(ports, c.LocalAddr().(*net.UDPAddr).AddrPort())
	}
	return ports, nil
}

// labPlace is a lab, one namespace a host.
type labPlace struct{ *lab.Lab }

// labPort is every host's own port and the next is the group's: in its
// namespace nobody else wants them.
const labPort = 7400

func (l labPlace) command(ctx context.Context, n int, name string, arg ...string) *exec.Cmd {
	return l.Hosts[n-1].Command(ctx, name, arg...)
}

func (l labPlace) assign(s *Scenario) ([]assignment, error) {
	if s.Hosts > len(l.Hosts) {
		return nil, fmt.Errorf("bench: %d hosts in a lab of %d", s.Hosts, len(l.Hosts))
	}
	cluster, group, group6 := newCluster()
	if s.IP == 6 {
		group = group6
	}
	var peers []netip.AddrPort
	for _, h := range l.Hosts[:s.Hosts] {
		own := h.IPv4
		if s.IP == 6 {
			own = h.IPv6
		}
		if !own.IsValid() {
			return nil, errors.New("bench: ip 6: the kernel has no IPv6")
		}
		peers = append(peers, netip.AddrPortFrom(own, labPort))
	}
	var addresses []netip.Addr
	if engines.of(s.Engine).peer() {
		for _, p := range peers {
			addresses = append(addresses, p.Addr())
		}
	}
	all := make([]assignment, s.Hosts)
	for i := range all {
		all[i] = assignment{Scenario: *s, Host: i + 1, Cluster: cluster, Bind: peers[i], Addresses: addresses}
		if s.transport() == multicast {
			all[i].Multicast = netip.AddrPortFrom(group, labPort+1)
			all[i].Interface = lab.Interface
		} else {
			all[i].Peers = peers
		}
	}
	return all, nil
}
