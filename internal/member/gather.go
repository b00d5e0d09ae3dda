package member

import (
	"slices"

	"stampede/batch"
	"stampede/wire"
)

// gatherState is how far this processor's view of the others has come.
type gatherState struct {
	opened  int64 // when the processor began to exist
	since   int64 // when this gathering began
	changed int64 // when a row last changed
	said    int64 // when the last join was sent
	next    int64 // when the next is due
	judged  int64 // when sets were last made
	turn    int   // where passing on rows goes on
}

// restTime is how long rows must have been the same before sets are made of them.
func (m *Machine) restTime() int64 { return m.cfg.JoinInterval }

// restLimit ends waiting for that.
func (m *Machine) restLimit() int64 { return m.cfg.Detect/2 + 10*m.cfg.JoinInterval }

// listenTime is how long a processor without a configuration listens for others.
func (m *Machine) listenTime() int64 { return m.cfg.Beacon + 2*m.cfg.JoinInterval }

// leadTime is how long others wait for the proposal of a representative.
func (m *Machine) leadTime() int64 { return m.restLimit() + m.phaseTime() }

// unrest notes that what is known of who hears whom has changed.
func (m *Machine) unrest(now int64) { m.gathered.changed = now }

// gather begins to look who is there.
func (m *Machine) gather(now int64) {
	m.phase = gathering
	m.gathered.since, m.gathered.changed, m.gathered.next = now, now, now
	m.again = now
	m.attempt = attempt{}
	m.Counters.Gathers++
}

// stepGather sends joins, and makes sets when all is at rest.
func (m *Machine) stepGather(now int64, out *batch.Burst) {
	g := &m.gathered
	if m.mute() {
		m.again = now + m.cfg.JoinInterval
		return
	}
	m.listen()
	if m.reviewOwn(now) {
		g.next = min(g.next, g.said+m.cfg.JoinInterval/4) // news do not wait, but for company
	}
	if now >= g.next {
		m.sendJoin(now, wire.KindJoin, out, m.all()...)
		g.said, g.next = now, now+m.cfg.JoinInterval
	}
	m.fetch(now, out) // others may still ask for what is held here
	m.decide(now)
	if m.phase == gathering {
		m.again = min(g.next, max(m.ripe(), now+m.glance()))
	}
}

// glance is the time between two looks at what takes long in a crowd.
func (m *Machine) glance() int64 { return max(m.cfg.JoinInterval/8, 1) }

// ripe is when the view has been at rest for long enough.
func (m *Machine) ripe() int64 {
	g := &m.gathered
	return min(g.changed+m.restTime(), g.since+m.restLimit())
}

// decide makes the representative propose the set that it leads, and the
// others wait for it, but not for ever.
func (m *Machine) decide(now int64) {
	if now < max(m.ripe(), m.gathered.judged+m.glance()) {
		return
	}
	m.gathered.judged = now
	set := m.ownSet(now)
	if m.config == (wire.ConfigID{}) && !m.mayBeFirst(set, now) {
		return
	}
	if set[0].peer == nil {
		m.proposeAll(now, set)
		return
	}
	if now > max(m.gathered.changed, m.gathered.since, m.attention.listening)+m.leadTime() {
		set[0].peer.heard = 0 // it does not lead: until it is heard again, it is not there
		m.failures++
		m.gather(now)
	}
}

// mayBeFirst says whether a set will do as the first configuration. One that
// is established already has waited for whom it had to wait.
func (m *Machine) mayBeFirst(set []candidate, now int64) bool {
	if slices.ContainsFunc(set, func(c candidate) bool { return c.config != wire.ConfigID{} }) {
		return true
	}
	if len(m.cfg.Start) > 0 {
		return m.startsWith(func(id wire.ProcessorID) bool {
			return slices.ContainsFunc(set, func(c candidate) bool { return c.id == id })
		})
	}
	alone := m.cfg.Unicast && len(m.cfg.Seeds) == 0 && len(m.peers) == 0 // nobody can be found
	return alone || now >= m.gathered.opened+m.listenTime()
}

// startsWith says whether all are there without whom there is no first
// configuration.
func (m *Machine) startsWith(there func(wire.ProcessorID) bool) bool {
	return !slices.ContainsFunc(m.cfg.Start, func(id wire.ProcessorID) bool { return !there(id) })
}
