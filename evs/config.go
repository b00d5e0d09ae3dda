package evs

import (
	"log/slog"
	"net/netip"
	"time"

	"stampede/batch"
	"stampede/sock"
	"stampede/wire"
)

// Switch turns a kernel feature off, or leaves it to be probed.
type Switch = sock.Switch

// Wait is how the loop waits for the network.
type Wait = sock.Wait

// Compression is the codec for batches of messages.
type Compression = wire.Codec

// Config describes a processor. The zero value of a field asks for its default.
// Open names the field that it cannot accept.
type Config struct {
	// Cluster keeps clusters that share a network apart. Datagrams of another
	// are dropped. Default "stampede".
	Cluster string
	// ID is this processor's own, unique in the cluster, not 0. Required.
	ID ProcessorID
	// Start lists the processors, this one included, that form the first
	// configuration together; Open returns when all have met. Default: this
	// one alone.
	Start []ProcessorID

	// Bind is the address that this processor sends from and is answered at;
	// port 0 lets the kernel choose. Default: 127.0.0.1 with any port.
	Bind netip.AddrPort
	// Multicast is the group address and port that all share. When it is not
	// set, every datagram is sent to each of Peers.
	Multicast netip.AddrPort
	// Interface names the network interface of Multicast; default: the one
	// that has the address Bind.
	Interface string
	// TTL is the hop limit of multicast datagrams: default 0 (this host) when
	// Bind is a loopback address, else 1.
	TTL int
	// Peers are the unicast addresses of the other processors; this
	// processor's own address may stand among them.
	Peers []netip.AddrPort
	// MTU is the largest IP packet in bytes, at least 576. Default: what the
	// interface says, at most 9000 (on loopback 1500).
	MTU int
	// Socket is sock.Native, or sock.Portable to do without the kernel's batches.
	Socket   sock.Kind
	GSO, GRO Switch
	Wait     Wait
	// ReceiveBatch is the number of messages of one recvmmsg; default 64, or
	// what suits the interface.
	ReceiveBatch int
	// ReceiveBufferBytes is asked of the kernel for each socket; the default
	// is as much as it grants, up to 8 MiB.
	ReceiveBufferBytes int

	// MaxMessageBytes is the longest message, at most 64 MiB; all processors
	// of a cluster must agree. Default 1 MiB.
	MaxMessageBytes int
	// HistoryBytes is the memory for what has arrived and is not yet stable
	// and released. Default 16 MiB, of which only what is used is touched.
	HistoryBytes int
	// ReassemblyBytes is the memory in which fragments are joined: at least
	// twice MaxMessageBytes for every member. Default: four times.
	ReassemblyBytes int
	// WindowBytes bounds what may be under way to this processor, of all senders
	// together; the least of the members counts, and what their receive buffers
	// hold. More keeps a long path busy, less keeps the caches warm and the
	// latency under load low. Default 768 KiB.
	WindowBytes int
	// SendQueueBytes is the memory for messages accepted and not yet sent:
	// at it Mcast blocks and TryMcast returns ErrAgain. A longer message is
	// accepted when nothing else waits. Default 512 KiB.
	SendQueueBytes int
	// Compress is the codec for message batches. Default none.
	Compress Compression
	// NoCheck leaves the CRC-32C of datagrams out, for measuring its price;
	// all processors must agree.
	NoCheck bool

	// FixedSequencer keeps the role of the sequencer where it is. Otherwise it
	// goes to the processor that sends three quarters of all datagrams for a
	// tenth of a second: its messages are then agreed in one hop instead of two.
	FixedSequencer bool

	// JoinInterval is the time between two joins while a configuration forms.
	// Default 20 ms.
	JoinInterval time.Duration
	// Heartbeat is the longest silence of an idle processor. Default 20 ms.
	Heartbeat time.Duration

	// Network replaces the sockets. Default: what Listen opens.
	Network Network
	// Logger gets what an operator wants to know: effective values, degraded
	// features, configurations. Default: nothing is logged.
	Logger *slog.Logger
}

// Network carries trains of datagrams; *sock.Socket is one. Its methods are
// called from the loop alone, but for Wake and Facts, which any goroutine may call.
type Network interface {
	// Send hands a burst to the network, whole: what the network refuses is
	// lost, as on any wire.
	Send(b *batch.Burst) error
	// Receive fills dst with what has arrived and never blocks. The memory is
	// good until the next Receive, or until its chunk is released if kept.
	Receive(dst []batch.Arrival) (int, error)
	// Wait blocks until something has arrived, Wake is called, or d has
	// passed; a negative d is for ever.
	Wait(d time.Duration) error
	// Wake ends a Wait, the present one or the next.
	Wake()
	// Facts tells what the network can do.
	Facts() sock.Facts
	Close() error
}
