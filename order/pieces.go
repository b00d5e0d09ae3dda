package order

import "stampede/wire"

// whole says whether all pieces of a fragmented message are held, or were joined
// before: in the cut one that is not must not be begun, since its memory would
// never come back. Its pieces lie in datagrams that follow on one another, but for
// stamps, which the sequencer puts between.
func (s *Session) whole(st *stream, dseq uint64, f *wire.Frame) bool {
	for i := range st.early {
		if st.early[i].number == f.Number {
			return true
		}
	}
	first, last := f.Offset == 0, f.Last()
	for d := dseq - 1; !first; d-- {
		p, ok := st.piece(d, f.Number)
		if !ok && !st.control(d) {
			return false
		}
		first = ok && p.Offset == 0
	}
	for d := dseq + 1; !last; d++ {
		p, ok := st.piece(d, f.Number)
		if !ok && !st.control(d) {
			return false
		}
		last = ok && p.Last()
	}
	return true
}

// control says whether a datagram is held and is of the session's own making:
// stamps, a hand-off, or its acceptance.
func (st *stream) control(dseq uint64) bool {
	const kinds = 1<<wire.FrameStamp | 1<<wire.FrameHandoff | 1<<wire.FrameAccept
	sl := st.held(dseq)
	return sl != nil && sl.contents != 0 && sl.contents&^kinds == 0
}

// piece is the fragment of a message in a datagram, if that is held.
func (st *stream) piece(dseq uint64, number uint64) (f wire.Frame, ok bool) {
	sl := st.held(dseq)
	if sl == nil || !sl.has(wire.FrameFragment) {
		return f, false
	}
	it := wire.NewFrames(sl.frames(), sl.first)
	for it.Next(&f) {
		if f.Type == wire.FrameFragment && f.Number == number {
			return f, true
		}
	}
	return f, false
}

// forsake gives back, when the cut begins, the memory of messages that were
// begun and never will be complete.
func (s *Session) forsake(st *stream) {
	keep := st.early[:0]
	for _, e := range st.early {
		left := int(e.total - e.got)
		for d := st.cursor.dseq; d <= st.high && left > 0; d++ {
			sl := st.held(d)
			if sl == nil || sl.unorderedDone {
				continue
			}
			if f, ok := st.piece(d, e.number); ok {
				left -= int(pieceLen(&f))
			}
		}
		if left > 0 {
			s.mem.Pool.Put(e.bytes)
		} else {
			keep = append(keep, e)
		}
	}
	clear(st.early[len(keep):])
	st.early = keep
}
