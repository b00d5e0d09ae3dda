package sock

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"runtime"
	"sync"
	"syscall"
	"time"

	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"

	"stampede/batch"
)

// portableSlots is the number of receive buffers: a few thousand datagrams
// wait in the kernel, these only bridge the hand-over between goroutines.
const portableSlots = 4 * napiWeight

// maxReaders is one for each socket.
const maxReaders = 2

// portableGrace is how long a datagram may take once SendPatience is over.
const portableGrace = time.Millisecond

var errPortable = errors.New("the portable socket sends and receives datagram by datagram")

// portable is the implementation for every system that Go has a network on. A
// goroutine for each socket reads into buffers and hands them to the loop.
type portable struct {
	plan   *plan
	report *report

	conn, group *net.UDPConn // group nil without multicast
	peers       []netip.AddrPort

	// There is a buffer for each reader beyond RingSlots, which is the most
	// that is held: no reader goes without while Wait relies on it.
	free   chan []byte // buffers to read into; room for all
	filled chan parcel // buffers with something in them; room for all
	held   [][]byte    // what the last receive handed out, at most RingSlots
	early  []parcel    // what wait took in, at most one

	bell    doorbell
	ringing chan struct{}
	timer   *time.Timer
	done    chan struct{} // closed by close
	readers sync.WaitGroup
	closed  bool

	full    bool     // the send buffer, during one send
	parts   [][]byte // of one datagram
	scratch []byte   // where they are put together
}

// parcel is what a reader got: a datagram, or an error.
type parcel struct {
	buffer []byte
	n      int
	from   netip.AddrPort
	group  bool
	err    error
}

func openPortable(p *plan) (*Socket, error) {
	for field, s := range map[string]Switch{"GSO": p.GSO, "GRO": p.GRO, "Runt": p.Runt} {
		if s == On {
			return nil, invalid(field, "%w", errPortable)
		}
	}
	if p.BusyPoll > 0 {
		return nil, invalid("BusyPoll", "%w", errPortable)
	}
	l := &portable{plan: p, report: new(report), done: make(chan struct{})}
	if err := l.open(); err != nil {
		l.closeConns()
		return nil, err
	}
	l.start()
	l.report.tell()
	return &Socket{link: l, report: l.report}, nil
}

func (l *portable) open() error {
	p, f := l.plan, &l.report.facts
	*f = Facts{
		Kind: Portable, Kernel: runtime.GOOS, Group: p.Group, Multicast: p.multicast(),
		Interface: p.ifi.Name, Loopback: p.loopback,
		DatagramBytes: p.Datagram, MaxSegments: batch.MaxSegments, MaxTrainBytes: batch.MaxTrainBytes,
		GSO: portableState(p.GSO), GRO: portableState(p.GRO),
		Batch: 1, RingSlots: portableSlots, SlotBytes: slotBytes(p.Datagram), Wait: Block,
	}
	if p.RingSlots > 0 {
		f.RingSlots = p.RingSlots
	}
	if p.Wait != Block {
		l.report.degrade("wait", errors.New("the portable socket always blocks"))
	}
	f.Charge.complete(p.Datagram, false)
	if err := l.openUnicast(); err != nil {
		return err
	}
	if p.multicast() {
		if err := l.openGroup(); err != nil {
			return err
		}
	}
	l.setPeers(p.Peers)
	return nil
}

func (l *portable) setPeers(peers []netip.AddrPort) {
	l.peers = others(peers, l.report.facts.Local, l.plan.v6)
	l.report.facts.Peers = len(l.peers)
}

func portableState(s Switch) State {
	if s == Off {
		return State{}
	}
	return State{ModeFallback, errPortable.Error()}
}

func (l *portable) network() string {
	if l.plan.v6 {
		return "udp6"
	}
	return "udp4"
}

// listen opens a socket. Package net binds the wildcard address and allows
// several sockets if at is a multicast address.
func (l *portable) listen(at netip.AddrPort) (*net.UDPConn, error) {
	var optional error
	lc := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		return c.Control(func(fd uintptr) { optional = prepare(fd, l.plan.v6) })
	}}
	conn, err := lc.ListenPacket(context.Background(), l.network(), at.String())
	if err != nil {
		return nil, err
	}
	if optional != nil {
		l.report.degrade("options", optional)
	}
	return conn.(*net.UDPConn), nil
}

func (l *portable) openUnicast() (err error) {
	p, f := l.plan, &l.report.facts
	if l.conn, err = l.listen(p.Bind); err != nil {
		return invalid("Bind", "%w", err)
	}
	f.Local = unmap(l.conn.LocalAddr().(*net.UDPAddr).AddrPort())
	if p.multicast() {
		f.TTL = max(p.TTL, 1)
		if p.loopback {
			f.TTL = 0
		}
		if err := l.sendMulticast(); err != nil {
			return invalid("Interface", "%s: %w", p.ifi.Name, err)
		}
	}
	f.SendBufferBytes = l.buffer(l.conn, "send buffer", l.conn.SetWriteBuffer, false, p.SendBuffer, wantedSend)
	f.ReceiveBufferBytes = l.receiveBuffer(l.conn)
	return nil
}

func (l *portable) sendMulticast() error {
	p, f := l.plan, &l.report.facts
	loop := !p.NoLoopback || p.loopback
	if p.v6 {
		c := ipv6.NewPacketConn(l.conn)
		return errors.Join(c.SetMulticastInterface(p.ifi), c.SetMulticastHopLimit(f.TTL), c.SetMulticastLoopback(loop))
	}
	c := ipv4.NewPacketConn(l.conn)
	return errors.Join(c.SetMulticastInterface(p.ifi), c.SetMulticastTTL(f.TTL), c.SetMulticastLoopback(loop))
}

func (l *portable) openGroup() (err error) {
	p, f := l.plan, &l.report.facts
	if l.group, err = l.listen(p.Group); err != nil {
		return invalid("Group", "%w", err)
	}
	group := &net.UDPAddr{IP: p.Group.Addr().AsSlice()}
	if p.v6 {
		err = ipv6.NewPacketConn(l.group).JoinGroup(p.ifi, group)
	} else {
		err = ipv4.NewPacketConn(l.group).JoinGroup(p.ifi, group)
	}
	if err != nil {
		return invalid("Group", "joining %v on %s: %w", p.Group, p.ifi.Name, err)
	}
	f.ReceiveBufferBytes = min(f.ReceiveBufferBytes, l.receiveBuffer(l.group))
	return nil
}

func (l *portable) receiveBuffer(conn *net.UDPConn) int {
	return l.buffer(conn, "receive buffer", conn.SetReadBuffer, true, l.plan.ReceiveBuffer, wantedReceive)
}

// buffer halves its wish until it is granted; most systems refuse too much.
func (l *portable) buffer(conn *net.UDPConn, what string, set func(int) error, receive bool, wanted, otherwise int) int {
	asked := wanted != 0
	if !asked {
		wanted = otherwise
	}
	size, err := wanted, set(wanted)
	for err != nil && size > 1 {
		size /= 2
		err = set(size)
	}
	granted := size
	if raw, e := conn.SyscallConn(); e == nil {
		raw.Control(func(fd uintptr) {
			if n, e := bufferBytes(fd, receive); e == nil {
				granted = n
			}
		})
	}
	if err != nil {
		l.report.degrade(what, err)
	} else if asked && granted < wanted {
		l.report.degrade(what, errors.New("less was granted than wanted"))
	}
	return granted
}

func (l *portable) start() {
	f := &l.report.facts
	buffers := f.RingSlots + maxReaders
	l.free = make(chan []byte, buffers)
	l.filled = make(chan parcel, buffers)
	l.held = make([][]byte, 0, f.RingSlots)
	l.early = make([]parcel, 0, 1)
	l.ringing = make(chan struct{}, 1)
	l.timer = time.NewTimer(time.Hour)
	l.timer.Stop()
	for range buffers {
		l.free <- make([]byte, f.SlotBytes+1) // one more: a datagram that fills it was too long
	}
	l.bell.write = func() {
		select {
		case l.ringing <- struct{}{}:
		default: // it rings already
		}
	}
	l.readers.Go(func() { l.read(l.conn, false) })
	if l.group != nil {
		l.readers.Go(func() { l.read(l.group, true) })
	}
}

func (l *portable) pathDatagram() (int, error) {
	ifi, err := net.InterfaceByIndex(l.plan.ifi.Index)
	if err != nil {
		return 0, err
	}
	return max(min(ifi.MTU-l.plan.headers(), MaxAutoDatagram), MinDatagram), nil
}

func (l *portable) close() error {
	l.bell.close(func() {
		l.closed = true
		close(l.done)
		l.closeConns()
		l.readers.Wait()
		l.timer.Stop()
	})
	return nil
}

func (l *portable) closeConns() {
	for _, c := range []*net.UDPConn{l.conn, l.group} {
		if c != nil {
			c.Close()
		}
	}
}
