package sock

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"time"
)

// Limits of Config, and what stands for zero in it.
const (
	MinDatagram     = 512        // every IPv4 host takes 576 bytes with headers (RFC 791)
	MaxDatagram     = 65535 - 48 // IP length less the longest headers; also of a train
	MaxAutoDatagram = 9000 - 28  // a jumbo frame's: longer ones (loopback) would leave nothing for a train
	MaxBatch        = 1024       // UIO_MAXIOV: the kernel caps longer vectors
	MaxRingSlots    = 4096       // 256 MiB of 64 KiB slots
	napiWeight      = 64         // frames the kernel takes from a card in one go (NAPI_POLL_WEIGHT)
	wantedReceive   = 8 << 20    // 8 ms of 1 GB/s; a longer stall of the loop is loss
	wantedSend      = 4 << 20    // 64 trains; the device's queue should be the limit, not the socket
	headersIPv4     = 20 + 8     // IP and UDP
	headersIPv6     = 40 + 8
	maxBusyPoll     = time.Second // more is surely a mistake in units
)

// SendPatience is how long one Send waits, all in all, for the kernel to take
// datagrams: a full send buffer of 8 MiB drains to its half in 34 ms at 1 Gb/s.
const SendPatience = 50 * time.Millisecond

// plan is a Config that was judged, with every choice made that can be made
// before a socket exists.
type plan struct {
	Config // Bind, Group, Peers unmapped and of one family; Bind's address concrete; Datagram set

	v6       bool
	auto     bool // Datagram was left open: paths to peers may narrow it
	ifi      *net.Interface
	ifAddr   netip.Addr // an address of ifi, of the family
	loopback bool
}

func invalid(field, format string, args ...any) error {
	return fmt.Errorf("sock: Config.%s: %w", field, fmt.Errorf(format, args...))
}

func (p *plan) multicast() bool { return p.Group.IsValid() }

// headers is the length of the IP and UDP headers.
func (p *plan) headers() int {
	if p.v6 {
		return headersIPv6
	}
	return headersIPv4
}

// resolve judges c and makes the choices that it leaves open.
func resolve(c Config) (*plan, error) {
	p := &plan{Config: c}
	for _, step := range []func() error{
		p.judgeNumbers, p.judgeAddresses, p.chooseInterface, p.chooseBind, p.chooseDatagram,
	} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return p, nil
}

func (p *plan) judgeNumbers() error {
	within := func(field string, v, least, most int) error {
		if v != 0 && (v < least || v > most) {
			return invalid(field, "%d is not within %d to %d", v, least, most)
		}
		return nil
	}
	const maxBuffer = 1 << 30 // the kernel doubles it into an int
	return errors.Join(
		within("Kind", int(p.Kind), 0, int(Portable)),
		within("GSO", int(p.GSO), 0, int(On)),
		within("GRO", int(p.GRO), 0, int(On)),
		within("Runt", int(p.Runt), 0, int(On)),
		within("Wait", int(p.Wait), 0, int(Adaptive)),
		within("TTL", p.TTL, 1, 255),
		within("Datagram", p.Datagram, MinDatagram, MaxDatagram),
		within("ReceiveBuffer", p.ReceiveBuffer, 1, maxBuffer),
		within("SendBuffer", p.SendBuffer, 1, maxBuffer),
		within("Batch", p.Batch, 1, MaxBatch),
		within("RingSlots", p.RingSlots, 1, MaxRingSlots),
		within("BusyPoll", int(p.BusyPoll), int(time.Microsecond), int(maxBusyPoll)),
	)
}

// judgeAddresses brings all addresses into one family.
func (p *plan) judgeAddresses() error {
	p.Bind, p.Group = unmap(p.Bind), unmap(p.Group)
	peers := make([]netip.AddrPort, 0, len(p.Peers))
	for i, a := range p.Peers {
		a = unmap(a)
		switch field := fmt.Sprintf("Peers[%d]", i); {
		case !a.IsValid() || a.Addr().IsUnspecified() || a.Port() == 0:
			return invalid(field, "%v is not an address and port", a)
		case a.Addr().IsMulticast():
			return invalid(field, "%v is a multicast address", a)
		case a.Addr().Is6() != p.Peers[0].Addr().Unmap().Is6():
			return invalid(field, "%v is not of the family of %v", a, p.Peers[0])
		case !slices.Contains(peers, a):
			peers = append(peers, a)
		}
	}
	p.Peers = peers
	if p.multicast() {
		switch {
		case !p.Group.Addr().IsMulticast() || p.Group.Port() == 0:
			return invalid("Group", "%v is not a multicast address and port", p.Group)
		case len(peers) > 0:
			return invalid("Peers", "not together with Group")
		}
	}
	if p.Bind.Addr().IsMulticast() {
		return invalid("Bind", "%v is a multicast address", p.Bind)
	}
	return p.judgeFamily()
}

func unmap(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
}

// far is the address that says where to: the group or the first peer.
func (p *plan) far() netip.AddrPort {
	if p.multicast() {
		return p.Group
	}
	if len(p.Peers) > 0 {
		return p.Peers[0]
	}
	return netip.AddrPort{}
}

func (p *plan) judgeFamily() error {
	far, bind := p.far(), p.Bind
	switch {
	case far.IsValid() && bind.IsValid() && far.Addr().Is6() != bind.Addr().Is6():
		return invalid("Bind", "%v is not of the family of %v", bind, far)
	case far.IsValid():
		p.v6 = far.Addr().Is6()
	case bind.IsValid():
		p.v6 = bind.Addr().Is6()
	}
	return nil
}

// chooseDatagram sets the full datagram's length.
func (p *plan) chooseDatagram() error {
	most := min(p.ifi.MTU-p.headers(), MaxDatagram)
	switch {
	case p.Datagram > most:
		return invalid("Datagram", "%d bytes and %d of headers do not fit the MTU of %s, %d",
			p.Datagram, p.headers(), p.ifi.Name, p.ifi.MTU)
	case most < MinDatagram:
		return invalid("Interface", "the MTU of %s, %d, is too small", p.ifi.Name, p.ifi.MTU)
	case p.Datagram == 0:
		p.Datagram, p.auto = min(most, MaxAutoDatagram), true
	}
	return nil
}

// slotBytes is the room that one message needs without GRO: a full datagram
// or a usual probe of the path, from a cache line on.
func slotBytes(datagram int) int {
	const least, line = 2048, 64
	return (max(datagram, least) + line - 1) &^ (line - 1)
}
