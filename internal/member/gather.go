package member

import (
	"fmt"
	"net/netip"
	"slices"

	"stampede/batch"
	"stampede/wire"
)

// peer is what is known of another processor.
type peer struct {
	id          wire.ProcessorID
	incarnation uint64 // 0 = not heard yet
	version     uint32 // of its row
	address     netip.AddrPort
	datagram    uint16
	window      uint32
	history     uint32
	hears       []wire.ProcessorID // whom it hears and who hears it, itself left out
	hearsMe     bool
	seen        wire.ConfigID
	answered    bool // the running attempt
	refused     string
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

// Missing is a processor of the start list that this one is still waiting for.
type Missing struct {
	ID  wire.ProcessorID
	Why string // empty: it was not heard, or does not hear this one
}

// Missing are all of these.
func (m *Machine) Missing() []Missing {
	var missing []Missing
	for _, id := range m.start {
		if p := m.peers[id]; p != nil && !p.mutual() {
			missing = append(missing, Missing{id, p.refused})
		}
	}
	return missing
}

// mutual says whether this processor and the peer hear each other.
func (p *peer) mutual() bool { return p.incarnation != 0 && p.hearsMe }

// takeJoin books a join.
func (m *Machine) takeJoin(now int64, p *peer, body []byte, from netip.AddrPort) {
	j := &m.join
	if j.Parse(body) != wire.OK {
		m.Counters.Unexpected++
		return
	}
	if j.Incarnation < p.incarnation || j.Incarnation == p.incarnation && j.Version < p.version {
		m.Counters.Stale++
		return
	}
	if !m.compatible(p, j, from) {
		return
	}
	m.Counters.Joins++
	if j.Incarnation > p.incarnation {
		m.restarted(p)
	}
	p.incarnation, p.version = j.Incarnation, j.Version
	p.datagram, p.window, p.history = j.MTU, j.Window, j.History
	p.address, p.seen = from, j.Seen
	p.hears, p.hearsMe = p.hears[:0], false
	for _, r := range j.Rows {
		if r.Owner != p.id || r.Incarnation != j.Incarnation {
			continue // relayed rows never count as hearing
		}
		for _, h := range r.Hears {
			if h.ID == m.cfg.Self.ID {
				p.hearsMe = true
			}
			if h.HearsMe {
				p.hears = append(p.hears, h.ID)
			}
		}
	}
	if m.phase == gathering && m.complete() && m.representative() {
		m.proposeAll(now)
	}
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
		return true
	}
	m.Counters.Refused++
	if p.refused != why {
		p.refused = why
		m.problems = append(m.problems, Problem{ID: p.id, Address: from, What: why})
	}
	return false
}

// restarted forgets what an earlier life of a peer said.
func (m *Machine) restarted(p *peer) {
	p.answered = false
	if m.phase == committing {
		m.phase = gathering
	}
}

// hearOwn sees datagrams under the own id. One's own come back where the
// network loops them; another life of the id is a mistake of its operator's.
func (m *Machine) hearOwn(h *wire.Header, b []byte, from netip.AddrPort) {
	if h.Kind != wire.KindJoin || m.join.Parse(b[wire.HeaderBytes:]) != wire.OK ||
		m.join.Incarnation == m.cfg.Self.Incarnation {
		return
	}
	for _, p := range m.problems {
		if p.Fatal {
			return
		}
	}
	m.problems = append(m.problems, Problem{
		ID: h.Sender, Address: from, Fatal: m.phase != operating && m.join.Incarnation < m.cfg.Self.Incarnation,
		What: fmt.Sprintf("processor id %d is used at %v and at %v", h.Sender, from, m.cfg.Addresses),
	})
}

// complete says whether all of the start list hear all others.
func (m *Machine) complete() bool {
	for _, p := range m.peers {
		if !p.mutual() {
			return false
		}
		for _, id := range m.start {
			if id != p.id && !slices.Contains(p.hears, id) {
				return false
			}
		}
	}
	return true
}

// representative says whether this processor leads the commit.
func (m *Machine) representative() bool { return m.start[0] == m.cfg.Self.ID }

// gather multicasts the own join at every interval.
func (m *Machine) gather(now int64, out *batch.Burst) {
	if len(m.start) == 1 {
		m.proposeAll(now)
		m.commit(now, out)
		return
	}
	if now < m.again {
		return
	}
	m.again = now + m.cfg.JoinInterval
	m.sendJoin(out)
}

func (m *Machine) sendJoin(out *batch.Burst) {
	m.version++
	row := wire.Row{Owner: m.cfg.Self.ID, Incarnation: m.cfg.Self.Incarnation, Version: m.version}
	for _, id := range m.start {
		if p := m.peers[id]; p != nil && p.incarnation != 0 {
			row.Hears = append(row.Hears, wire.Hear{ID: id, HearsMe: p.hearsMe})
		}
	}
	j := wire.Join{
		Incarnation: m.cfg.Self.Incarnation, Seen: m.seen, Version: m.version,
		MinVersion: wire.Version, MaxVersion: wire.Version,
		MTU: uint16(m.cfg.Datagram), Window: m.cfg.Window, History: m.cfg.History, MaxMessage: m.cfg.MaxMessage,
		Flags: wire.JoinComplete, Addresses: m.cfg.Addresses, Rows: []wire.Row{row},
	}
	at := m.begin()
	m.scratch = j.AppendTo(m.scratch)
	m.send(wire.KindJoin, netip.AddrPort{}, at, out)
}
