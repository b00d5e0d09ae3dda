package member

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"

	"stampede/batch"
	"stampede/wire"
)

// peer is what is known of another processor, in its newest life that was
// heard of.
type peer struct {
	id          wire.ProcessorID
	incarnation uint64 // 0 = it was not heard of
	address     netip.AddrPort

	// Of the newest row, whoever passed it on.
	version   uint32
	refreshed int64 // when the version grew
	hears     []wire.Hear
	config    wire.ConfigID

	// Of its own joins and beacons.
	direct   uint32 // version of the newest
	heard    int64  // when anything of it arrived; 0 = never, or not since it was given up
	seen     wire.ConfigID
	datagram uint16
	window   uint32
	history  uint32
	leaving  bool
	refused  string // why this processor cannot work with it
	double   struct {
		incarnation uint64
		version     uint32
		times       int
	} // another that uses the id
}

// maxPeers bounds the processors that are kept in mind.
const maxPeers = 1024

// find is the peer with an id, nil if it was not heard of.
func (m *Machine) find(id wire.ProcessorID) *peer {
	if i, ok := m.search(id); ok {
		return m.peers[i]
	}
	return nil
}

func (m *Machine) search(id wire.ProcessorID) (int, bool) {
	return slices.BinarySearchFunc(m.peers, id, func(p *peer, id wire.ProcessorID) int { return cmp.Compare(p.id, id) })
}

// peer is the peer with an id, a new one if need be; nil when there are too many.
func (m *Machine) peer(id wire.ProcessorID) *peer {
	i, ok := m.search(id)
	if ok {
		return m.peers[i]
	}
	if len(m.peers) >= maxPeers {
		m.Counters.Strangers++
		return nil
	}
	p := &peer{id: id}
	m.peers = slices.Insert(m.peers, i, p)
	return p
}

// forget takes out who was not heard of for long, so that there is room for
// others.
func (m *Machine) forget(now int64) {
	m.peers = slices.DeleteFunc(m.peers, func(p *peer) bool {
		return now-max(p.refreshed, p.heard) > 20*m.rowLife() && !m.memberNow(p) && !slices.Contains(m.cfg.Start, p.id)
	})
}

// reborn forgets what an earlier life said.
func (p *peer) reborn(incarnation uint64) {
	*p = peer{id: p.id, incarnation: incarnation, address: p.address, refused: p.refused}
}

// takeJoin books a join or beacon, and what follows from it.
func (m *Machine) takeJoin(now int64, h *wire.Header, body []byte, from netip.AddrPort) {
	j := &m.join
	if j.Parse(body) != wire.OK {
		m.Counters.Unexpected++
		return
	}
	if !possible(j.Seen) || !possible(j.Config) || j.Incarnation == 0 || j.Incarnation > maxEpoch {
		m.Counters.Impossible++
		return
	}
	p := m.peer(h.Sender)
	if p == nil || !m.current(p, j, from) || !m.compatible(p, j, from) {
		return
	}
	if h.Kind == wire.KindJoin {
		m.Counters.Joins++
	} else {
		m.Counters.Beacons++
	}
	restarted := j.Incarnation > p.incarnation && m.memberNow(p)
	if j.Incarnation > p.incarnation {
		p.reborn(j.Incarnation)
		m.unrest(now)
	}
	p.direct, p.heard, p.address, p.seen = j.Version, now, from, j.Seen
	p.datagram, p.window, p.history = j.MTU, j.Window, j.History
	p.leaving = p.leaving || j.Flags&wire.JoinLeaving != 0
	for i := range j.Rows {
		m.bookRow(now, &j.Rows[i], p)
	}
	m.joined(now, p, h.Kind, restarted)
}

// current says whether a join is news: of the newest life that is known, said
// after what was said before, and not from before the present configuration.
func (m *Machine) current(p *peer, j *wire.Join, from netip.AddrPort) bool {
	switch {
	case j.Incarnation < p.incarnation:
		m.Counters.Stale++
		m.doubled(p, j, from)
		m.answerWith(reply{kind: wire.KindJoin, to: from}) // with the row of its later life
		return false
	case j.Incarnation == p.incarnation && j.Version <= p.direct,
		j.Incarnation == p.incarnation && m.memberNow(p) && j.Seen.Compare(m.config) < 0:
		m.Counters.Stale++
		return false
	}
	return true
}

// doubled reports two processors that have one id: what an earlier life said at
// another address may still be on its way, but not time and again.
func (m *Machine) doubled(p *peer, j *wire.Join, from netip.AddrPort) {
	if p.double.incarnation == j.Incarnation && j.Version > p.double.version && from != p.address {
		if p.double.times++; p.double.times == doubledTimes {
			m.tell(Problem{ID: p.id, Address: from, What: fmt.Sprintf("processor id %d is used at %v and at %v", p.id, p.address, from)})
		}
	} else if p.double.incarnation != j.Incarnation {
		p.double.times = 0
	}
	p.double.incarnation, p.double.version = j.Incarnation, j.Version
}

// doubledTimes is how many datagrams, each newer than the last, show that an
// earlier life is alive.
const doubledTimes = 3

// joined acts on a join or beacon of a peer.
func (m *Machine) joined(now int64, p *peer, k wire.Kind, restarted bool) {
	switch m.phase {
	case committing, recovering:
		if m.attempt.has(p.id) && (p.incarnation != m.attempt.incarnation(p.id) || k == wire.KindJoin && p.seen.Compare(m.attempt.id) >= 0) {
			m.fail(now) // it gave up, or is not who was asked
		}
	case operating:
		if !restarted && !m.memberNow(p) {
			return // stepOperational asks whether that changes anything
		}
		if restarted || k == wire.KindJoin || p.config != m.config {
			m.gather(now)
		}
	}
}

// memberNow says whether a peer is, in this life, in the present configuration.
func (m *Machine) memberNow(p *peer) bool {
	if p == nil || m.session == nil {
		return false
	}
	members := m.session.Members()
	i, ok := slices.BinarySearchFunc(members, p.id, func(mb wire.Member, id wire.ProcessorID) int { return cmp.Compare(mb.ID, id) })
	return ok && members[i].Incarnation == p.incarnation
}

// compatible refuses, and reports once, whoever this processor cannot work with.
func (m *Machine) compatible(p *peer, j *wire.Join, from netip.AddrPort) bool {
	why := ""
	switch {
	case j.MinVersion > wire.Version || j.MaxVersion < wire.Version:
		why = fmt.Sprintf("speaks versions %d to %d of the format, not %d", j.MinVersion, j.MaxVersion, wire.Version)
	case j.MaxMessage != m.cfg.MaxMessage:
		why = fmt.Sprintf("allows messages of %d bytes, this processor %d", j.MaxMessage, m.cfg.MaxMessage)
	case j.MTU < batch.MinDatagram || j.Window == 0 || j.History == 0:
		why = "has no room for datagrams"
	}
	if why == "" {
		p.refused = ""
		return true
	}
	m.Counters.Refused++
	if p.refused != why {
		p.refused = why
		m.tell(Problem{ID: p.id, Address: from, What: why})
	}
	return false
}

// maxEpoch bounds what is believed of epochs and incarnations, which are times
// of day in ns: what is beyond the year 2116 is a mistake. What is proposed from
// the greatest that is believed must still be possible, for as long as a
// cluster lives.
const (
	maxEpoch    = 1 << 62
	maxProposed = 1 << 63
)

func possible(c wire.ConfigID) bool { return c.Epoch <= maxEpoch && c.RepIncarnation <= maxEpoch }

// hearOwn sees datagrams under the own id. One's own come back where the
// network loops them; another processor with the id is a mistake of an
// operator's. The higher incarnation goes on: a restart must be able to follow
// on a life that nobody has seen end.
func (m *Machine) hearOwn(now int64, h *wire.Header, body []byte, from netip.AddrPort) {
	j := &m.join
	if h.Kind != wire.KindJoin && h.Kind != wire.KindBeacon || j.Parse(body) != wire.OK ||
		j.Incarnation == m.cfg.Self.Incarnation || j.Incarnation > maxEpoch {
		return
	}
	higher, elsewhere := j.Incarnation > m.cfg.Self.Incarnation, !slices.Contains(m.cfg.Addresses, from)
	if elsewhere || higher && !m.outlive(now, j.Incarnation) {
		m.meetDouble(from, higher)
	}
}

// outlive makes this life one after another that was heard of, while nobody
// knows this one from a configuration; false if that cannot be.
func (m *Machine) outlive(now int64, earlier uint64) bool {
	if earlier >= maxEpoch || m.config != (wire.ConfigID{}) {
		return false
	}
	if m.phase == committing || m.phase == recovering {
		m.fail(now) // it was about who this processor was
	}
	m.cfg.Self.Incarnation = earlier + 1
	m.row.version = 0
	return true
}

// meetDouble reports another processor with the own id. The one of the higher
// incarnation goes on.
func (m *Machine) meetDouble(from netip.AddrPort, higher bool) {
	m.doubles++
	if !higher && m.doubles > 1 {
		m.answerWith(reply{kind: wire.KindJoin, to: from}) // so that it stops
		return
	}
	m.tell(Problem{
		ID: m.cfg.Self.ID, Address: from, Fatal: higher,
		What: fmt.Sprintf("processor id %d is used at %v and at %v", m.cfg.Self.ID, from, m.cfg.Addresses),
	})
}

// Missing is a processor of the start list that this one is still waiting for.
type Missing struct {
	ID  wire.ProcessorID
	Why string // empty: it was not heard, or does not hear this one
}

// Missing are all of these.
func (m *Machine) Missing() []Missing {
	var missing []Missing
	for _, id := range m.cfg.Start {
		if p := m.find(id); p != nil && (p.heard == 0 || !listed(p.hears, m.cfg.Self.ID)) {
			missing = append(missing, Missing{id, p.refused})
		}
	}
	return missing
}
