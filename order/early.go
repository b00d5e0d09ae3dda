package order

import "stampede/wire"

// early is an unordered message whose fragments come in any order.
type early struct {
	joined
	total uint32
}

// maxEarly bounds the unordered messages of a stream that are joined ahead of
// its cursor at a time; what is beyond waits for the cursor.
const maxEarly = 8

// deliverEarly delivers the unordered messages of a datagram that has just
// come, gaps before it or not. All of them or none: if one cannot be yet, the
// datagram's wait for their group set, or for the cursor.
func (s *Session) deliverEarly(st *stream, sl *slot) {
	if sl.unorderedDone || sl.lent() || !s.early(st, sl) {
		return
	}
	sl.unorderedDone = true
	it := wire.NewFrames(sl.frames(), sl.first)
	r := run{s: s, st: st, sl: sl}
	var f wire.Frame
	for it.Next(&f) {
		switch {
		case f.Type == wire.FrameMessage && f.Guarantee == wire.Unordered:
			r.add(&f, 0)
			continue
		case f.Type == wire.FrameFragment && f.Guarantee == wire.Unordered:
			s.joinEarly(st, sl, &f, maxEarly)
		}
		r.flush()
	}
	r.flush()
}

// early says whether all unordered messages of a datagram can be taken now: it
// holds some, their group sets are known and there is room for the fragments.
func (s *Session) early(st *stream, sl *slot) bool {
	any := false
	it := wire.NewFrames(sl.frames(), sl.first)
	var f wire.Frame
	for it.Next(&f) {
		if f.Type != wire.FrameMessage && f.Type != wire.FrameFragment || f.Guarantee != wire.Unordered {
			continue
		}
		any = true
		if f.Codec != wire.CodecNone || !f.Inline && !st.knows(f.Set) {
			return false
		}
		if f.Type == wire.FrameFragment && (f.Total > s.cfg.MaxMessage || s.earlyOf(st, &f, maxEarly) == nil) {
			return false
		}
	}
	return any
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
	copyPiece(e.bytes[f.Offset:], sl, f)
	if e.got += pieceLen(f); e.got < e.total {
		return true
	}
	b := e.bytes
	*e = st.early[len(st.early)-1]
	st.early[len(st.early)-1] = early{}
	st.early = st.early[:len(st.early)-1]
	return s.complete(st, sl, f, b, true)
}

// deliverWaiting looks again at the unordered messages that waited for a group set.
func (s *Session) deliverWaiting(st *stream) {
	for d := st.cursor.dseq; d <= st.high; d++ {
		if sl := st.held(d); sl != nil && (sl.carries(wire.Unordered) || sl.has(wire.FrameFragment)) {
			s.deliverEarly(st, sl)
		}
	}
}
