package order

import (
	"stampede/batch"
	"stampede/wire"
)

// Receive takes one datagram of this configuration that the door has judged:
// of kind Stream, Ack or Nack. chunk is the memory of b if it may be kept,
// nil if what is kept must be copied.
func (s *Session) Receive(now int64, h *wire.Header, b []byte, chunk *batch.Chunk) {
	i := s.index(h.Sender)
	if i < 0 {
		s.Counters.Strangers++
		return
	}
	if i == s.cfg.Self {
		s.Counters.Own++
		return
	}
	if h.Kind != wire.KindStream || h.Dseq > s.streams[i].high && s.cut.step == running {
		s.members[i].heard = now // what was known to exist may be a repair, of one that is gone
	}
	if s.cut.step != running {
		s.receiveFrozen(i, h, b)
		return
	}
	s.hear(now, i, h)
	switch h.Kind {
	case wire.KindStream:
		s.arrive(now, &s.streams[i], h, b, chunk)
	case wire.KindAck:
		s.Counters.Acks++
		s.learnAt(now, &s.streams[i], h.Dseq)
		s.takeAck(now, i, h, b[wire.HeaderBytes:])
	case wire.KindNack:
		s.Counters.Nacks++
		s.learnAt(now, &s.streams[i], h.Dseq)
		s.repair.ask(s, i, b[wire.HeaderBytes:])
	}
}

// hear books what every header tells. Counters only grow, so a repair's old
// ones change nothing; and no counter can be ahead of what exists here.
func (s *Session) hear(now int64, i int, h *wire.Header) {
	m := &s.members[i]
	m.aru = max(m.aru, h.Aru)
	m.taken = max(m.taken, min(h.Taken, h.Aru))
	m.backlog = h.Backlog
	if h.Backlog > 0 {
		m.active = now
	}
	if h.Stable > s.stable {
		s.stable = max(s.stable, min(h.Stable, s.aru))
	}
}

// Heard is when a member was last heard, for the detection of failures.
func (s *Session) Heard(i int) int64 { return s.members[i].heard }

// Slept tells that this processor was not running for d before now: nobody was
// silent meanwhile.
func (s *Session) Slept(now, d int64) {
	for i := range s.members {
		s.members[i].heard = min(s.members[i].heard+d, now)
	}
}

// arrive keeps a stream datagram.
func (s *Session) arrive(now int64, st *stream, h *wire.Header, b []byte, chunk *batch.Chunk) {
	s.Counters.Received++
	if h.Dseq <= st.prefix || st.slot(h.Dseq).is(h.Dseq) {
		s.Counters.Duplicates++
		return
	}
	if h.Dseq > st.room() {
		s.settle() // the header may have moved the stable line
		if h.Dseq > st.room() {
			s.Counters.Overrun++
			return
		}
	}
	if chunk != nil {
		chunk.Keep()
	} else if b, chunk = s.mem.Arrivals.Copy(b); chunk == nil {
		s.Counters.NoMemory++
		return
	}
	s.members[st.member].active = now
	if st.waits == 0 {
		st.waits = now
	}
	s.learnAt(now, st, h.Dseq-1)
	s.keep(st, h, b, chunk)
}

// keep stores a datagram and delivers what needs no order.
func (s *Session) keep(st *stream, h *wire.Header, b []byte, chunk *batch.Chunk) {
	sl := st.put(h.Dseq, h, b, chunk, nil)
	s.Counters.Kept++
	if s.cut.step != running {
		return // it may not be in the union: the cut looks at what is
	}
	if sl.has(wire.FrameGroupSet) {
		s.learnSets(st, sl)
	}
	if sl.carries(wire.Unordered) || sl.has(wire.FrameFragment) {
		s.deliverEarly(st, sl)
	}
}

// learnAt notes that datagrams up to high exist; those not held are gaps.
func (s *Session) learnAt(now int64, st *stream, high uint64) {
	if high <= st.high {
		return
	}
	high = min(high, st.room())
	due := now + s.repair.grace(s)
	for d := st.high + 1; d <= high; d++ {
		sl := st.slot(d)
		if sl.is(d) {
			continue
		}
		sl.miss(d, due)
		s.Counters.Gaps++
		s.repair.at = min(s.repair.at, due)
	}
	st.high = max(st.high, high)
}

// learn is learnAt at the time of the step under way.
func (s *Session) learn(st *stream, high uint64) { s.learnAt(s.repair.now, st, high) }
