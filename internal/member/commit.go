package member

import (
	"net/netip"
	"slices"

	"stampede/batch"
	"stampede/wire"
)

// proposal is the attempt that is under way: of the own making, or answered.
type proposal struct {
	wire.Proposal
	from netip.AddrPort // of its representative
}

// proposeAll begins an attempt as its representative.
func (m *Machine) proposeAll(now int64) {
	epoch := m.cfg.Self.Incarnation
	for _, p := range m.peers {
		epoch = max(epoch, p.seen.Epoch)
		p.answered = false
	}
	epoch = max(epoch, m.seen.Epoch) + 1
	m.attempt = proposal{Proposal: wire.Proposal{
		Config:     wire.ConfigID{Epoch: epoch, Rep: m.cfg.Self.ID, RepIncarnation: m.cfg.Self.Incarnation},
		MTU:        uint16(m.cfg.Datagram),
		MaxMessage: m.cfg.MaxMessage,
	}}
	a := &m.attempt.Proposal
	for _, id := range m.start {
		pm := wire.ProposedMember{ID: id, Incarnation: m.cfg.Self.Incarnation, Window: m.cfg.Window, History: m.cfg.History}
		if p := m.peers[id]; p != nil {
			pm.Incarnation, pm.Address, pm.Window, pm.History = p.incarnation, p.address, p.window, p.history
			a.MTU = min(a.MTU, p.datagram)
		} else if len(m.cfg.Addresses) > 0 {
			pm.Address = m.cfg.Addresses[0]
		}
		a.Members = append(a.Members, pm)
	}
	m.seen = a.Config
	m.phase, m.again = committing, now
}

// takeProposal answers a proposal above all that this processor has seen, and
// repeats the answer when the same one comes again.
func (m *Machine) takeProposal(now int64, p *peer, body []byte, from netip.AddrPort) {
	if m.propose.Parse(body) != wire.OK || m.propose.Parts > 1 {
		m.Counters.Unexpected++
		return
	}
	again := m.phase == committing && m.propose.Config == m.attempt.Config
	if !again && (m.propose.Config.Compare(m.seen) <= 0 || m.phase == operating || !m.agrees(p)) {
		m.Counters.Stale++
		return
	}
	m.Counters.Proposals++
	if !again {
		m.attempt = proposal{Proposal: m.propose, from: from}
		m.attempt.Members = slices.Clone(m.propose.Members)
		m.seen = m.propose.Config
		m.phase, m.again = committing, now+m.cfg.JoinInterval
	}
	m.replies = append(m.replies, reply{wire.KindAnswer, from})
}

// agrees says whether a proposal is what this processor's own knowledge bears
// out: its representative's, of the whole start list, in their present lives,
// within what this one can do.
func (m *Machine) agrees(rep *peer) bool {
	a := &m.propose
	if a.Config.Rep != rep.id || rep.id != m.start[0] || len(a.Members) != len(m.start) ||
		a.MaxMessage != m.cfg.MaxMessage || int(a.MTU) > m.cfg.Datagram || a.MTU < batch.MinDatagram {
		return false
	}
	for i, pm := range a.Members {
		p := m.peers[pm.ID]
		if pm.ID != m.start[i] || pm.Window == 0 || pm.History == 0 {
			return false
		}
		if p == nil {
			if pm.Incarnation != m.cfg.Self.Incarnation || pm.Window != m.cfg.Window || pm.History != m.cfg.History {
				return false
			}
		} else if !p.mutual() || pm.Incarnation != p.incarnation {
			return false
		}
	}
	return true
}

// commit repeats the phase's datagram: the proposal, or the answer to it.
func (m *Machine) commit(now int64, out *batch.Burst) {
	rep := m.attempt.Config.Rep == m.cfg.Self.ID
	if rep && m.allAnswered() {
		m.install(now)
		return
	}
	if now < m.again {
		return
	}
	m.again = now + m.cfg.JoinInterval
	m.sendJoin(out) // for those who missed it, and to be known alive
	if !rep {
		m.sendAnswer(m.attempt.from, out)
		return
	}
	at := m.begin()
	m.scratch = m.attempt.AppendTo(m.scratch)
	m.send(wire.KindPropose, netip.AddrPort{}, at, out)
}

func (m *Machine) allAnswered() bool {
	for _, p := range m.peers {
		if !p.answered {
			return false
		}
	}
	return true
}

// sendAnswer answers the attempt. A processor without a configuration has
// nothing to report, and nothing to recover: its answer also says that it holds
// all there is.
func (m *Machine) sendAnswer(to netip.AddrPort, out *batch.Burst) {
	a := wire.Answer{Proposal: m.attempt.Config}
	at := m.begin()
	m.scratch = a.AppendTo(m.scratch)
	m.send(wire.KindAnswer, to, at, out)
}

func (m *Machine) takeAnswer(now int64, p *peer, body []byte, from netip.AddrPort) {
	var a wire.Answer
	if a.Parse(body) != wire.OK {
		m.Counters.Unexpected++
		return
	}
	if a.Proposal != m.attempt.Config || a.Proposal.Rep != m.cfg.Self.ID {
		m.Counters.Stale++
		return
	}
	m.Counters.Answers++
	p.answered = true
	if m.phase == operating {
		m.replies = append(m.replies, reply{wire.KindInstall, from}) // it missed the first one
	}
}

func (m *Machine) sendInstall(to netip.AddrPort, out *batch.Burst) {
	at := m.begin()
	m.scratch = (&wire.Install{Config: m.attempt.Config}).AppendTo(m.scratch)
	m.send(wire.KindInstall, to, at, out)
}

func (m *Machine) takeInstall(now int64, p *peer, body []byte) {
	var in wire.Install
	if in.Parse(body) != wire.OK {
		m.Counters.Unexpected++
		return
	}
	if m.phase != committing || in.Config != m.attempt.Config || p.id != in.Config.Rep {
		m.Counters.Stale++
		return
	}
	m.Counters.Installs++
	m.install(now)
}
