package member

import (
	"fmt"

	"stampede/wire"
)

// attention is this processor's own: who was not running itself must not
// accuse others of silence.
type attention struct {
	listening int64 // since when it has been running without a gap
	promised  int64 // when it had to be back at the latest
	last      int64 // length of its last own pause
}

// notice finds out whether this processor was itself not running. For that
// long nobody was silent.
func (m *Machine) notice(now int64) {
	a := &m.attention
	late := now - a.promised
	if a.promised == 0 || late <= m.cfg.Detect/4 {
		return
	}
	a.listening, a.last = now, late
	m.Counters.Pauses++
	for _, p := range m.peers {
		if p.heard != 0 {
			p.heard = min(p.heard+late, now)
		}
	}
	if m.session != nil {
		m.session.Slept(now, late)
	}
}

// silence is for how long a peer was not heard, of the time in which this
// processor was running; and nothing just after it was not, when what has
// arrived meanwhile is still to be taken in.
func (m *Machine) silence(p *peer, now int64) int64 {
	if now-m.attention.listening < m.cfg.Detect/2 {
		return 0
	}
	return now - p.heard
}

// listen books which members the traffic of the present configuration shows
// alive.
func (m *Machine) listen() {
	if m.session == nil {
		return
	}
	for i, mb := range m.session.Members() {
		if p := m.find(mb.ID); p != nil && p.incarnation == mb.Incarnation && p.heard != 0 {
			p.heard = max(p.heard, m.session.Heard(i))
		}
	}
}

// suspect says whether a member of the present configuration has been silent
// for too long, and tells why.
func (m *Machine) suspect(now int64) (found bool) {
	for _, mb := range m.session.Members() {
		p := m.find(mb.ID)
		if p == nil {
			continue // this processor
		}
		if p.incarnation != mb.Incarnation {
			found = true // it was heard of in a later life
			continue
		}
		if s := m.silence(p, now); s > m.cfg.Detect {
			found = true
			m.Counters.Suspicions++
			m.tell(Problem{ID: p.id, Address: p.address, What: m.reason(p, s)})
		}
	}
	return found
}

// reason is why a member is suspected, for who has to find out.
func (m *Machine) reason(p *peer, silence int64) string {
	const ms = 1_000_000
	return fmt.Sprintf("silent for %d ms, more than %d; own pauses %d, the last of %d ms; arrivals dropped %d",
		silence/ms, m.cfg.Detect/ms, m.Counters.Pauses, m.attention.last/ms, m.session.Overran())
}

// takeLeave hears that a processor goes.
func (m *Machine) takeLeave(now int64, from wire.ProcessorID, body []byte) {
	var l wire.Leave
	if l.Parse(body) != wire.OK {
		m.Counters.Unexpected++
		return
	}
	p := m.find(from)
	if p == nil || p.incarnation != l.Incarnation || p.leaving {
		m.Counters.Stale++
		return
	}
	m.Counters.Leaves++
	p.leaving = true
	m.unrest(now)
	switch {
	case m.phase == operating && m.memberNow(p):
		m.gather(now)
	case (m.phase == committing || m.phase == recovering) && m.attempt.has(p.id):
		m.fail(now)
	}
}
