package member

import (
	"cmp"
	"slices"

	"stampede/batch"
	"stampede/order"
	"stampede/wire"
)

// beaconing is how a configuration looks for others.
type beaconing struct {
	said    int64 // when the last beacon was sent
	next    int64 // when the next is due
	differs int64 // since when the set rule says otherwise, 0 = it does not
}

// install begins the configuration of the attempt, and the end of the old one.
func (m *Machine) install(now int64) {
	a := &m.attempt
	members := make([]wire.Member, len(a.members))
	for i := range a.members {
		members[i] = wire.Member{ID: a.members[i].ID, Incarnation: a.members[i].Incarnation}
	}
	begun := &Change{ID: a.id, From: m.config, Members: members, Joined: members, Datagram: int(a.mtu)}
	c := m.orderConfig(members, begun)
	m.meet(now)
	m.depart(begun)
	m.session = order.New(c, m.mem, now)
	m.session.Wait() // until the application has come to it
	m.config, m.others = a.id, begun.Peers
	m.obliged, m.failures = nil, 0
	m.renew = int(a.mtu)
	m.Counters.Configs++
	m.phase, m.again = operating, now
	m.beacon = beaconing{said: now, next: now + m.cfg.JoinInterval/2}
}

// orderConfig is what the members of the attempt agreed on.
func (m *Machine) orderConfig(members []wire.Member, ch *Change) order.Config {
	a := &m.attempt
	c := order.Config{
		ID: a.id, Cluster: m.cfg.Cluster, Members: members,
		Datagram: int(a.mtu), MaxMessage: a.maxMessage,
		NoCheck: m.cfg.NoCheck, Fixed: m.cfg.Fixed, Timers: m.cfg.Timers,
	}
	window, history := a.members[0].Window, a.members[0].History
	for i := range a.members {
		pm := &a.members[i]
		address := m.addressOf(pm)
		c.Address = append(c.Address, address)
		if pm.ID == m.cfg.Self.ID {
			c.Self = i
		} else {
			ch.Peers = append(ch.Peers, address)
		}
		window, history = min(window, pm.Window), min(history, pm.History)
	}
	c.Window = int(min(window, 1<<20))
	c.History = max(1, int(min(history, 1<<20))/len(a.members))
	return c
}

// meet takes what the installation says of the peers: the members hear each
// other, and who was one in the last configuration only must be heard anew.
func (m *Machine) meet(now int64) {
	a := &m.attempt
	all := make([]wire.Hear, len(a.members))
	for i := range a.members {
		all[i] = wire.Hear{ID: a.members[i].ID, HearsMe: true}
	}
	for _, p := range m.peers {
		if a.incarnation(p.id) == p.incarnation && a.has(p.id) {
			p.config, p.heard, p.refreshed = a.id, now, now
			p.hears = mergeHears(p.hears, all, p.id)
		} else if m.memberNow(p) {
			p.heard = 0
		}
	}
}

// mergeHears is both lists together, without the owner.
func mergeHears(x, y []wire.Hear, owner wire.ProcessorID) []wire.Hear {
	out := slices.Clone(x)
	for _, h := range y {
		if h.ID != owner && !listed(x, h.ID) {
			out = append(out, h)
		}
	}
	slices.SortFunc(out, func(a, b wire.Hear) int { return cmp.Compare(a.ID, b.ID) })
	return out
}

// stepOperational looks for members that are silent, and for others who would
// change the membership.
func (m *Machine) stepOperational(now int64, out *batch.Burst) {
	if now < m.again {
		return
	}
	m.listen()
	if m.suspect(now) {
		m.gather(now)
		return
	}
	b := &m.beacon
	if m.reviewOwn(now) {
		b.next = min(b.next, b.said+m.cfg.JoinInterval)
	}
	if now >= b.next {
		b.said, b.next = now, now+m.cfg.Beacon
		m.sendJoin(now, wire.KindBeacon, out, m.all()...)
		m.forget(now)
	}
	if m.differs(now) {
		m.gather(now)
		return
	}
	m.again = min(b.next, now+max(min(m.cfg.JoinInterval, m.cfg.Detect/8), 1))
}

// differs says whether the set rule has said for two intervals that the
// membership is not what it should be. That somebody can be heard is no reason:
// who does not fit would only be left out again.
func (m *Machine) differs(now int64) bool {
	b := &m.beacon
	if !m.foreigners(now) || m.sameSet(m.ownSet(now)) {
		b.differs = 0
		return false
	}
	if b.differs == 0 {
		b.differs = now
	}
	return now-b.differs >= 2*m.cfg.JoinInterval
}

// foreigners says whether anybody is there who is not a member.
func (m *Machine) foreigners(now int64) bool {
	for _, p := range m.peers {
		if m.fresh(p, now) && !p.leaving && !m.memberNow(p) {
			return true
		}
	}
	return false
}

func (m *Machine) sameSet(set []candidate) bool {
	members := m.session.Members()
	if len(set) != len(members) {
		return false
	}
	for i := range set {
		if set[i].id != members[i].ID {
			return false
		}
	}
	return true
}
