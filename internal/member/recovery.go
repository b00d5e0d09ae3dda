package member

import (
	"net/netip"
	"slices"

	"stampede/batch"
	"stampede/order"
	"stampede/wire"
)

// enterRecovery computes from the answers of this attempt alone what those who
// come from the same old configuration hold together.
func (m *Machine) enterRecovery(now int64) {
	a := &m.attempt
	m.phase, m.again = recovering, now
	a.progress, a.next = now, now+m.cfg.JoinInterval
	owners, answers, ok := a.answersOfAll()
	if !ok {
		m.Counters.Impossible++
		m.fail(now)
		return
	}
	if m.session == nil {
		return
	}
	var with []*wire.Answer
	for i, ans := range answers {
		if ans.Old != m.config {
			continue
		}
		if !m.session.Plausible(ans) {
			m.Counters.Impossible++
			m.fail(now)
			return
		}
		a.with = append(a.with, owners[i])
		with = append(with, ans)
		a.owed = append(a.owed, ans.Obligations...)
	}
	a.union, ok = order.NewUnion(m.session.Members(), a.with, with)
	if !ok {
		m.Counters.Impossible++
		m.fail(now)
		return
	}
	m.session.Recover(now, a.union)
}

// stepRecovery fetches what is lacking of the union, says when nothing is, and
// installs when that goes for all: before anything of the old configuration is
// in the burst, since its memory may be given back.
func (m *Machine) stepRecovery(now int64, out *batch.Burst) {
	a := &m.attempt
	if a.allHold() {
		m.install(now)
		if len(a.members) > 1 {
			m.sendInstall(out, m.partners()...)
		}
		return
	}
	at := m.fetch(now, out)
	if !a.held && (m.session == nil || m.session.Recovered()) {
		m.hold(now)
	}
	if m.overdue(now) {
		m.fail(now)
		return
	}
	if m.repeats(now) {
		switch {
		case a.own:
			m.sendProposal(out) // it is still at work on this attempt
		case a.held:
			m.sendHold(out)
		}
	}
	m.again = min(a.next, at)
	if a.allHold() {
		m.again = now // the next step installs
	}
}

// allHold says whether all have told this processor, which leads, that they
// hold their unions.
func (a *attempt) allHold() bool { return a.own && !slices.Contains(a.holds, false) }

// fetch lets the frozen configuration exchange what is lacking.
func (m *Machine) fetch(now int64, out *batch.Burst) (deadline int64) {
	if m.session == nil {
		return never
	}
	before := m.session.Lacks()
	deadline = m.session.Fetch(now, out)
	if m.session.Lacks() < before {
		m.attempt.progress = now
	}
	return deadline
}

// hold promises to deliver with those that come along, whatever becomes of
// this attempt: one of them may install it and be gone.
func (m *Machine) hold(now int64) {
	a := &m.attempt
	a.held, a.next, a.progress = true, now, now
	m.obliged = append(append(m.obliged, a.with...), a.owed...)
	slices.Sort(m.obliged)
	m.obliged = slices.Compact(m.obliged)
	if a.own {
		a.holds[a.index(m.cfg.Self.ID)] = true
	}
}

func (m *Machine) sendHold(out *batch.Burst) {
	at := m.begin()
	m.scratch = (&wire.Hold{Proposal: m.attempt.id}).AppendTo(m.scratch)
	m.send(wire.KindHold, at, out, m.attempt.lead)
}

// takeHold notes who holds the union; who still says so when the configuration
// is installed has missed that.
func (m *Machine) takeHold(now int64, from wire.ProcessorID, body []byte, address netip.AddrPort) {
	var h wire.Hold
	if h.Parse(body) != wire.OK {
		m.Counters.Unexpected++
		return
	}
	i := m.attempt.index(from)
	switch {
	case m.phase == recovering && m.attempt.own && h.Proposal == m.attempt.id && i >= 0:
		m.Counters.Holds++
		m.hearMember(now, from)
		if !m.attempt.holds[i] {
			m.attempt.holds[i], m.attempt.progress = true, now
		}
	case m.phase == operating && h.Proposal == m.config && m.memberNow(m.find(from)):
		m.Counters.Holds++
		m.answerWith(reply{kind: wire.KindInstall, to: address})
	default:
		m.Counters.Stale++
	}
}

// sendInstall tells that the present configuration is installed.
func (m *Machine) sendInstall(out *batch.Burst, to ...netip.AddrPort) {
	at := m.begin()
	m.scratch = (&wire.Install{Config: m.config}).AppendTo(m.scratch)
	m.send(wire.KindInstall, at, out, to...)
}

func (m *Machine) takeInstall(now int64, from wire.ProcessorID, body []byte) {
	var in wire.Install
	if in.Parse(body) != wire.OK {
		m.Counters.Unexpected++
		return
	}
	a := &m.attempt
	if m.phase != recovering || !a.held || a.own || in.Config != a.id || from != in.Config.Rep {
		m.Counters.Stale++
		return
	}
	m.Counters.Installs++
	m.install(now)
}
