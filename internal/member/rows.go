package member

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"

	"stampede/batch"
	"stampede/wire"
)

// ownRow is what this processor says about whom it hears.
type ownRow struct {
	version uint32 // of the newest said; grows with each, so that the old are known as old
	hears   []wire.Hear
	crowded bool // there was no room for all of them
}

// rowLife is for how long a row counts that nobody has renewed: some beacons
// may be lost.
func (m *Machine) rowLife() int64 { return m.cfg.Detect + 3*m.cfg.Beacon }

// fresh says whether a peer's row counts.
func (m *Machine) fresh(p *peer, now int64) bool {
	return p.incarnation != 0 && p.version != 0 && now-max(p.refreshed, m.attention.listening) <= m.rowLife()
}

// hearsNow says whether this processor hears a peer.
func (m *Machine) hearsNow(p *peer, now int64) bool {
	return p.heard != 0 && p.direct != 0 && m.silence(p, now) <= m.patience(p)
}

// patience is how long a silence of a peer does not yet mean anything: those
// in operation in another configuration are heard by their beacons alone.
func (m *Machine) patience(p *peer) int64 {
	if m.memberNow(p) {
		return m.cfg.Detect
	}
	return max(m.cfg.Detect, m.cfg.Beacon*5/2)
}

func listed(hears []wire.Hear, id wire.ProcessorID) bool {
	_, ok := slices.BinarySearchFunc(hears, id, func(h wire.Hear, id wire.ProcessorID) int { return cmp.Compare(h.ID, id) })
	return ok
}

// bookRow takes a row, of its owner or passed on. The newest wins.
func (m *Machine) bookRow(now int64, r *wire.Row, via *peer) {
	if r.Owner == m.cfg.Self.ID {
		if r.Incarnation > m.cfg.Self.Incarnation {
			m.outlive(now, r.Incarnation) // a row that somebody passes on shows no living double
		}
		return
	}
	direct := r.Owner == via.id
	if !direct && (m.phase == operating && m.memberNow(m.find(r.Owner)) || r.Incarnation == 0 || r.Incarnation > maxEpoch) {
		return // members speak for themselves
	}
	p := m.peer(r.Owner)
	if p == nil || r.Incarnation < p.incarnation || r.Incarnation == p.incarnation && r.Version <= p.version ||
		!possible(r.Config) {
		return
	}
	if r.Incarnation > p.incarnation {
		p.reborn(r.Incarnation)
		m.unrest(now)
	}
	if p.config != r.Config || !slices.Equal(p.hears, r.Hears) || !m.fresh(p, now) {
		m.unrest(now)
	}
	p.version, p.refreshed, p.config = r.Version, now, r.Config
	p.hears = append(p.hears[:0], r.Hears...)
	if !direct && p.heard == 0 && r.Address.IsValid() {
		p.address = r.Address
	}
}

// reviewOwn brings the own row up to date, and says whether it has changed.
func (m *Machine) reviewOwn(now int64) (changed bool) {
	n := 0
	room, last := m.joinRoom-(&wire.Row{}).Size(), wire.ProcessorID(0)
	for _, p := range m.peers {
		if p.leaving || !m.hearsNow(p, now) {
			continue
		}
		if room -= wire.HearBytes(last, p.id); room < 0 {
			m.tellCrowd(n)
			break
		}
		last = p.id
		h := wire.Hear{ID: p.id, HearsMe: listed(p.hears, m.cfg.Self.ID)}
		if n == len(m.row.hears) {
			m.row.hears = append(m.row.hears, wire.Hear{})
			changed = true
		}
		if m.row.hears[n] != h {
			m.row.hears[n] = h
			changed = true
		}
		n++
	}
	if n < len(m.row.hears) {
		m.row.hears = m.row.hears[:n]
		changed = true
	}
	if changed {
		m.unrest(now)
	}
	return changed
}

// roomInJoin is what rows have room for in a join.
func (c *Config) roomInJoin() int {
	j := wire.Join{Addresses: c.Addresses}
	return wire.Capacity(c.Datagram, true) - len(j.AppendTo(nil))
}

// tellCrowd reports, once, that a row has no room for all who are heard.
func (m *Machine) tellCrowd(n int) {
	if m.row.crowded {
		return
	}
	m.row.crowded = true
	m.tell(Problem{ID: m.cfg.Self.ID, What: fmt.Sprintf(
		"more processors are heard than the %d that a datagram of %d bytes can name: not all can be in one configuration", n, m.cfg.Datagram)})
}

// sendJoin says who this processor is and what it knows.
func (m *Machine) sendJoin(now int64, k wire.Kind, out *batch.Burst, to ...netip.AddrPort) {
	m.reviewOwn(now)
	m.row.version++
	j := wire.Join{
		Incarnation: m.cfg.Self.Incarnation, Config: m.config, Seen: m.seen, Version: m.row.version,
		MinVersion: wire.Version, MaxVersion: wire.Version,
		MTU: uint16(m.cfg.Datagram), Window: m.cfg.Window, History: m.cfg.History, MaxMessage: m.cfg.MaxMessage,
		Addresses: m.cfg.Addresses, Rows: m.rows(m.toPassOn(now)),
	}
	if m.leaving.said > 0 {
		j.Flags |= wire.JoinLeaving
	}
	at := m.begin()
	m.scratch = j.AppendTo(m.scratch)
	m.send(k, at, out, to...)
}

// rows are the own row and those to be passed on, as many as there is room
// for, ascending; the next join begins with those that were left out.
func (m *Machine) rows(pass []*peer) []wire.Row {
	own := wire.Row{
		Owner: m.cfg.Self.ID, Incarnation: m.cfg.Self.Incarnation, Version: m.row.version,
		Config: m.config, Hears: m.row.hears,
	}
	rows := []wire.Row{own}
	room := m.joinRoom - own.Size()
	for i := range pass {
		p := pass[(m.gathered.turn+i)%len(pass)]
		r := wire.Row{
			Owner: p.id, Incarnation: p.incarnation, Version: p.version,
			Config: p.config, Address: p.address, Hears: p.hears,
		}
		if room -= r.Size(); room < 0 {
			m.gathered.turn = (m.gathered.turn + max(i, 1)) % len(pass) // one that never fits lets others pass
			break
		}
		rows = append(rows, r)
	}
	slices.SortFunc(rows, func(a, b wire.Row) int { return cmp.Compare(a.Owner, b.Owner) })
	return rows
}

// toPassOn are the peers whose rows are to be passed on: somebody who is heard
// here does not hear the owner, and can know of him in no other way.
func (m *Machine) toPassOn(now int64) (pass []*peer) {
	heardBy := make([]int, len(m.peers)) // of those who are heard here, how many hear each
	heard := make([]bool, len(m.peers))
	for _, h := range m.row.hears {
		i, ok := m.search(h.ID)
		if !ok {
			continue
		}
		heard[i] = true
		k := 0
		for _, x := range m.peers[i].hears { // both ascend
			for k < len(m.peers) && m.peers[k].id < x.ID {
				k++
			}
			if k < len(m.peers) && m.peers[k].id == x.ID {
				heardBy[k]++
			}
		}
	}
	for i, p := range m.peers {
		others := len(m.row.hears)
		if heard[i] {
			others--
		}
		if heardBy[i] < others && m.fresh(p, now) && !p.leaving {
			pass = append(pass, p)
		}
	}
	return pass
}
