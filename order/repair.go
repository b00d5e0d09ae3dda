package order

import (
	"net/netip"

	"stampede/batch"
	"stampede/wire"
)

// repairing asks for what is missing and answers those who ask.
type repairing struct {
	now int64 // of the step under way
	at  int64 // when something missing is due to be asked for, or an answer to be given

	body    wire.Nack
	ranges  []wire.Range
	scratch []byte
	asked   []question
}

// question is what another processor asked for and has not been sent yet.
type question struct {
	member int // whose datagrams
	asker  int
	first  uint64
	count  uint32
}

const (
	// maxQuestions bounds what is kept of others' requests: who asked in vain
	// asks again.
	maxQuestions = 256
	// answersPerStep paces repairs: a few trains, then the loop looks at its
	// sockets again.
	answersPerStep = 128
	answerPause    = 100_000
	// maxRanges of a request fit a datagram at the least MTU.
	maxRanges = 20
)

// grace is for how long a gap may be mere reordering; in a crowd everybody's
// differs a little, so that one request serves all.
func (r *repairing) grace(s *Session) int64 {
	g := min(s.timers.Grace, s.round.smoothed)
	if len(s.members) > crowd {
		g += int64(s.cfg.Self) * 5_000
	}
	return g
}

// request asks for what is missing and due, all of it in one datagram.
func (r *repairing) request(s *Session, now int64, out *batch.Burst) {
	if now < r.at {
		return
	}
	r.at = never
	if len(r.asked) > 0 {
		r.at = now + answerPause
	}
	r.ranges = r.ranges[:0]
	for i := range s.streams {
		if i != s.cfg.Self {
			r.gaps(s, now, &s.streams[i])
		}
	}
	if len(r.ranges) == 0 {
		return
	}
	to := s.index(r.ranges[0].Asked)
	for _, g := range r.ranges {
		if s.index(g.Asked) != to {
			to = -1
			break
		}
	}
	if r.scratch == nil {
		r.scratch = make([]byte, 0, s.cfg.Datagram)
	}
	r.body.Ranges = r.ranges
	r.scratch = r.body.AppendTo(r.scratch[:wire.HeaderBytes])
	s.control(wire.KindNack, to, r.scratch, 0, out)
	s.Counters.SentNacks++
}

// gaps appends the gaps of a stream that are due, and sets the time for the rest.
func (r *repairing) gaps(s *Session, now int64, st *stream) {
	for d := st.prefix + 1; d <= st.high; d++ {
		sl := st.slot(d)
		if sl.is(d) {
			continue
		}
		if sl.dseq != d || sl.state != missing { // its slot was in use when it became known
			sl.miss(d, now)
		}
		if sl.at <= now && r.add(s, st.member, d, sl.who) {
			sl.at = now + s.retryAfter(sl.who)
			sl.who++
			s.Counters.Requested++
		}
		r.at = min(r.at, max(sl.at, now+1))
	}
}

// retryAfter grows from two round trips.
func (s *Session) retryAfter(tries int32) int64 {
	return min(max(2*s.round.smoothed, s.timers.Retry)<<min(tries, 6), s.timers.RetryMax)
}

// add asks for a datagram, too, if the request has room.
func (r *repairing) add(s *Session, member int, dseq uint64, tries int32) bool {
	asked := s.ids[s.holder(member, tries)]
	ranges := extend(r.ranges, wire.Range{Stream: s.ids[member], Asked: asked, First: dseq, Count: 1})
	if len(ranges) > maxRanges {
		return false
	}
	r.ranges = ranges
	return true
}

// extend adds a range, to the last one if it goes on there.
func extend(rs []wire.Range, g wire.Range) []wire.Range {
	if n := len(rs); n > 0 {
		last := &rs[n-1]
		if last.Stream == g.Stream && last.Asked == g.Asked && last.First+uint64(last.Count) == g.First {
			last.Count += g.Count
			return rs
		}
	}
	return append(rs, g)
}

// holder is whom to ask: first the owner, then another, then the sequencer.
func (s *Session) holder(member int, tries int32) int {
	switch tries % 4 {
	case 2:
		for k := 1; k < len(s.members); k++ {
			i := (s.cfg.Self + int(tries/4) + k) % len(s.members)
			if i != member && i != s.cfg.Self {
				return i
			}
		}
	case 3:
		if !s.sequencer() {
			return s.walk.reader
		}
	}
	return member
}

// ask keeps a request for this step's answer.
func (r *repairing) ask(s *Session, asker int, body []byte) {
	if r.body.Parse(body) != wire.OK {
		s.Counters.Invalid++
		return
	}
	for _, g := range r.body.Ranges {
		if g.Asked != s.ids[s.cfg.Self] {
			continue
		}
		if len(r.asked) >= maxQuestions {
			s.Counters.Unasked++
			continue
		}
		i := s.index(g.Stream)
		if i < 0 {
			s.Counters.Unheld++
			continue
		}
		first, end := max(g.First, s.streams[i].freed+1), min(g.First+uint64(g.Count), s.streams[i].high+1)
		if end <= first {
			s.Counters.Unheld++
			continue
		}
		r.asked = append(r.asked, question{member: i, asker: asker, first: first, count: uint32(end - first)})
	}
}

// answer sends again what was asked for and is held here: the very bytes.
func (r *repairing) answer(s *Session, now int64, out *batch.Burst) {
	left := answersPerStep
	for len(r.asked) > 0 && left > 0 {
		q := &r.asked[0]
		for ; q.count > 0 && left > 0; q.first, q.count = q.first+1, q.count-1 {
			s.sendAgain(now, q, out)
			left-- // what is not held has cost a look
		}
		if q.count == 0 {
			r.asked = append(r.asked[:0], r.asked[1:]...)
		}
	}
	if len(r.asked) > 0 {
		r.at = min(r.at, now+answerPause)
	}
}

// sendAgain answers one asker alone, unless another asked just before: then
// everybody. Who was answered a moment ago is not answered again.
func (s *Session) sendAgain(now int64, q *question, out *batch.Burst) bool {
	sl := s.streams[q.member].held(q.first)
	if sl == nil {
		s.Counters.Unheld++
		return false
	}
	to, address := int32(q.asker), s.cfg.Address[q.asker]
	if linger := max(s.round.smoothed, s.timers.Retry/2); now < sl.at+linger && sl.who != nobody {
		if sl.who == to || sl.who == everybody {
			s.Counters.Lingered++
			return false
		}
		to, address = everybody, netip.AddrPort{}
	}
	sl.at, sl.who = now, to
	out.Add(address, s.datagram(sl))
	s.Counters.Retransmits++
	return true
}
