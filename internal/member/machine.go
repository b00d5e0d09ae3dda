package member

import (
	"math"
	"net/netip"
	"slices"

	"stampede/batch"
	"stampede/order"
	"stampede/wire"
)

// Config describes a processor. All of a cluster agree on MaxMessage.
type Config struct {
	Self    wire.Member
	Cluster uint64
	Start   []wire.ProcessorID // who forms the first configuration, Self included

	Datagram   int    // bytes of a full datagram
	MaxMessage uint32 // bytes, keys of an inline group set included
	Window     uint32 // full datagrams that the receive buffer holds
	// History is how many full datagrams there is memory for, of all senders
	// together.
	History   uint32
	Addresses []netip.AddrPort // where this processor can be reached
	NoCheck   bool             // leave the CRC out
	Fixed     bool             // the sequencer does not follow the heaviest sender

	JoinInterval int64 // ns between two joins
	Timers       order.Timers
}

// phase of the way to a configuration.
type phase uint8

const (
	gathering phase = iota
	committing
	operating
)

// Machine is a processor. One goroutine drives it.
type Machine struct {
	cfg   Config
	mem   *order.Memory
	start []wire.ProcessorID // ascending
	phase phase

	peers   map[wire.ProcessorID]*peer // of the start list, self left out
	version uint32                     // of the own row
	seen    wire.ConfigID              // highest that was proposed, answered or installed
	attempt proposal
	again   int64 // when the phase's datagram is sent again

	session *order.Session
	config  wire.ConfigID
	change  *Change // not handed out yet
	replies []reply // of this step

	scratch  []byte
	join     wire.Join
	propose  wire.Proposal
	problems []Problem
	Counters Counters
}

// Counters count datagrams by what became of them.
type Counters struct {
	Joins, Proposals, Answers, Installs uint64 // taken
	Strangers                           uint64 // of processors not on the list
	Stale                               uint64 // of another configuration or attempt
	Unexpected                          uint64 // of a kind that has no place in this phase
	Refused                             uint64 // of processors that this one cannot work with
}

// Change tells of a configuration that begins.
type Change struct {
	ID, From wire.ConfigID
	Members  []wire.Member
	Left     []wire.Member
	Joined   []wire.Member
	Datagram int // bytes of a full datagram in it
}

// reply is a datagram to be sent in the next step.
type reply struct {
	kind wire.Kind
	to   netip.AddrPort
}

const never = math.MaxInt64

// New returns a processor that begins to gather.
func New(c Config, m *order.Memory, now int64) *Machine {
	mc := &Machine{cfg: c, mem: m, peers: map[wire.ProcessorID]*peer{}, again: now}
	mc.start = slices.Clone(c.Start)
	slices.Sort(mc.start)
	for _, id := range mc.start {
		if id != c.Self.ID {
			mc.peers[id] = &peer{id: id}
		}
	}
	mc.scratch = make([]byte, 0, c.Datagram)
	return mc
}

// Receive takes one datagram that the door has judged. from is where the
// network says it came from; chunk is the memory of b if it may be kept.
func (m *Machine) Receive(now int64, h *wire.Header, b []byte, from netip.AddrPort, chunk *batch.Chunk) {
	switch h.Kind {
	case wire.KindStream, wire.KindAck, wire.KindNack:
		m.receiveOrdered(now, h, b, chunk)
		return
	}
	if h.Sender == m.cfg.Self.ID {
		m.hearOwn(h, b, from)
		return
	}
	p := m.peers[h.Sender]
	if p == nil {
		m.Counters.Strangers++
		return
	}
	body := b[wire.HeaderBytes:]
	switch h.Kind {
	case wire.KindJoin:
		m.takeJoin(now, p, body, from)
	case wire.KindPropose:
		m.takeProposal(now, p, body, from)
	case wire.KindAnswer:
		m.takeAnswer(now, p, body, from)
	case wire.KindInstall:
		m.takeInstall(now, p, body)
	default:
		m.Counters.Unexpected++
	}
}

// Step sends what is due. What out refers to stays as it is until the next Step.
func (m *Machine) Step(now int64, q order.Source, out *batch.Burst) {
	m.scratch = m.scratch[:0]
	switch m.phase {
	case gathering:
		m.gather(now, out)
	case committing:
		m.commit(now, out)
	}
	m.reply(out)
	if m.session != nil {
		m.session.Step(now, q, out)
	}
}

// Deadline is the time of the next Step that is due though nothing arrives.
func (m *Machine) Deadline() int64 {
	if m.session != nil {
		return m.session.Deadline()
	}
	return m.again
}

// Next is what the application is to see next: a configuration that begins,
// or deliveries in the present one. Both are nil when there is nothing more.
// Deliveries are valid until the Next after the next Step.
func (m *Machine) Next() (*Change, []order.Delivery) {
	if c := m.change; c != nil {
		m.change = nil
		return c, nil
	}
	if m.session == nil {
		return nil, nil
	}
	return nil, m.session.Deliver()
}

// Session is the order of the present configuration, nil before the first.
func (m *Machine) Session() *order.Session { return m.session }

// send appends one control datagram of the machine's own to out. The body was
// written behind header room at the end of m.scratch, from offset at.
func (m *Machine) send(k wire.Kind, to netip.AddrPort, at int, out *batch.Burst) {
	b := m.scratch[at:]
	d := batch.Datagram{Bytes: b}
	wire.PutHeader(b, &wire.Header{
		Kind: k, Length: uint16(len(b)), Sender: m.cfg.Self.ID, Cluster: m.cfg.Cluster, Config: m.config.Tag(),
	})
	if !m.cfg.NoCheck {
		wire.PutCheck(b)
	}
	out.Add(to, &d)
}

// begin makes room for a header and returns where the datagram starts.
func (m *Machine) begin() int {
	at := len(m.scratch)
	m.scratch = append(m.scratch, make([]byte, wire.HeaderBytes)...)
	return at
}

// reply sends the answers to what came in since the last step.
func (m *Machine) reply(out *batch.Burst) {
	for _, r := range m.replies {
		switch r.kind {
		case wire.KindAnswer:
			m.sendAnswer(r.to, out)
		case wire.KindInstall:
			m.sendInstall(r.to, out)
		}
	}
	m.replies = m.replies[:0]
}
