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
	// Start lists processors, Self included, without whom no first configuration
	// is formed; one that exists is joined all the same. Empty: it is formed with
	// whoever is there.
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

// withDefaults fills in what was left open.
func (c Config) withDefaults() Config {
	for _, d := range []struct {
		field *int64
		value int64
	}{{&c.Detect, 300_000_000}, {&c.JoinInterval, 20_000_000}, {&c.Beacon, 150_000_000}} {
		if *d.field <= 0 {
			*d.field = d.value
		}
	}
	c.Start = slices.Clone(c.Start)
	slices.Sort(c.Start)
	return c
}

// phase of the way to a configuration.
type phase uint8

const (
	gathering phase = iota
	committing
	recovering
	operating
	gone // it has told the others that it leaves
)

var phaseNames = [...]string{"gather", "commit", "recovery", "operational", "gone"}

func (p phase) String() string { return phaseNames[p] }

// Machine is a processor. One goroutine drives it.
type Machine struct {
	cfg   Config
	mem   *order.Memory
	phase phase
	again int64 // when the phase has something to do though nothing arrives

	peers     []*peer // others that were heard of, ascending by id
	row       ownRow
	joinRoom  int // bytes for rows in a join
	doubles   int // others heard with the own id
	gathered  gatherState
	offer     offer
	attempt   attempt
	seen      wire.ConfigID      // highest that was proposed, answered or installed
	failures  int                // attempts that failed since the last installation
	obliged   []wire.ProcessorID // of the present configuration, ascending: see Union.Obliged
	attention attention
	beacon    beaconing
	leaving   leaving

	session  *order.Session   // of the present configuration; nil before the first
	config   wire.ConfigID    // the present one
	others   []netip.AddrPort // addresses of its other members
	departed []*departed      // configurations that were left and whose deliveries are still out
	out      handing

	replies  []reply // of this step
	renew    int     // the next step tells the source of a configuration with datagrams of so many bytes
	scratch  []byte
	join     wire.Join
	propose  wire.Proposal
	answer   wire.Answer
	state    wire.State
	problems []Problem
	Counters Counters
}

// Counters count datagrams by what became of them, and what the machine did.
type Counters struct {
	Joins, Beacons, Proposals, Answers, States, Holds, Installs, Leaves uint64 // taken

	Strangers  uint64 // of processors that there is no room for, or not on the way
	Stale      uint64 // of another configuration or attempt, or said before
	Unexpected uint64 // of a kind that has no place in this phase
	Refused    uint64 // of processors that this one cannot work with
	Impossible uint64 // with numbers that cannot be

	Gathers    uint64 // times that this processor went to Gather
	Attempts   uint64 // that it took part in
	Failures   uint64 // of these
	Configs    uint64 // installed
	Suspicions uint64 // members that were silent for too long
	Pauses     uint64 // times that this processor itself was not running
	SentOwn    uint64 // datagrams of the membership sent
}

const never = math.MaxInt64

// New returns a processor that begins to gather.
func New(c Config, m *order.Memory, now int64) *Machine {
	mc := &Machine{cfg: c.withDefaults(), mem: m}
	mc.scratch = make([]byte, 0, c.Datagram)
	mc.joinRoom = mc.cfg.roomInJoin()
	for _, id := range mc.cfg.Start {
		if id != c.Self.ID {
			mc.peer(id)
		}
	}
	mc.leaving.at = never
	mc.attention.listening = now
	mc.gathered.opened = now
	mc.gather(now)
	return mc
}

// Self is this processor in its present life, which changes at most before the
// first configuration.
func (m *Machine) Self() wire.Member { return m.cfg.Self }

// Session is the order of the present configuration, nil before the first.
func (m *Machine) Session() *order.Session { return m.session }

// Peers are the addresses of the other members of the present configuration,
// for the network: the application may not have come to its event yet. Shared,
// read only.
func (m *Machine) Peers() []netip.AddrPort { return m.others }

// Receive takes one datagram that the door has judged. from is where the
// network says it came from; chunk is the memory of b if it may be kept.
func (m *Machine) Receive(now int64, h *wire.Header, b []byte, from netip.AddrPort, chunk *batch.Chunk) {
	switch h.Kind {
	case wire.KindStream, wire.KindAck, wire.KindNack:
		m.receiveOrdered(now, h, b, chunk)
		return
	}
	body := b[wire.HeaderBytes:]
	if h.Sender == m.cfg.Self.ID {
		m.hearOwn(now, h, body, from)
		return
	}
	switch h.Kind {
	case wire.KindJoin, wire.KindBeacon:
		m.takeJoin(now, h, body, from)
	case wire.KindPropose:
		m.takeProposal(now, h.Sender, body, from)
	case wire.KindAnswer:
		m.takeAnswer(now, h.Sender, body, from)
	case wire.KindState:
		m.takeState(now, h.Sender, body, from)
	case wire.KindHold:
		m.takeHold(now, h.Sender, body, from)
	case wire.KindInstall:
		m.takeInstall(now, h.Sender, body)
	case wire.KindLeave:
		m.takeLeave(now, h.Sender, body)
	default:
		m.Counters.Unexpected++
	}
}

// receiveOrdered takes a datagram of a configuration. One of the attempt's
// proves that it was installed.
func (m *Machine) receiveOrdered(now int64, h *wire.Header, b []byte, chunk *batch.Chunk) {
	if m.phase == recovering && m.attempt.held && h.Config == m.attempt.tag && !m.attempt.own && m.attempt.has(h.Sender) {
		m.install(now)
	}
	if m.session == nil || h.Config != m.session.Tag() {
		m.Counters.Stale++
		return
	}
	m.session.Receive(now, h, b, chunk)
}

// Step sends what is due. What out refers to stays as it is until the next Step.
func (m *Machine) Step(now int64, q Source, out *batch.Burst) {
	m.scratch = m.scratch[:0]
	m.retire()
	m.notice(now)
	switch m.phase {
	case gathering:
		m.stepGather(now, out)
	case committing:
		m.stepCommit(now, out)
	case recovering:
		m.stepRecovery(now, out)
	case operating:
		m.stepOperational(now, out)
	}
	m.stepLeave(now, q, out)
	m.reply(now, out)
	m.renewal(q)
	if m.session != nil {
		m.session.Step(now, q, out)
	}
	m.attention.promised = m.Deadline()
}

// renewal tells the source of a configuration that has begun.
func (m *Machine) renewal(q Source) {
	if m.renew > 0 {
		q.Renew(m.renew)
		m.renew = 0
	}
}

// Deadline is the time of the next Step that is due though nothing arrives.
func (m *Machine) Deadline() int64 {
	d := min(m.again, m.leaving.at)
	if len(m.replies) > 0 || m.renew > 0 {
		return 0
	}
	if m.session != nil {
		d = min(d, m.session.Deadline())
	}
	return d
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

// Problem is something an operator should know, told once.
type Problem struct {
	ID      wire.ProcessorID
	Address netip.AddrPort
	What    string
	Fatal   bool // this processor cannot go on
}

// Problems returns what has come up since the last call.
func (m *Machine) Problems() []Problem {
	p := m.problems
	m.problems = nil
	return p
}

// maxProblems bounds what is kept for a caller that does not ask.
const maxProblems = 64

func (m *Machine) tell(p Problem) {
	if len(m.problems) < maxProblems || p.Fatal {
		m.problems = append(m.problems, p)
	}
}
