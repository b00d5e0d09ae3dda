package sock

import (
	"errors"
	"fmt"
	"net/netip"
	"os"

	"golang.org/x/sys/unix"

	"stampede/batch"
)

// mmsg is the native implementation: sendmmsg and recvmmsg on an own unicast
// socket, which sends everything, and a shared multicast socket, which only
// receives.
type mmsg struct {
	k      kernel
	plan   *plan
	report *report
	zones  zones

	fd, group int // -1 = none
	parking   *parking
	out       *sender
	in        *receiver
	waiter    *waiter
	mapped    []byte // memory of the own arena
	closed    bool
}

func openNative(p *plan) (*Socket, error) { return openMmsg(p, system{}) }

func openMmsg(p *plan, k kernel) (*Socket, error) {
	m := &mmsg{k: k, plan: p, report: new(report), fd: -1, group: -1}
	if err := m.open(); err != nil {
		m.free()
		return nil, err
	}
	m.report.tell()
	return &Socket{link: m, report: m.report}, nil
}

func (m *mmsg) open() (err error) {
	p, f := m.plan, &m.report.facts
	if p.auto && !p.multicast() {
		if p.Datagram, err = m.pathDatagram(); err != nil {
			return err
		}
	}
	*f = Facts{
		Kind: Native, Kernel: m.k.release(), Group: p.Group, Multicast: p.multicast(),
		Interface: p.ifi.Name, Loopback: p.loopback, DatagramBytes: p.Datagram, Wait: p.Wait,
	}
	if err = m.probe(); err != nil {
		return err
	}
	for _, step := range []func() error{m.openUnicast, m.openGroup, m.openArena, m.assemble} {
		if err = step(); err != nil {
			return err
		}
	}
	return nil
}

// probe decides about trains.
func (m *mmsg) probe() error {
	p, f := m.plan, &m.report.facts
	found := runProbe(m.k, p)
	if found.unsure != nil {
		m.report.degrade("probe", found.unsure)
	}
	f.Charge = found.charge
	var err error
	if f.GSO, err = m.decide("gso", p.GSO, found.gso); err != nil {
		return invalid("GSO", "%w", err)
	}
	if f.GRO, err = m.decide("gro", p.GRO, found.gro); err != nil {
		return invalid("GRO", "%w", err)
	}
	f.MaxSegments, f.MaxTrainBytes = batch.MaxSegments, batch.MaxTrainBytes
	f.Runt = f.GSO.Mode == ModeOn && (p.Runt == On || p.Runt == Auto && manglesEvenTrains(f.Kernel))
	if f.Runt {
		f.MaxSegments--
		f.MaxTrainBytes--
	}
	f.SlotBytes = slotBytes(p.Datagram)
	if f.GRO.Mode == ModeOn {
		f.SlotBytes = batch.ChunkBytes
	}
	return nil
}

// decide turns a switch and the probe's answer into what is in force.
func (m *mmsg) decide(what string, s Switch, cause error) (State, error) {
	switch {
	case s == Off:
		return State{}, nil
	case cause == nil:
		return State{Mode: ModeOn}, nil
	case s == On:
		return State{}, cause
	}
	m.report.degrade(what, cause)
	return State{ModeFallback, cause.Error()}, nil
}

// openUnicast opens the own socket.
func (m *mmsg) openUnicast() (err error) {
	p, f := m.plan, &m.report.facts
	if m.fd, err = newSocket(p.v6); err != nil {
		return err
	}
	if err = m.common(m.fd); err != nil {
		return err
	}
	if p.multicast() {
		if err = m.sendMulticast(); err != nil {
			return err
		}
	}
	if err = bind(m.fd, p.Bind, p.v6, &m.zones); err != nil {
		return invalid("Bind", "%v: %w", p.Bind, err)
	}
	if f.Local, err = localOf(m.fd, &m.zones); err != nil {
		return err
	}
	f.SendBufferBytes = m.buffer(m.fd, "send buffer", unix.SO_SNDBUFFORCE, unix.SO_SNDBUF, p.SendBuffer, wantedSend)
	f.ReceiveBufferBytes = m.receiveBuffer(m.fd)
	return nil
}

// sendMulticast sets where multicast goes out and how far.
func (m *mmsg) sendMulticast() error {
	p, f := m.plan, &m.report.facts
	f.TTL = max(p.TTL, 1)
	if p.loopback {
		f.TTL = 0 // it must not leave the host, whatever the routes say
	}
	loop := 1
	if p.NoLoopback && !p.loopback {
		loop = 0
	}
	if p.v6 {
		return errors.Join(
			m.set(m.fd, unix.IPPROTO_IPV6, unix.IPV6_MULTICAST_IF, p.ifi.Index, "IPV6_MULTICAST_IF"),
			m.set(m.fd, unix.IPPROTO_IPV6, unix.IPV6_MULTICAST_HOPS, f.TTL, "IPV6_MULTICAST_HOPS"),
			m.set(m.fd, unix.IPPROTO_IPV6, unix.IPV6_MULTICAST_LOOP, loop, "IPV6_MULTICAST_LOOP"))
	}
	via := &unix.IPMreqn{Ifindex: int32(p.ifi.Index), Address: p.ifAddr.As4()}
	return errors.Join(
		os.NewSyscallError("setsockopt IP_MULTICAST_IF",
			unix.SetsockoptIPMreqn(m.fd, unix.IPPROTO_IP, unix.IP_MULTICAST_IF, via)),
		m.set(m.fd, unix.IPPROTO_IP, unix.IP_MULTICAST_TTL, f.TTL, "IP_MULTICAST_TTL"),
		m.set(m.fd, unix.IPPROTO_IP, unix.IP_MULTICAST_LOOP, loop, "IP_MULTICAST_LOOP"))
}

// openGroup opens the socket that all of this host's processors of the group
// have in common by address and port: each gets a copy (SO_REUSEADDR).
func (m *mmsg) openGroup() (err error) {
	p, f := m.plan, &m.report.facts
	if !p.multicast() {
		return nil
	}
	if m.group, err = newSocket(p.v6); err != nil {
		return err
	}
	if err = m.set(m.group, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1, "SO_REUSEADDR"); err != nil {
		return err
	}
	if err = m.common(m.group); err != nil {
		return err
	}
	// Before it is bound: nothing of our own gets in.
	if !p.NoLoopback || p.loopback {
		if err = m.k.attachFilter(m.group, ownFilter(f.Local)); err != nil {
			m.report.degrade("filter", os.NewSyscallError("setsockopt SO_ATTACH_FILTER", err))
		}
		f.Filter = err == nil
	}
	// Bound to the group, it hears nothing else; yet another socket's groups
	// on the same address would reach it without this.
	if p.v6 {
		m.may(m.group, unix.IPPROTO_IPV6, unix.IPV6_MULTICAST_ALL, 0, "IPV6_MULTICAST_ALL")
	} else {
		m.may(m.group, unix.IPPROTO_IP, unix.IP_MULTICAST_ALL, 0, "IP_MULTICAST_ALL")
	}
	f.ReceiveBufferBytes = min(f.ReceiveBufferBytes, m.receiveBuffer(m.group))
	at := p.Group
	if a := at.Addr(); a.Is6() && a.Zone() == "" && (a.IsLinkLocalMulticast() || a.IsInterfaceLocalMulticast()) {
		at = netip.AddrPortFrom(a.WithZone(p.ifi.Name), at.Port())
	}
	if err = bind(m.group, at, p.v6, &m.zones); err != nil {
		return invalid("Group", "%v: %w", at, err)
	}
	return m.join()
}

func (m *mmsg) join() error {
	p := m.plan
	var err error
	if p.v6 {
		err = unix.SetsockoptIPv6Mreq(m.group, unix.IPPROTO_IPV6, unix.IPV6_JOIN_GROUP,
			&unix.IPv6Mreq{Multiaddr: p.Group.Addr().As16(), Interface: uint32(p.ifi.Index)})
	} else {
		err = unix.SetsockoptIPMreqn(m.group, unix.IPPROTO_IP, unix.IP_ADD_MEMBERSHIP,
			&unix.IPMreqn{Multiaddr: p.Group.Addr().As4(), Address: p.ifAddr.As4(), Ifindex: int32(p.ifi.Index)})
	}
	if err != nil {
		return invalid("Group", "joining %v on %s: %w", p.Group, p.ifi.Name, err)
	}
	return nil
}

// openArena tunes the ring and, if nobody gave memory for it, maps some: the
// ring itself and as much again for what is kept.
func (m *mmsg) openArena() (err error) {
	p, f := m.plan, &m.report.facts
	f.NIC = probeNIC(m.k, m.fd, p.ifi.Name)
	f.Charge.complete(p.Datagram, f.GRO.Mode == ModeOn && f.NIC.RxRing == 0)
	tune(f, p)
	if p.Arena != nil {
		return nil
	}
	per := max(batch.ChunkBytes/f.SlotBytes, 1)
	chunks := (f.RingSlots + per - 1) / per
	if m.mapped, err = Map(2 * chunks * batch.ChunkBytes); err != nil {
		return err
	}
	p.Arena = batch.NewArena(m.mapped)
	return nil
}

// assemble puts sender, receiver and waiter onto the sockets.
func (m *mmsg) assemble() (err error) {
	p, r := m.plan, m.report
	if r.facts.Wait == Adaptive && cores() <= 2 {
		r.facts.Wait = Block
		r.degrade("wait", fmt.Errorf("%d cores are too few to spin: blocking", cores()))
	}
	sources := make([]source, 0, 2)
	if m.group >= 0 {
		sources = append(sources, source{fd: m.group, group: true, filter: r.facts.Filter})
	}
	sources = append(sources, source{fd: m.fd})
	m.out = newSender(m.k, m.fd, p, r, &m.zones)
	m.setPeers(p.Peers)
	m.in = newReceiver(m.k, sources, p, r, &m.zones)
	fds := make([]int, len(sources))
	for i := range sources {
		fds[i] = sources[i].fd
	}
	if m.parking, err = newParking(fds); err != nil {
		m.parking = nil
		return err
	}
	m.waiter = newWaiter(m.k, sources, m.parking, r)
	return nil
}

func (m *mmsg) setPeers(peers []netip.AddrPort) {
	p, f := m.plan, &m.report.facts
	p.Peers = others(peers, f.Local, p.v6)
	f.Peers = len(p.Peers)
	m.out.setPeers(p.Peers)
}
