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
	// Start lists processors, this one included, without all of whom there is
	// no first configuration: Open waits for them. Default: the first
	// configuration has whoever is heard of within Beacon and two JoinIntervals,
	// at least this processor; where Peers are none it is alone at once.
	Start []ProcessorID
	// Members is for how many members memory is provided: see HistoryBytes and
	// ReassemblyBytes. A configuration may have more. Default: as many as Start
	// lists, or 8.
	Members int

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
	// Peers are unicast addresses at which others may be found when Multicast is
	// not set; one that answers is enough, since it tells of the others. This
	// processor's own address may stand among them.
	Peers []netip.AddrPort
	// MTU is the largest IP packet in bytes, at least 576. Default: what the
	// interface says, at most 9000 (on loopback 1500).
	MTU int
	// Socket is sock.Native, or sock.Portable to do without the kernel's batches.
	Socket   sock.Kind
	GSO, GRO Switch
	Wait     Wait
	// BusyPoll lets the loop take in what the network card has without waiting for
	// its interrupt (SO_BUSY_POLL), 1 µs to 1 s: see sock.Config.BusyPoll and
	// docs/tuning.md. It is refused where it cannot be, and on the loopback
	// interface, which has no card. Default 0: off.
	BusyPoll time.Duration
	// CPUs are the processors, by the kernel's numbers from 0, that the loop may
	// run on: it is locked to a thread of its own, and that to them
	// (sched_setaffinity(2)). What Handle.Serve calls runs there too; all other
	// goroutines run anywhere, also there: to keep a core free of them is the
	// operator's part (isolcpus, cpusets). Linux only. Default none: the runtime
	// chooses the thread and the kernel the core, which is faster wherever the
	// loop sleeps now and then: a locked thread that sleeps has to be woken by
	// another one. docs/tuning.md has what it costs.
	CPUs []int
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
	// and released, of old configurations too while applications are behind; at
	// least 1 MiB for each of Members. More members have less each. Default
	// 16 MiB, of which only what is used is touched.
	HistoryBytes int
	// ReassemblyBytes is the memory in which fragments are joined: at least
	// twice MaxMessageBytes for each of Members. Deliveries wait while it is
	// used up. A configuration of more members gets that least for each of them,
	// which the processor keeps. Default: four times.
	ReassemblyBytes int
	// WindowBytes bounds what may be under way to this processor, of all senders
	// together; the least of the members counts, and what their receive buffers
	// hold. More keeps a long path busy, less keeps the caches warm and the
	// latency under load low. Default DefaultWindow.
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

	// Detect is for how long a member may be silent before it is taken for
	// failed, and the others go on without it; at least 10 ms. Time in which
	// this processor itself did not run does not count. Default 300 ms.
	Detect time.Duration
	// JoinInterval is the time between two joins while a configuration forms.
	// Default an eighth of Detect, at most 20 ms.
	JoinInterval time.Duration
	// Heartbeat is the longest silence of an idle processor, at most half of
	// Detect. Default an eighth of Detect, at most 20 ms.
	Heartbeat time.Duration
	// Beacon is the time between two beacons, by which configurations that
	// could become one hear of each other. Default half of Detect, at most
	// 150 ms.
	Beacon time.Duration

	// Network replaces the sockets. Default: what Listen opens.
	Network Network
	// Logger gets what an operator wants to know: effective values, degraded
	// features, configurations. Default: nothing is logged.
	Logger *slog.Logger
}

// Resolve is c with the defaults of what it leaves open, and the error by which
// Open would refuse it before it asks the machine for anything: it names the
// first field that cannot be. What only a machine knows, say the MTU of an
// interface, stays zero.
func (c Config) Resolve() (Config, error) {
	c = c.withDefaults()
	return c, c.validate()
}

// Network carries trains of datagrams; *sock.Socket is one. A train to the zero
// address is for everybody: the multicast group, or each of the peers. Its methods are
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
	// SetPeers says who everybody is where there is no multicast group: at
	// first it is Config.Peers, then the other members of each configuration.
	SetPeers(peers []netip.AddrPort)
	// Wake ends a Wait, the present one or the next.
	Wake()
	// Facts tells what the network can do.
	Facts() sock.Facts
	Close() error
}
