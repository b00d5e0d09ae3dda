package sock

import (
	"net/netip"
	"time"

	"stampede/batch"
)

// Kind says which implementation carries the datagrams.
type Kind uint8

const (
	// Native is the best that the system has: sendmmsg, recvmmsg, UDP_SEGMENT
	// and UDP_GRO on Linux; elsewhere the same as Portable.
	Native Kind = iota
	// Portable uses package net and golang.org/x/net only: one system call a
	// datagram, one goroutine a socket, arrivals that must be copied.
	Portable
)

func (k Kind) String() string { return name(int(k), "native", "portable") }

// Switch turns something on or off, or leaves it to the probe.
type Switch uint8

const (
	Auto Switch = iota // on if the probe says so; off, and reported, when it fails later
	Off                // never tried
	On                 // Open fails if the probe says no; later failures fall back as with Auto
)

func (s Switch) String() string { return name(int(s), "auto", "off", "on") }

// Wait is how Socket.Wait passes the time.
type Wait uint8

const (
	// Block sleeps in the runtime's poller: no processor time, a wake-up of 5 to 50 µs.
	Block Wait = iota
	// Spin polls until something happens: a whole core, no wake-up.
	Spin
	// Adaptive spins for a bounded time and then blocks. With two cores or
	// fewer it blocks at once: who spins there keeps the peer from running.
	Adaptive
)

func (w Wait) String() string { return name(int(w), "block", "spin", "adaptive") }

func name(i int, names ...string) string {
	if i < len(names) {
		return names[i]
	}
	return "unknown"
}

// Config says what to open. The zero value of every field but Bind, Group and
// Peers is a good default. Open judges it and names the field that is wrong.
type Config struct {
	Kind Kind

	// Bind is the own unicast address: everything is sent from it, and unicast
	// datagrams arrive at it. Port 0 = any. No address, or the unspecified one
	// = the address of the interface.
	Bind netip.AddrPort

	// Group is the multicast address and port that a train to everybody goes
	// to. Zero = unicast: such a train goes to each of Peers.
	Group netip.AddrPort

	// Interface is a name ("eth0") or an address on one. Empty = the one that
	// has Bind's address, else the one that the route to Group or to the first
	// peer takes. On the loopback interface multicast stays there (TTL 0).
	Interface string

	// Peers is everybody else, for unicast, until SetPeers. The own address and
	// repetitions are left out.
	Peers []netip.AddrPort

	// NoLoopback says that no other processor of the group runs on this host.
	// Then nothing sent comes back (IP_MULTICAST_LOOP off). Otherwise it does,
	// and a filter in the kernel drops what this very socket has sent. The
	// loopback interface always loops.
	NoLoopback bool

	// TTL of multicast: 1..255 hops, 0 = 1 (IPv6: hop limit).
	TTL int

	// Datagram is the payload of a full datagram in bytes. 0 = what the path
	// takes (the least MTU of the interface and of the known paths to Peers,
	// less IP and UDP headers), at most MaxAutoDatagram.
	Datagram int

	// ReceiveBuffer and SendBuffer are wanted sizes of the kernel's buffers in
	// bytes, 0 = large. Facts tell what was granted.
	ReceiveBuffer, SendBuffer int

	GSO Switch // UDP_SEGMENT: one send, many datagrams
	GRO Switch // UDP_GRO: one receive, many datagrams

	// Runt appends a datagram of one zero byte to every train whose datagrams
	// are all of one length. Linux 7.0 to 7.1.4 mangles such trains on some
	// devices; Auto = only there. Receivers have to ignore the runts.
	Runt Switch

	// Batch is the number of messages asked for in one recvmmsg, RingSlots the
	// most that one Receive takes in. 0 = from the kernel and, where its
	// driver answers, the network card: see Facts.
	Batch, RingSlots int

	Wait Wait

	// BusyPoll > 0, 1 µs to 1 s, sets SO_BUSY_POLL (socket(7)): a Receive that
	// finds nothing takes in what the card has, and does not wait for its
	// interrupt. Wait looks at the card in that way only where
	// net.core.busy_poll is set too, and then while it spins, for so long at a
	// time. Real cards only; it costs a look at the card for each empty Receive.
	// Open fails where it cannot be: more than net.core.busy_read takes
	// CAP_NET_ADMIN, and it is Linux's, without Portable.
	BusyPoll time.Duration

	// Arena is the memory that datagrams arrive in; the socket shares it with
	// its other users on the same goroutine. nil = a mapping of the socket's
	// own, which Close takes away.
	Arena *batch.Arena
}

// Socket is one processor's door to the network. One goroutine, the loop,
// calls its methods; only Wake, Facts and Local are for all, and Close may be
// called from elsewhere once the loop has ended. Degraded ways are taken silently, counted in Stats and told once
// by Degradations.
type Socket struct {
	link   link
	report *report
}

// link is what the implementations share.
type link interface {
	send(b *batch.Burst) error
	receive(dst []batch.Arrival) (int, error)
	wait(d time.Duration) error
	wake()
	setPeers(peers []netip.AddrPort)
	refresh() // brings what is not counted as it happens into the report
	pathDatagram() (int, error)
	close() error
}

// Open opens a socket. An error that is the configuration's fault names its
// field ("sock: Config.Group: …"); others carry the failed system call's name.
func Open(c Config) (*Socket, error) {
	p, err := resolve(c)
	if err != nil {
		return nil, err
	}
	if c.Kind == Portable {
		return openPortable(p)
	}
	return openNative(p)
}

// Send sends the trains of b in order, a train to the zero address to the
// group or to every peer. It copies nothing and keeps nothing: b and its
// memory are the caller's again on return.
//
// A datagram that cannot be sent is a lost datagram: Send counts it by cause
// in Stats and goes on. When the kernel's buffer is full it waits, over the
// whole call at most SendPatience, and then drops. An error means that the
// socket is of no more use; trains before the failed one have been sent.
func (s *Socket) Send(b *batch.Burst) error { return s.link.send(b) }

// Receive takes in what has arrived, at most len(dst) messages, each one
// datagram or a train of them. It never blocks; 0 means that nothing was
// there. Multicast and unicast take turns in going first.
//
// An arrival's Bytes are valid until the next Receive, or for as long as its
// Chunk is kept (Chunk.Keep, Chunk.Release). Where Chunk is nil they must be
// copied. When the arena is empty arrivals come, a few at a time, in memory of
// the socket's own with a nil Chunk, so that acknowledgements still get
// through; the rest waits in the kernel's buffer.
func (s *Socket) Receive(dst []batch.Arrival) (int, error) { return s.link.receive(dst) }

// Wait returns nil when there is something to receive, when Wake was called
// since the last Wait returned, or when d has passed. d = 0 only looks, d < 0
// waits for ever. It may return early for no reason.
func (s *Socket) Wait(d time.Duration) error { return s.link.wait(d) }

// Wake makes the Wait that is under way return, or else the next one. Any
// goroutine may call it at any time, also after Close. It costs one atomic
// load when the socket has been woken already, an atomic swap the first time,
// and a system call only if the loop sleeps.
func (s *Socket) Wake() { s.link.wake() }

// Local is the address that datagrams are sent from. Safe for concurrent use.
func (s *Socket) Local() netip.AddrPort { return s.report.told.Load().Local }

// Facts tells what the socket came to and what is in force now. Safe for
// concurrent use.
func (s *Socket) Facts() Facts { return *s.report.told.Load() }

// Stats returns the counters. With the kernel's filter in force it makes a
// system call to tell overruns from filtered datagrams: once a pass, not once
// a message.
func (s *Socket) Stats() Stats {
	s.link.refresh()
	return s.report.stats
}

// Degradations returns what had to be given up since the last call, nil if
// nothing. Right after Open: what the probes found missing.
func (s *Socket) Degradations() []Degradation {
	d := s.report.degradations
	s.report.degradations = nil
	return d
}

// PathDatagram asks the kernel again how long a datagram may be: it learns of
// narrower paths from ICMP, after Send began to count DroppedTooBig or
// datagrams began to vanish. Not for every pass.
func (s *Socket) PathDatagram() (int, error) { return s.link.pathDatagram() }

// Close closes the sockets. Afterwards Send, Receive and Wait return
// net.ErrClosed, and arrivals in the socket's own arena are gone. Closing
// again does nothing.
func (s *Socket) Close() error { return s.link.close() }
