package sock

import (
	"fmt"
	"net/netip"
	"sync/atomic"
	"time"
)

// Mode is what is in force of something that can be switched.
type Mode uint8

const (
	ModeOff      Mode = iota // not wanted
	ModeOn                   // in use
	ModeFallback             // wanted, but given up
)

func (m Mode) String() string { return name(int(m), "off", "on", "fallback") }

// State is a mode with the reason why it is not on.
type State struct {
	Mode  Mode
	Cause string // empty when on, or off by configuration
}

func (s State) String() string {
	if s.Cause == "" {
		return s.Mode.String()
	}
	return fmt.Sprintf("%v (%s)", s.Mode, s.Cause)
}

// Facts is what a socket came to: the effective configuration, what the probes
// found and what the kernel granted.
type Facts struct {
	Kind      Kind
	Kernel    string // release, or the system's name
	Local     netip.AddrPort
	Group     netip.AddrPort // zero without multicast
	Multicast bool
	Interface string
	Loopback  bool // the interface is the loopback interface
	TTL       int  // of multicast
	Peers     int  // without the own address

	DatagramBytes int // payload of a full datagram
	MaxSegments   int // datagrams in a train at most (batch.Burst.MaxSegments)
	MaxTrainBytes int // and bytes (batch.Burst.MaxBytes)

	// As the kernel counts: data and its overhead together, of each socket
	// (SO_RCVBUF read back is twice what was asked for). The receive buffer
	// divided by Charge is how many datagrams fit.
	ReceiveBufferBytes, SendBufferBytes int
	Charge                              Charge

	GSO, GRO State
	Runt     bool // a datagram of one byte ends even trains
	Filter   bool // the kernel drops what this socket sent itself

	Batch     int // messages asked for in one system call
	RingSlots int // messages one Receive takes in at most
	SlotBytes int // room for one message
	Wait      Wait
	Spin      time.Duration // how long Adaptive spins
	NIC       NIC
}

// Charge is what one arrival takes of the receive buffer, bookkeeping of the
// kernel included, as measured over the loopback interface. A network card's
// driver may charge more for a lone datagram (up to a page for each frame).
type Charge struct {
	Small      int  // bytes for a datagram of one byte
	Datagram   int  // bytes for a lone full datagram
	Train      int  // bytes for a full train; where trains do not arrive in one piece, for its datagrams
	TrainBytes int  // the payload of that train
	Measured   bool // else Small and Datagram are by formula
}

// NIC is what the interface's driver tells of itself. Zero fields: it does not.
type NIC struct {
	RxRing    int           // receive descriptors in use
	RxRingMax int           // and possible
	RxDelay   time.Duration // longest delay of a receive interrupt
	RxFrames  int           // frames before one
}

// Degradation is something that was given up. It is told once.
type Degradation struct {
	What  string // "gso", "gro", "receive buffer", …
	Cause error
}

func (d Degradation) String() string { return fmt.Sprintf("%s: %v", d.What, d.Cause) }

// Stats counts since Open. Datagrams are counted, not trains, unless it says so.
type Stats struct {
	SendCalls     uint64 // sendmmsg that sent something
	SentMessages  uint64 // trains and lone datagrams, once for each destination
	SentDatagrams uint64
	SentBytes     uint64 // UDP payload
	PartialSends  uint64 // sendmmsg that took less than it was given
	SendRetries   uint64 // interrupted, or told of an error that was another's
	SendWaits     uint64 // waits for room in the send buffer
	SendPauses    uint64 // pauses because the device's queue was full
	Gathered      uint64 // messages copied because they were in too many pieces

	DroppedFull        uint64 // the send buffer stayed full
	DroppedNoBuffers   uint64 // the device's queue stayed full
	DroppedTooBig      uint64 // longer than the interface takes
	DroppedUnreachable uint64 // no such destination

	ReceiveCalls      uint64 // recvmmsg that gave something
	EmptyReceives     uint64 // and nothing
	ReceivedMessages  uint64 // trains and lone datagrams
	ReceivedDatagrams uint64
	ReceivedBytes     uint64
	ReceiveRetries    uint64 // interrupted, or told of an error that was another's
	DroppedTruncated  uint64 // messages longer than a slot
	DroppedControl    uint64 // messages whose control data was cut: no segment size
	DroppedOwn        uint64 // own messages that came back past the filter
	Reserve           uint64 // messages received into the reserve, the arena being empty

	Overruns    uint64 // messages the kernel dropped for want of buffer (SO_RXQ_OVFL)
	OwnFiltered uint64 // own messages the kernel's filter dropped

	Polls        uint64 // looks at the sockets, spinning included
	Sleeps       uint64 // waits that found nothing by looking
	Wakes        uint64 // Wake calls that found the loop asleep
	Degradations uint64
}

// report is what a socket tells about itself. It belongs to the loop but for
// told.
type report struct {
	facts        Facts
	told         atomic.Pointer[Facts] // a copy of facts, for everybody
	stats        Stats
	degradations []Degradation
}

// tell makes the present facts known. They change when something is given up.
func (r *report) tell() {
	f := r.facts
	r.told.Store(&f)
}

// maxDegradations bounds what nobody asks for; Stats counts on.
const maxDegradations = 64

func (r *report) degrade(what string, cause error) {
	r.stats.Degradations++
	if len(r.degradations) < maxDegradations {
		r.degradations = append(r.degradations, Degradation{what, cause})
	}
}
