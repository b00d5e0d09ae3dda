package order

import (
	"math"

	"stampede/wire"
)

// early is an unordered message whose fragments come in any order.
type early struct {
	joined
	total uint32
}

// earlyLimit is how many messages of a stream may be joined ahead of its
// cursor now. In the cut all are: the cursor may never come to them.
func (s *Session) earlyLimit(st *stream) int {
	switch {
	case s.cut.step != running:
		return math.MaxInt
	case s.begun() >= s.surplus():
		return len(st.early)
	}
	return maxEarly
}

// maxEarly bounds the unordered messages of a stream that are joined ahead of
// its cursor at a time; what is beyond waits for the cursor.
const maxEarly = 8

// deliverEarly delivers the unordered messages of a datagram that has just
// come, gaps before it or not. All of them or none: if one cannot be yet, the
// datagram's wait for their group set, or for the cursor.
func (s *Session) deliverEarly(st *stream, sl *slot) {
	if sl.unorderedDone || s.cut.step == frozen || s.patient {
		return
	}
	ready := s.early(st, sl)
	s.returnTrial()
	if !ready {
		return
	}
	sl.unorderedDone = true
	base, number := st.ahead(sl)
	it := wire.NewFrames(sl.frames()[base:], number)
	r := run{s: s, st: st, sl: sl}
	var f wire.Frame
	for it.Next(&f) {
		switch {
		case f.Type == wire.FrameMessage && f.Guarantee == wire.Unordered && f.Missing == 0:
			r.add(&f, base)
			continue
		case f.Type == wire.FrameMessage && f.Guarantee == wire.Unordered:
			s.deliverLent(st, sl, &f)
		case f.Type == wire.FrameFragment && f.Guarantee == wire.Unordered && (s.cut.step == running || s.whole(st, sl.dseq, &f)):
			s.joinEarly(st, sl, &f, s.earlyLimit(st))
		}
		r.flush()
	}
	r.flush()
}

// ahead is where the part of a datagram begins that the cursor has not passed,
// and the number of the first whole message in it.
func (st *stream) ahead(sl *slot) (base int, number uint64) {
	if c := &st.cursor; c.dseq == sl.dseq && c.off > 0 {
		return c.off, c.number
	}
	return 0, sl.first
}

// early says whether all unordered messages of a datagram can be taken now: it
// holds some, their group sets are known and there is room for the fragments.
func (s *Session) early(st *stream, sl *slot) bool {
	any := false
	base, number := st.ahead(sl)
	it := wire.NewFrames(sl.frames()[base:], number)
	var f wire.Frame
	for it.Next(&f) {
		if f.Type != wire.FrameMessage && f.Type != wire.FrameFragment || f.Guarantee != wire.Unordered {
			continue
		}
		any = true
		if f.Codec != wire.CodecNone && s.cut.step == running {
			return false // to decode it takes memory, which those at the cursor may be waiting for
		}
		if s.cut.step != running && f.Type == wire.FrameFragment && !s.whole(st, sl.dseq, &f) {
			continue // it never will be
		}
		if !f.Inline && !f.Batch && !st.knows(f.Set) || !s.memoryFor(&f) {
			return false
		}
		if f.Type == wire.FrameFragment && (f.Total > s.longest(&f) || s.earlyOf(st, &f, s.earlyLimit(st)) == nil) {
			return false
		}
	}
	return any
}

// Wait puts off the unordered messages that come: the application has not come
// to this configuration yet, and needs the memory for the one before. Proceed
// ends that.
func (s *Session) Wait() { s.patient = true }

// Proceed delivers what Wait has put off.
func (s *Session) Proceed() {
	s.patient = false
	for i := range s.streams {
		s.deliverWaiting(&s.streams[i])
	}
}

// memoryFor says whether a message that a frame may complete has reassembly
// memory to be decoded or gathered in, beside those before it.
func (s *Session) memoryFor(f *wire.Frame) bool {
	n := uint32(0)
	switch {
	case f.Batch:
		n = wire.MaxBatchBytes
	case f.Codec != wire.CodecNone:
		n = s.cfg.MaxMessage
	case f.Type == wire.FrameMessage && f.Missing > 0:
		n = pieceLen(f)
	}
	if n == 0 {
		return true
	}
	b := s.reassembly(n)
	if b == nil {
		return false
	}
	s.trial = append(s.trial, b)
	return true
}

// returnTrial gives back what memoryFor has taken to see that it is there for
// all messages of a datagram together.
func (s *Session) returnTrial() {
	for _, b := range s.trial {
		s.mem.Pool.Put(b)
	}
	clear(s.trial)
	s.trial = s.trial[:0]
}

// begun is how many unordered messages are being joined.
func (s *Session) begun() (n int) {
	for i := range s.streams {
		n += len(s.streams[i].early)
	}
	return n
}

// surplus is how many may be joined ahead of the cursors: each cursor must find
// memory to join one longest message, and to decode it.
func (s *Session) surplus() int {
	return s.mem.Pool.Len()/s.mem.Pool.Largest() - 2*len(s.members)
}

// earlyOf finds or begins the message of a fragment; nil when there are
// already limit of them, or no memory.
func (s *Session) earlyOf(st *stream, f *wire.Frame, limit int) *early {
	for i := range st.early {
		if st.early[i].number == f.Number {
			return &st.early[i]
		}
	}
	if len(st.early) >= limit {
		return nil
	}
	b := s.reassembly(f.Total)
	if b == nil {
		return nil
	}
	st.early = append(st.early, early{joined: joined{bytes: b, number: f.Number}, total: f.Total})
	return &st.early[len(st.early)-1]
}

// joinEarly adds a fragment of an unordered message, wherever it belongs.
func (s *Session) joinEarly(st *stream, sl *slot, f *wire.Frame, limit int) bool {
	e := s.earlyOf(st, f, limit)
	if e == nil {
		return false
	}
	if e.total != f.Total {
		s.Counters.Invalid++
		return true
	}
	if e.got < e.total { // else it is tried again, for want of memory to decode it
		copyPiece(e.bytes[f.Offset:], sl, f)
		e.got += pieceLen(f)
	}
	if e.got < e.total {
		return true
	}
	if !s.complete(st, f, e.bytes, true) {
		return false
	}
	*e = st.early[len(st.early)-1]
	st.early[len(st.early)-1] = early{}
	st.early = st.early[:len(st.early)-1]
	return true
}

// deliverWaiting looks again at the unordered messages that waited for a group set.
func (s *Session) deliverWaiting(st *stream) {
	for d := st.cursor.dseq; d <= st.high; d++ {
		if sl := st.held(d); sl != nil && (sl.carries(wire.Unordered) || sl.has(wire.FrameFragment)) {
			s.deliverEarly(st, sl)
		}
	}
}
