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
	// Start lists processors without whom there is no first configuration, Self
	// included. Empty: it is formed with whoever is there.
	Start []wire.ProcessorID
	// Seeds are addresses at which others may be found. Unicast: there is no
	// address that reaches all, so joins and beacons go to each seed and to
	// every processor that was heard of; the order's datagrams go to Change.Peers.
	Seeds   []netip.AddrPort
	Unicast bool

	Datagram   int    // bytes of a full datagram
	MaxMessage uint32 // bytes, keys of an inline group set included
	Window     uint32 // full datagrams that the receive buffer holds
	// History is how many full datagrams there is memory for, of all senders
	// together.
	History   uint32
	Addresses []netip.AddrPort // where this processor can be reached
	NoCheck   bool             // leave the CRC out
	Fixed     bool             // the sequencer does not follow the heaviest sender

	// Detect is for how long, in ns, a member may be silent before it is taken
	// for failed.
	Detect       int64
	JoinInterval int64 // ns between two joins
	Beacon       int64 // ns between two beacons of an idle configuration
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
	renew   bool    // the next step tells the source of the configuration
	emitted uint64  // deliveries that Next has returned

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

// Change is a configuration event. Lists ascend by id; they are shared, read only.
type Change struct {
	Transitional bool
	ID, From     wire.ConfigID // of a transitional event ID is the configuration to come
	Members      []wire.Member
	Left         []wire.Member
	Joined       []wire.Member
	Datagram     int              // regular: bytes of a full datagram in it
	Peers        []netip.AddrPort // regular: addresses of the other members
}

// Source is the queue of what the processor's applications send. It outlives
// configurations: what was not numbered in one goes into the next.
type Source interface {
	order.Source
	// Renew tells that a configuration has begun: what Next gives from now on
	// are datagrams of at most so many bytes for it, in which group sets are
	// announced anew, beginning with the first message that was not sent whole
	// in the last configuration.
	Renew(datagram int)
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
func (m *Machine) Step(now int64, q Source, out *batch.Burst) {
	if m.renew {
		m.renew = false
		q.Renew(int(m.attempt.MTU))
	}
	m.scratch = m.scratch[:0]
	switch m.phase {
	case gathering:
		m.gather(now, out)
	case committing:
		m.commit(now, out)
	}
	m.reply(out)
	if m.renew {
		m.renew = false
		q.Renew(int(m.attempt.MTU))
	}
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
	d := m.session.Deliver()
	m.emitted += uint64(len(d))
	return nil, d
}

// Consumed tells that the application has given back the first n of all the
// deliveries that Next ever returned.
func (m *Machine) Consumed(n uint64) {
	if m.session != nil {
		m.session.Consumed(n)
	}
}

// Returned are own datagrams that nobody needs any more, for the packer's
// Release; valid until the next Step or Receive.
func (m *Machine) Returned() []batch.Datagram {
	if m.session == nil {
		return nil
	}
	return m.session.Returned()
}

// Cramped says whether the machine would like to know at once what the
// application gives back.
func (m *Machine) Cramped() bool { return m.session != nil && m.session.Cramped() }

// Ordered is the highest own message that, with all before it, has its place
// in the order, or was delivered without one when its configuration ended.
func (m *Machine) Ordered() uint64 {
	if m.session == nil {
		return 0
	}
	return m.session.Ordered()
}

// Leave begins to leave the cluster: when all that was accepted has been sent
// and every member holds it, the others are told. Left says when that is done,
// or has taken too long.
func (m *Machine) Leave(now int64) {}

// Left says whether the processor has left, and may be closed.
func (m *Machine) Left() bool { return false }

// Self is this processor in its present life, which changes at most before the
// first configuration.
func (m *Machine) Self() wire.Member { return m.cfg.Self }

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
