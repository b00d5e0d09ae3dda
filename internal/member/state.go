package member

import (
	"net/netip"
	"slices"

	"stampede/batch"
	"stampede/wire"
)

// parts are pieces of one thing that come in several datagrams.
type parts struct {
	bodies [][]byte // nil = it has not come
	got    int
}

// maxParts bounds what a datagram can make a receiver keep room for.
const maxParts = 4096

// take keeps a part; news: it had not come yet.
func (p *parts) take(part, of uint16, body []byte) (news bool) {
	if p.bodies == nil && of <= maxParts {
		p.bodies = make([][]byte, of)
	}
	if int(of) != len(p.bodies) || int(part) >= len(p.bodies) || p.bodies[part] != nil {
		return false
	}
	p.bodies[part] = slices.Clone(body)
	p.got++
	return true
}

func (p *parts) complete() bool { return len(p.bodies) > 0 && p.got == len(p.bodies) }

// splitAnswer writes an answer in as many bodies of at most room bytes as it takes.
func splitAnswer(a *wire.Answer, room int) [][]byte {
	var list []wire.Answer
	left := 0
	part := func(need int) *wire.Answer {
		if len(list) == 0 || left < need {
			list = append(list, wire.Answer{Proposal: a.Proposal, Old: a.Old, Position: a.Position, Stable: a.Stable})
			left = room - wire.AnswerBytes
		}
		left -= need
		return &list[len(list)-1]
	}
	part(0)
	for i := range a.Streams {
		s := &a.Streams[i]
		head := wire.StreamState{Member: s.Member, Contiguous: s.Contiguous}
		to := part(head.Size())
		to.Streams = append(to.Streams, head)
		for _, e := range s.Extras {
			if left < wire.SpanBytes {
				to = part(head.Size() + wire.SpanBytes)
				to.Streams = append(to.Streams, head)
			} else {
				left -= wire.SpanBytes
			}
			last := &to.Streams[len(to.Streams)-1]
			last.Extras = append(last.Extras, e)
		}
	}
	for _, id := range a.Obligations {
		to := part(wire.ObligationBytes)
		to.Obligations = append(to.Obligations, id)
	}
	bodies := make([][]byte, len(list))
	for i := range list {
		list[i].Part, list[i].Parts = uint16(i), uint16(len(list))
		bodies[i] = list[i].AppendTo(nil)
	}
	return bodies
}

// freezeStates ends the collection of answers: what all are told from here on
// is one set, whatever else comes in.
func (m *Machine) freezeStates(now int64, out *batch.Burst) {
	a := &m.attempt
	room := wire.Capacity(int(a.mtu), true) - wire.StateBytes
	var list []wire.State
	left := 0
	for i := range a.answers {
		for _, b := range a.answers[i].bodies {
			need := wire.OwnedAnswerBytes + len(b)
			if len(list) == 0 || left < need {
				list = append(list, wire.State{Proposal: a.id})
				left = room
			}
			left -= need
			s := &list[len(list)-1]
			s.Answers = append(s.Answers, wire.OwnedAnswer{Owner: a.members[i].ID, Body: b})
		}
	}
	for i := range list {
		list[i].Part, list[i].Parts = uint16(i), uint16(len(list))
		a.states.take(uint16(i), uint16(len(list)), list[i].AppendTo(nil))
	}
	if len(a.members) > 1 {
		for i := range list {
			m.sendState(i, out, m.partners()...)
		}
	}
	m.enterRecovery(now)
}

// sendState sends one part of the answers of all.
func (m *Machine) sendState(part int, out *batch.Burst, to ...netip.AddrPort) {
	if part >= len(m.attempt.states.bodies) {
		return // it was asked for in an attempt that is over
	}
	at := m.begin()
	m.scratch = append(m.scratch, m.attempt.states.bodies[part]...)
	m.send(wire.KindState, at, out, to...)
}

// requestStates asks for the parts that have not come.
func (m *Machine) requestStates(out *batch.Burst) {
	a := &m.attempt
	n := len(a.states.bodies)
	s := wire.State{Proposal: a.id, Request: true, Parts: uint16(n), Missing: make([]byte, (n+7)/8)}
	for i, b := range a.states.bodies {
		if b == nil {
			s.Missing[i/8] |= 1 << (i % 8)
		}
	}
	at := m.begin()
	m.scratch = s.AppendTo(m.scratch)
	m.send(wire.KindState, at, out, a.lead)
}

// takeState keeps a part of the answers of all, or answers who asks for some.
func (m *Machine) takeState(now int64, from wire.ProcessorID, body []byte, address netip.AddrPort) {
	s, a := &m.state, &m.attempt
	if s.Parse(body) != wire.OK {
		m.Counters.Unexpected++
		return
	}
	if s.Proposal != a.id || !a.has(from) || m.phase != committing && m.phase != recovering {
		m.Counters.Stale++
		return
	}
	m.Counters.States++
	m.hearMember(now, from)
	switch {
	case s.Request && a.own && m.phase == recovering:
		m.handMissing(s, address)
	case !s.Request && !a.own && m.phase == committing && from == a.id.Rep:
		if a.states.take(s.Part, s.Parts, body) {
			a.progress = now
		}
		if a.states.complete() {
			m.enterRecovery(now)
		}
	}
}

// handStates sends all parts to a member that has none.
func (m *Machine) handStates(to netip.AddrPort) {
	for i := range m.attempt.states.bodies {
		m.answerWith(reply{kind: wire.KindState, to: to, part: i})
	}
}

// handMissing sends the parts that a request names.
func (m *Machine) handMissing(s *wire.State, to netip.AddrPort) {
	if int(s.Parts) != len(m.attempt.states.bodies) {
		m.handStates(to)
		return
	}
	for i := range m.attempt.states.bodies {
		if s.Missing[i/8]>>(i%8)&1 != 0 {
			m.answerWith(reply{kind: wire.KindState, to: to, part: i})
		}
	}
}

// answersOfAll are the answers by owner, ascending, each in one piece.
func (a *attempt) answersOfAll() (owners []wire.ProcessorID, answers []*wire.Answer, ok bool) {
	for _, b := range a.states.bodies {
		var s wire.State
		if s.Parse(b) != wire.OK || s.Proposal != a.id {
			return nil, nil, false
		}
		for _, oa := range s.Answers {
			part := new(wire.Answer)
			if part.Parse(oa.Body) != wire.OK || !a.has(oa.Owner) {
				return nil, nil, false
			}
			n := len(owners)
			switch {
			case n > 0 && owners[n-1] == oa.Owner:
				if !mergeAnswer(answers[n-1], part) {
					return nil, nil, false
				}
			case n > 0 && owners[n-1] > oa.Owner:
				return nil, nil, false
			default:
				owners, answers = append(owners, oa.Owner), append(answers, part)
			}
		}
	}
	return owners, answers, len(owners) == len(a.members)
}

// mergeAnswer adds a further part to an answer; false if the two do not go
// together. What is in one part was judged by the door.
func mergeAnswer(a, part *wire.Answer) bool {
	if part.Old != a.Old || part.Position != a.Position || part.Stable != a.Stable {
		return false
	}
	for _, s := range part.Streams {
		n := len(a.Streams)
		switch {
		case n == 0 || a.Streams[n-1].Member < s.Member:
			a.Streams = append(a.Streams, s)
		case a.Streams[n-1].Member == s.Member && a.Streams[n-1].Contiguous == s.Contiguous && follow(a.Streams[n-1].Extras, s.Extras):
			last := &a.Streams[n-1]
			last.Extras = append(slices.Clip(last.Extras), s.Extras...)
		default:
			return false
		}
	}
	a.Obligations = append(a.Obligations, part.Obligations...)
	return true
}

// follow says whether spans go on behind others, with a gap between.
func follow(spans, more []wire.Span) bool {
	if len(spans) == 0 || len(more) == 0 {
		return true
	}
	last := spans[len(spans)-1]
	return more[0].First > last.First+uint64(last.Count)
}
