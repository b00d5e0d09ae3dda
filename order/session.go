package order

import (
	"net/netip"
	"slices"

	"stampede/batch"
	"stampede/wire"
)

// Config describes one configuration as its members agreed on it. Sizes must
// be the same at all of them.
type Config struct {
	ID      wire.ConfigID
	Cluster uint64
	Members []wire.Member    // ascending by id
	Address []netip.AddrPort // of each member, for what is meant for it alone
	Self    int              // index of this processor

	Datagram   int    // bytes of a full datagram
	MaxMessage uint32 // bytes of the longest message, keys of an inline group set included
	Window     int    // datagrams that may be under way together, of all senders: what the least receive buffer holds
	History    int    // datagrams of one stream that every member can keep, >= 1
	NoCheck    bool   // leave the CRC out
	Fixed      bool   // the sequencer does not follow the heaviest sender
	Timers     Timers
}

// Timers are intervals in nanoseconds; a zero is replaced by its default.
type Timers struct {
	Grace     int64 // how long a gap may be mere reordering
	Retry     int64 // least time between two requests for the same datagram
	RetryMax  int64
	Ack       int64 // an acknowledgement waits for company no longer than this
	Heartbeat int64 // longest silence
	RoundTrip int64 // assumed until one was measured
}

func (t Timers) withDefaults() Timers {
	for _, d := range []struct {
		field *int64
		value int64
	}{
		{&t.Grace, 200_000}, {&t.Retry, 1_000_000}, {&t.RetryMax, 64_000_000},
		{&t.Ack, 2_000_000}, {&t.Heartbeat, 20_000_000}, {&t.RoundTrip, 1_000_000},
	} {
		if *d.field <= 0 {
			*d.field = d.value
		}
	}
	return t
}

// Source is the queue of datagrams to be sent.
type Source interface {
	// Next takes the oldest datagram, which from then on is the session's: its
	// chunk is kept. false: nothing waits.
	Next() (d batch.Datagram, ok bool)
	Backlog() int // datagrams waiting
}

// Memory is where a session keeps what arrives. It is shared by the
// configurations of one processor, never by two goroutines.
type Memory struct {
	Arrivals *batch.Slab // copies of small arrivals
	Control  *batch.Slab // own stamps: apart, so that arrivals cannot starve them
	Pool     *batch.Pool // joined fragments
	Decoder  *wire.Decoder
}

// Session is one configuration in operation.
type Session struct {
	cfg    Config
	tag    uint64
	ids    []wire.ProcessorID
	mem    *Memory
	timers Timers

	streams []stream
	members []member
	self    *stream
	walk    walk
	log     log

	// Marks on the log: freed <= taken <= delivered <= aru, freed <= stable <= aru.
	aru, delivered, taken, stable, freed uint64
	known                                uint64 // a stable line that another reported, once frozen
	safe                                 uint64 // highest position that carries a safe message, 0 = none
	leastTaken                           uint64 // of all members
	consumed                             uint64 // deliveries that the application has given back
	emitted                              uint64 // deliveries given to it

	send    sending
	acks    acking
	repair  repairing
	round   roundTrip
	press   pressure
	follow  following
	cut     cut
	recover recovering
	patient bool             // see Wait
	starved bool             // a delivery stopped for want of reassembly memory
	out     []Delivery       // deliverable, not asked for yet
	given   []Delivery       // the last answer of Deliver, whose memory comes next
	returns []batch.Datagram // own datagrams that left the history
	loans   []loan           // reassembly memory out with deliveries, oldest first
	plain   batch.Datagram   // see datagram
	trial   [][]byte         // see returnTrial

	Counters Counters
}

// member is what is known of one member beside its stream.
type member struct {
	aru, taken uint64
	share      int    // data datagrams it may have under way
	backlog    uint16 // datagrams waiting there, as it last said
	active     int64  // when it last had something to send
	heard      int64  // when anything of it arrived
	echo       int64  // timestamp to send back to it, 0 = none
	echoAt     int64  // when that one came
	echoed     bool   // it was sent back
	pressure   uint32 // how often it could not keep up, as it last said
	told       int64  // when it was last told for want of credit how far this processor is
	answered   int64  // when it was last told the stable line because it was behind
}

// New begins a configuration. Everything in it starts from nothing: streams
// at datagram 1, positions at 1.
func New(c Config, m *Memory, now int64) *Session {
	n := len(c.Members)
	s := &Session{cfg: c, tag: c.ID.Tag(), mem: m, timers: c.Timers.withDefaults()}
	s.ids = make([]wire.ProcessorID, n)
	s.members = make([]member, n)
	s.streams = make([]stream, n)
	// Beside the history of data, one stamp datagram for each of the others'
	// data, up to a limit that only lone datagrams of very many senders reach.
	slots := ceilPowerOfTwo(min(n+1, crowd) * max(c.History, 1))
	for i, mb := range c.Members {
		s.ids[i] = mb.ID
		s.members[i].heard = now
		s.streams[i].init(i, slots)
	}
	s.self = &s.streams[c.Self]
	s.log.init(n, slots)
	s.walk.reader = 0
	s.send.init(s, slots)
	s.acks.init(s, now)
	s.repair.at = never
	s.round.smoothed = s.timers.RoundTrip
	s.press.init()
	s.shareOut(now)
	return s
}

func ceilPowerOfTwo(n int) int {
	p := 1
	for p < n {
		p <<= 1
	}
	return p
}

// Tag is the ConfigID as datagram headers carry it.
func (s *Session) Tag() uint64 { return s.tag }

// Members are the members, ascending by id; shared, read only.
func (s *Session) Members() []wire.Member { return s.cfg.Members }

// index of the member with an id, -1 for a stranger.
func (s *Session) index(id wire.ProcessorID) int {
	if i, ok := slices.BinarySearch(s.ids, id); ok {
		return i
	}
	return -1
}

// sequencer says whether this processor stamps the order.
func (s *Session) sequencer() bool { return s.walk.reader == s.cfg.Self }

// Deadline is the time of the next Step that is due though nothing arrives.
func (s *Session) Deadline() int64 {
	if s.cut.step != running {
		return never
	}
	if s.send.waiting && s.credit() > 0 {
		return s.repair.now // this step's own deliveries have made room
	}
	if (s.send.waiting || len(s.members) == 1) && s.taken < s.delivered && s.log.at(s.taken+1).mark <= s.consumed {
		return s.repair.now // or will when they are settled; who is alone has no other occasion
	}
	if s.acks.due || s.acks.press || s.send.handTo >= 0 && s.slotFree() {
		return s.repair.now // asked for since the last step
	}
	return min(s.acks.deadline(s), s.repair.at)
}
