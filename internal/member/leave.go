package member

import (
	"stampede/batch"
	"stampede/wire"
)

// leaving is a planned departure: the order is handed to another, what was
// sent is held by all, and then the others are told, several times, since
// nobody acknowledges it.
type leaving struct {
	asked    bool
	since    int64
	at       int64 // when to look again, or to say it again
	farewell bool  // all were told how far this processor is
	said     int
	done     bool
}

const (
	// leaveLimit is for how long a leaver waits for members that may be gone.
	leaveLimit = 2_000_000_000
	// leaveTimes is how often it says that it goes: with a fifth of all
	// datagrams lost, one in 3,000 leaves is found out by silence.
	leaveTimes = 5
)

// Leave begins to leave the cluster: when all that was accepted has been sent
// and every member holds it, the others are told. Left says when that is done,
// or has taken too long.
func (m *Machine) Leave(now int64) {
	if !m.leaving.asked {
		m.leaving = leaving{asked: true, since: now, at: now}
	}
}

// Left says whether the processor has left, and may be closed.
func (m *Machine) Left() bool { return m.leaving.done }

// stepLeave goes on leaving.
func (m *Machine) stepLeave(now int64, q Source, out *batch.Burst) {
	l := &m.leaving
	if !l.asked || l.done {
		return
	}
	if l.said == 0 && !m.mayLeave(now, q) {
		l.at = now + m.glance()
		return
	}
	if l.said > 0 && now < l.at {
		return
	}
	m.phase, m.again = gone, never
	at := m.begin()
	m.scratch = (&wire.Leave{Config: m.config, Incarnation: m.cfg.Self.Incarnation}).AppendTo(m.scratch)
	m.send(wire.KindLeave, at, out, m.all()...)
	l.said++
	l.at = now + m.cfg.JoinInterval/2
	if l.said >= leaveTimes || len(m.peers) == 0 {
		l.done, l.at = true, never
	}
}

// mayLeave says whether nobody misses anything when this processor goes now.
func (m *Machine) mayLeave(now int64, q Source) bool {
	l, s := &m.leaving, m.session
	if now-l.since > leaveLimit || s == nil || len(s.Members()) == 1 && m.phase == operating {
		return true
	}
	if m.phase != operating {
		return false
	}
	if s.Sequencer() == m.cfg.Self.ID {
		for _, mb := range s.Members() {
			if mb.ID != m.cfg.Self.ID {
				s.HandOff(mb.ID)
				break
			}
		}
		return false
	}
	if !s.Calm() || q.Backlog() > 0 || m.behind() {
		l.farewell = false
		return false
	}
	if !l.farewell {
		l.farewell = true
		s.Acknowledge()
		return false
	}
	return true
}
