package order

import "stampede/wire"

// The order goes on in another member's stream:
//
//	from  … | stamps | HANDOFF{to}          the walk of this stream ends here
//	to    … own datagrams, no place yet … | ACCEPT{from, that dseq} stamps | …
//
// ACCEPT names the very HANDOFF that it continues, so that none other is taken
// for it when some were lost; it gives the own datagrams before it their place.

// HandOff asks the sequencer to hand the order to a member in its next step.
// Any other processor ignores it.
func (s *Session) HandOff(to wire.ProcessorID) {
	if i := s.index(to); i >= 0 && i != s.cfg.Self && s.sequencer() && !s.walk.awaiting {
		s.send.handTo = i
	}
}

// Sequencer is the member whose stream is read as the order, as far as the walk
// knows here.
func (s *Session) Sequencer() wire.ProcessorID { return s.ids[s.walk.reader] }

// handOff ends the own stream's reign, behind everything that was stamped.
func (s *Session) handOff() {
	to := s.send.handTo
	if to < 0 || !s.slotFree() {
		return
	}
	s.send.handTo = -1
	shares := make([]wire.Share, 0, len(s.members))
	for i := range s.members {
		shares = append(shares, wire.Share{Member: s.ids[i], Share: uint32(s.members[i].share)})
	}
	shares = shares[:min(len(shares), (s.cfg.Datagram-wire.HeaderBytes-wire.SealBytes-wire.HandoffOverhead)/wire.ShareBytes)]
	b := wire.AppendHandoff(s.send.scratch[:wire.HeaderBytes], s.ids[to], s.aru, shares)
	if s.appendControl(b, wire.FrameHandoff) {
		s.send.handed = s.send.next - 1
		s.Counters.HandOffs++
	} else {
		s.send.handTo = to
	}
}

// accept begins the own stream's reign, when the walk has come to the HANDOFF.
func (s *Session) accept() bool {
	w := &s.walk
	b := wire.AppendAccept(s.send.scratch[:wire.HeaderBytes], s.ids[w.from], w.handoff, s.aru, s.self.stamped+1)
	if !s.slotFree() || !s.appendControl(b, wire.FrameAccept) {
		return false
	}
	for i := range s.streams {
		s.send.stamped[i] = s.streams[i].stamped
		s.streams[i].waits = 0 // it was another's to stamp
	}
	return true
}

// passHandoff follows a HANDOFF that the walk has come to.
func (s *Session) passHandoff(sl *slot) {
	it := wire.NewFrames(sl.frames(), sl.first)
	var f wire.Frame
	for it.Next(&f) {
		if f.Type != wire.FrameHandoff {
			continue
		}
		i := s.index(f.Member)
		if i < 0 || i == s.walk.reader {
			s.Counters.Invalid++
			return
		}
		s.walk.from, s.walk.handoff, s.walk.reader = s.walk.reader, sl.dseq, i
		s.walk.awaiting, s.walk.scanned = true, 0
	}
}

// findAccept looks for the ACCEPT in what is held, without a gap, of the new
// sequencer's stream. What stands before it has its place now.
func (s *Session) findAccept() bool {
	w := &s.walk
	st := &s.streams[w.reader]
	for d := max(w.scanned, st.stamped) + 1; ; d++ {
		sl := st.held(d)
		if sl == nil {
			return false
		}
		w.scanned = d
		if !sl.has(wire.FrameAccept) || !s.continues(sl) {
			continue
		}
		w.awaiting = false
		if n := d - st.stamped - 1; n > 0 {
			w.member, w.next, w.left = w.reader, st.stamped+1, uint32(n)
		}
		return true
	}
}

// continues says whether a datagram's ACCEPT is the one that the walk waits for.
func (s *Session) continues(sl *slot) bool {
	it := wire.NewFrames(sl.frames(), sl.first)
	var f wire.Frame
	return it.Next(&f) && f.Type == wire.FrameAccept && f.Member == s.ids[s.walk.from] && f.Dseq == s.walk.handoff
}

// following moves the order to the member that sends most, whose messages are
// then agreed in one hop.
type following struct {
	seen      []uint64 // by member: its stream's prefix at the last look
	at        int64    // next look
	candidate int
	times     int // looks in a row at which it was the candidate
}

const (
	followEvery = 20_000_000
	followTimes = 5 // in a row: who sends most for less than 100 ms is not followed
	followLeast = 8 // datagrams per look: below it nothing is gained
)

// follow looks who sends most. Only the sequencer does, and hands off.
func (f *following) follow(s *Session, now int64) {
	if now < f.at {
		return
	}
	f.at = now + followEvery
	if f.seen == nil {
		f.seen = make([]uint64, len(s.members))
	}
	var most, total uint64
	heaviest := s.cfg.Self
	for i := range s.streams {
		n := s.streams[i].prefix - f.seen[i]
		if &s.streams[i] == s.self {
			n = s.send.data - f.seen[i]
			f.seen[i] = s.send.data
		} else {
			f.seen[i] = s.streams[i].prefix
		}
		total += n
		if n > most {
			most, heaviest = n, i
		}
	}
	if most < followLeast || most < total*3/4 || heaviest == s.cfg.Self {
		f.times = 0
		return
	}
	if heaviest != f.candidate {
		f.candidate, f.times = heaviest, 0
	}
	if f.times++; f.times >= followTimes {
		f.times = 0
		s.HandOff(s.ids[heaviest])
	}
}
