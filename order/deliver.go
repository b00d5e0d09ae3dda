package order

import "stampede/wire"

// Delivery is a run of messages that the application may have now: whole
// Message frames one behind the other, or one message that had to be joined
// or decoded. It aliases the history: the memory stays until the delivery was
// given back (Consumed).
type Delivery struct {
	Member int    // index of the sender
	Number uint64 // of the first message
	// Frames holds Message frames, perhaps with frames of other types among
	// them that are to be passed over; nil: the message is Message.
	Frames []byte
	Sets   []*Set // the sender's group sets, by id; shared, read only
	OneSet bool   // all Frames are of the group set Set
	Set    uint16

	// One message:
	Message   []byte // payload, after Set keys when Inline
	Guarantee wire.Guarantee
	Inline    bool
	Origin    uint16
}

// cursor is how far a stream's messages were delivered: everything before the
// frame at off of datagram dseq.
type cursor struct {
	dseq   uint64
	off    int
	number uint64 // of the next whole message, when off > 0
}

// leave for which messages the delivery may pass the cursor on.
type leave struct{ agreed, safe bool }

func (l leave) to(g wire.Guarantee) bool {
	switch g {
	case wire.Agreed:
		return l.agreed
	case wire.Safe:
		return l.safe
	}
	return true
}

// Deliver returns what has become deliverable since the last call, in the
// order of delivery. The slice is valid until the next but one call.
func (s *Session) Deliver() []Delivery {
	s.starved = false
	if s.cut.step == running || s.cut.step == regular {
		s.deliverFIFO()
		if s.deliverOrdered() {
			s.deliverFIFO() // what waited for agreed messages of its own sender
		}
	}
	return s.handOut()
}

// handOut returns what was emitted.
func (s *Session) handOut() []Delivery {
	out := s.out
	s.out, s.given = s.given[:0], out
	return out
}

// deliverFIFO moves each cursor on as far as no order but its sender's is needed.
func (s *Session) deliverFIFO() {
	for i := range s.streams {
		st := &s.streams[i]
		for st.cursor.dseq <= st.prefix && s.pass(st, leave{}) {
		}
	}
}

// deliverOrdered moves the delivered mark along the walk, up to the first safe
// message that is not stable.
func (s *Session) deliverOrdered() (moved bool) {
	for s.delivered < s.aru {
		e := s.log.at(s.delivered + 1)
		st := &s.streams[e.member]
		if st.cursor.dseq == e.dseq && !s.pass(st, leave{agreed: true, safe: s.delivered < s.stable}) {
			return moved
		}
		s.delivered++
		e.mark = s.emitted
		moved = true
	}
	return moved
}

// pass delivers the datagram at the cursor, as far as l allows, and says
// whether the cursor has left it.
func (s *Session) pass(st *stream, l leave) bool {
	c := &st.cursor
	sl := st.slot(c.dseq)
	if c.off == 0 && s.passWhole(st, sl, l) || s.passFrames(st, sl, l) {
		*c = cursor{dseq: c.dseq + 1}
		return true
	}
	return false
}

// passWhole is the usual case: a datagram of whole messages of one guarantee,
// delivered as one run without a look at its frames.
func (s *Session) passWhole(st *stream, sl *slot, l leave) bool {
	if sl.lent() || sl.has(wire.FrameFragment) || sl.has(wire.FrameMessage) && !(sl.oneSet && st.knows(sl.set)) {
		return false
	}
	switch sl.guarantees {
	case 0:
		return true
	case 1 << wire.Unordered:
		if sl.unorderedDone {
			return true
		}
	case 1 << wire.FIFO:
	case 1 << wire.Agreed:
		if !l.agreed {
			return false
		}
	case 1 << wire.Safe:
		if !l.safe {
			return false
		}
	default:
		return false
	}
	s.emit(Delivery{Member: st.member, Number: sl.first, Frames: sl.frames(), Sets: st.sets, OneSet: sl.oneSet, Set: sl.set})
	return true
}

// passFrames takes a datagram frame by frame; false when it must stop at one.
func (s *Session) passFrames(st *stream, sl *slot, l leave) bool {
	c := &st.cursor
	base, number := c.off, c.number
	if base == 0 {
		number = sl.first
	}
	it := wire.NewFrames(sl.frames()[base:], number)
	r := run{s: s, st: st, sl: sl}
	var f wire.Frame
	for it.Next(&f) {
		if !s.passFrame(st, sl, &f, l, &r, base) {
			r.flush()
			return false
		}
		c.off, c.number = base+f.End, it.Number()
	}
	r.flush()
	return true
}

// passFrame delivers one frame, or adds it to the run of whole messages.
func (s *Session) passFrame(st *stream, sl *slot, f *wire.Frame, l leave, r *run, base int) bool {
	switch f.Type {
	case wire.FrameMessage:
		if !l.to(f.Guarantee) {
			return false
		}
		if f.Guarantee == wire.Unordered && sl.unorderedDone {
			r.flush()
			return true
		}
		if !s.addressed(st, f) {
			r.flush()
			return true
		}
		if f.Missing > 0 {
			r.flush()
			return s.deliverLent(st, sl, f)
		}
		r.add(f, base)
	case wire.FrameFragment:
		r.flush()
		if f.Guarantee == wire.Unordered && sl.unorderedDone {
			return true
		}
		if f.Last() && !l.to(f.Guarantee) {
			return false
		}
		return s.join(st, sl, f)
	}
	return true
}

// addressed says whether the groups of a message are known: an honest sender
// announces a set before the first message that names it.
func (s *Session) addressed(st *stream, f *wire.Frame) bool {
	if f.Inline || st.knows(f.Set) {
		return true
	}
	s.Counters.Invalid++
	return false
}

func pieceLen(f *wire.Frame) uint32 { return uint32(len(f.Body) + f.Missing) }

// run collects neighbouring Message frames of a datagram into one delivery.
type run struct {
	s          *Session
	st         *stream
	sl         *slot
	start, end int
	number     uint64
}

func (r *run) add(f *wire.Frame, base int) {
	if r.end == 0 {
		r.start = base + f.End - wire.MessageOverhead - len(f.Body)
		r.number = f.Number
	}
	r.end = base + f.End
}

func (r *run) flush() {
	if r.end == 0 {
		return
	}
	r.s.emit(Delivery{Member: r.st.member, Number: r.number, Frames: r.sl.frames()[r.start:r.end], Sets: r.st.sets, OneSet: r.sl.oneSet, Set: r.sl.set})
	r.start, r.end = 0, 0
}

func (s *Session) emit(d Delivery) {
	s.out = append(s.out, d)
	s.emitted++
	s.Counters.Deliveries++
}
