package member

import (
	"cmp"
	"net/netip"
	"slices"

	"stampede/batch"
	"stampede/order"
	"stampede/wire"
)

// attempt is the way from a proposal to an installation.
type attempt struct {
	id         wire.ConfigID
	tag        uint64
	own        bool           // this processor leads
	lead       netip.AddrPort // where the representative was heard
	mtu        uint16
	maxMessage uint32
	members    []wire.ProposedMember // ascending by id

	progress int64 // when something last came of it
	next     int64 // when the phase's datagram is sent again

	answer [][]byte           // the own one, in parts: repeats are the same bytes
	states parts              // the answers of all, as the representative hands them out
	union  *order.Union       // of those who come from the same configuration
	with   []wire.ProcessorID // these
	owed   []wire.ProcessorID // obligations that those reported
	held   bool               // this processor holds the union, and said so
	// Of the representative, by member:
	answers []parts
	holds   []bool
}

// has says whether a processor is in the attempt.
func (a *attempt) has(id wire.ProcessorID) bool { return a.index(id) >= 0 }

func (a *attempt) index(id wire.ProcessorID) int {
	i, ok := slices.BinarySearchFunc(a.members, id, func(pm wire.ProposedMember, id wire.ProcessorID) int { return cmp.Compare(pm.ID, id) })
	if !ok {
		return -1
	}
	return i
}

func (a *attempt) incarnation(id wire.ProcessorID) uint64 {
	if i := a.index(id); i >= 0 {
		return a.members[i].Incarnation
	}
	return 0
}

// phaseTime is for how long an attempt may go without progress; it grows with
// each that failed.
func (m *Machine) phaseTime() int64 {
	t := max(5*m.cfg.JoinInterval, m.cfg.Detect/2)
	return t + t*int64(min(m.failures, 8))/2
}

// fail gives the attempt up. The old configuration is as it was reported, and
// stays so until the next attempt.
func (m *Machine) fail(now int64) {
	m.failures++
	m.Counters.Failures++
	for i := range m.attempt.members {
		if p := m.find(m.attempt.members[i].ID); p != nil && now-p.heard > m.phaseTime()/2 {
			p.heard = 0 // whoever is there joins at once
		}
	}
	m.gather(now)
}

// overdue says whether the attempt has gone without progress for too long. The
// others give its representative the time to see it first.
func (m *Machine) overdue(now int64) bool {
	limit := m.phaseTime()
	if !m.attempt.own {
		limit += limit / 2
	}
	return now-max(m.attempt.progress, m.attention.listening) > limit
}

// freshID is above all that the members of a set have seen, and above the time
// of day at which this processor was started: it never comes back. An earlier
// life, with the clocks of the others ahead of this one's, may have gone on from
// the same highest epoch: a part of the incarnation makes the epochs differ as
// well, for those who see no more of it than epoch and representative.
func (m *Machine) freshID(set []candidate) wire.ConfigID {
	epoch := max(m.cfg.Self.Incarnation, m.seen.Epoch)
	for _, c := range set { // a stranger's word raises nothing
		if c.peer != nil {
			epoch = max(epoch, c.peer.seen.Epoch)
		}
	}
	const part = 1 << 16
	return wire.ConfigID{
		Epoch: epoch + 1 + m.cfg.Self.Incarnation%part,
		Rep:   m.cfg.Self.ID, RepIncarnation: m.cfg.Self.Incarnation,
	}
}

// proposeAll begins an attempt as its representative.
func (m *Machine) proposeAll(now int64, set []candidate) {
	m.attempt = attempt{
		id:  m.freshID(set),
		own: true, mtu: uint16(m.cfg.Datagram), maxMessage: m.cfg.MaxMessage,
	}
	a := &m.attempt
	for _, c := range set {
		pm := wire.ProposedMember{
			ID: m.cfg.Self.ID, Incarnation: m.cfg.Self.Incarnation, Window: m.cfg.Window, History: m.cfg.History,
		}
		if len(m.cfg.Addresses) > 0 {
			pm.Address = m.cfg.Addresses[0]
		}
		if p := c.peer; p != nil {
			pm = wire.ProposedMember{ID: p.id, Incarnation: p.incarnation, Address: p.address, Window: p.window, History: p.history}
			a.mtu = min(a.mtu, p.datagram)
		}
		a.members = append(a.members, pm)
	}
	a.answers, a.holds = make([]parts, len(a.members)), make([]bool, len(a.members))
	m.enterCommit(now)
	own := &a.answers[a.index(m.cfg.Self.ID)]
	for i, b := range a.answer {
		own.take(uint16(i), uint16(len(a.answer)), b)
	}
}

// enterCommit freezes the old configuration and writes down what is held of it.
func (m *Machine) enterCommit(now int64) {
	a := &m.attempt
	a.tag, a.progress, a.next = a.id.Tag(), now, now
	m.seen = a.id
	m.Counters.Attempts++
	ans := wire.Answer{Proposal: a.id, Old: m.config}
	if m.session != nil {
		m.session.Freeze()
		m.session.Report(&ans)
		ans.Obligations = m.obliged
	}
	a.answer = splitAnswer(&ans, wire.Capacity(int(a.mtu), true)-wire.StateBytes-wire.OwnedAnswerBytes)
	m.phase, m.again = committing, now
}

// takeProposal answers a proposal above all that this processor has seen, and
// repeats the answer when the same one comes again.
func (m *Machine) takeProposal(now int64, from wire.ProcessorID, body []byte, address netip.AddrPort) {
	p := &m.propose
	if p.Parse(body) != wire.OK {
		m.Counters.Unexpected++
		return
	}
	under := m.phase == committing || m.phase == recovering
	switch {
	case p.Config.Epoch > maxProposed || p.Config.Rep != from:
		m.Counters.Impossible++
		return
	case under && p.Config == m.attempt.id:
		m.hearMember(now, from)
		if m.phase == committing && m.attempt.states.got == 0 {
			m.answerWith(reply{kind: wire.KindAnswer, to: address})
		}
		return
	case p.Config.Compare(m.seen) <= 0, under && !m.attempt.has(from), m.phase == gone, m.mute():
		m.Counters.Stale++
		return
	}
	if !m.offered(body) {
		return // more parts are to come
	}
	m.Counters.Proposals++
	if !m.agrees(now, from) {
		m.Counters.Refused++
		m.answerWith(reply{kind: wire.KindJoin, to: address})
		return
	}
	m.attempt = attempt{id: p.Config, lead: address, mtu: p.MTU, maxMessage: p.MaxMessage, members: slices.Clone(p.Members)}
	m.enterCommit(now)
	m.hearMember(now, from)
}

// offered puts the parts of a proposal together in m.propose; false when some
// are still to come.
func (m *Machine) offered(body []byte) bool {
	p, o := &m.propose, &m.offer
	if p.Parts == 1 {
		return true
	}
	if o.id != p.Config {
		m.offer = offer{id: p.Config}
	}
	if o.parts.take(p.Part, p.Parts, body); !o.parts.complete() {
		return false
	}
	var all []wire.ProposedMember
	for _, b := range o.parts.bodies {
		if p.Parse(b) != wire.OK || p.Config != o.id {
			return false
		}
		all = append(all, p.Members...)
	}
	p.Members = all
	m.offer = offer{}
	return slices.IsSortedFunc(all, func(a, b wire.ProposedMember) int { return cmp.Compare(a.ID, b.ID) })
}

// offer is a proposal that comes in parts.
type offer struct {
	id    wire.ConfigID
	parts parts
}

// agrees says whether a proposal is what this processor's own knowledge bears
// out: it is in it, in its present life and within what it can do, and it hears
// all the others, who hear it.
func (m *Machine) agrees(now int64, rep wire.ProcessorID) bool {
	p := &m.propose
	if len(p.Members) == 0 || p.Members[0].ID != rep || p.MaxMessage != m.cfg.MaxMessage ||
		int(p.MTU) > m.cfg.Datagram || p.MTU < batch.MinDatagram {
		return false
	}
	self := false
	for i := range p.Members {
		pm := &p.Members[i]
		if pm.Window == 0 || pm.History == 0 || i > 0 && pm.ID == p.Members[i-1].ID {
			return false
		}
		if pm.ID == m.cfg.Self.ID {
			self = pm.Incarnation == m.cfg.Self.Incarnation && pm.Window == m.cfg.Window && pm.History == m.cfg.History
			continue
		}
		q := m.find(pm.ID)
		if q == nil || q.incarnation != pm.Incarnation || q.leaving || q.refused != "" ||
			!m.hearsNow(q, now) || !listed(q.hears, m.cfg.Self.ID) ||
			pm.ID == rep && p.Config.RepIncarnation != pm.Incarnation {
			return false
		}
	}
	return self && (m.config != wire.ConfigID{} || m.wouldBegin(p.Members))
}

// wouldBegin says whether a proposal will do for a processor that has no
// configuration yet: somebody has got one already, or nobody is missing.
func (m *Machine) wouldBegin(members []wire.ProposedMember) bool {
	return slices.ContainsFunc(members, func(pm wire.ProposedMember) bool {
		p := m.find(pm.ID)
		return p != nil && p.config != wire.ConfigID{}
	}) || m.startsWith(func(id wire.ProcessorID) bool {
		return slices.ContainsFunc(members, func(pm wire.ProposedMember) bool { return pm.ID == id })
	})
}

// hearMember notes a sign of life of one that takes part in the attempt.
func (m *Machine) hearMember(now int64, id wire.ProcessorID) {
	if p := m.find(id); p != nil && p.incarnation == m.attempt.incarnation(id) {
		p.heard = now
	}
	if !m.attempt.own && id == m.attempt.id.Rep {
		m.attempt.progress = now // it has its own limits
	}
}

// stepCommit repeats the phase's datagram: the proposal, or the answer to it,
// or the request for what is missing of the answers of all.
func (m *Machine) stepCommit(now int64, out *batch.Burst) {
	a := &m.attempt
	if a.own && m.allAnswered() {
		m.freezeStates(now, out) // which may give memory back: nothing of it is in the burst
		return
	}
	at := m.fetch(now, out)
	if m.overdue(now) {
		m.fail(now)
		return
	}
	if m.repeats(now) {
		switch {
		case a.own:
			m.sendProposal(out)
		case a.states.got > 0:
			m.requestStates(out)
		default:
			m.sendAnswer(a.lead, out)
		}
	}
	m.again = min(a.next, at)
}

// repeats says whether the phase's datagram is due.
func (m *Machine) repeats(now int64) bool {
	a := &m.attempt
	if now < a.next {
		return false
	}
	a.next = now + m.cfg.JoinInterval
	return true
}

func (m *Machine) allAnswered() bool {
	for i := range m.attempt.answers {
		if !m.attempt.answers[i].complete() {
			return false
		}
	}
	return true
}

// sendProposal sends the proposal to all its members, in as many parts as it takes.
func (m *Machine) sendProposal(out *batch.Burst) {
	a := &m.attempt
	room := wire.Capacity(int(a.mtu), true) - wire.ProposalBytes
	var groups [][]wire.ProposedMember
	left := 0
	for i := range a.members {
		n := a.members[i].Size()
		if n > left {
			groups = append(groups, nil)
			left = room
		}
		left -= n
		last := len(groups) - 1
		groups[last] = append(groups[last], a.members[i])
	}
	for i, g := range groups {
		p := wire.Proposal{
			Config: a.id, MTU: a.mtu, MaxMessage: a.maxMessage,
			Part: uint16(i), Parts: uint16(len(groups)), Members: g,
		}
		at := m.begin()
		m.scratch = p.AppendTo(m.scratch)
		m.send(wire.KindPropose, at, out, m.partners()...)
	}
}

// sendAnswer sends the own answer, the same bytes each time.
func (m *Machine) sendAnswer(to netip.AddrPort, out *batch.Burst) {
	for _, b := range m.attempt.answer {
		at := m.begin()
		m.scratch = append(m.scratch, b...)
		m.send(wire.KindAnswer, at, out, to)
	}
}

// takeAnswer keeps a part of a member's answer.
func (m *Machine) takeAnswer(now int64, from wire.ProcessorID, body []byte, address netip.AddrPort) {
	ans := &m.answer
	if ans.Parse(body) != wire.OK {
		m.Counters.Unexpected++
		return
	}
	i := m.attempt.index(from)
	if m.phase != committing && m.phase != recovering || !m.attempt.own || ans.Proposal != m.attempt.id || i < 0 {
		m.Counters.Stale++
		return
	}
	m.Counters.Answers++
	m.hearMember(now, from)
	if m.phase == recovering {
		m.handStates(address) // it still answers: it has got none of them
		return
	}
	if m.attempt.answers[i].take(ans.Part, ans.Parts, body) {
		m.attempt.progress = now
	}
}
