package order

import "stampede/wire"

// walk reads the agreed order: the sequencer's stream from front to back. It
// stands in a datagram of that stream, perhaps in the middle of a stamped run.
type walk struct {
	reader  int // whose stream is read
	reading bool
	frames  wire.Frames // what is left of the datagram's stamps

	// After a HANDOFF, until its ACCEPT is found:
	awaiting bool
	from     int    // whose HANDOFF
	handoff  uint64 // in which of its datagrams
	scanned  uint64 // of the new reader's stream

	member int // the run that is being placed
	next   uint64
	left   uint32
}

// log maps positions to datagrams, those after freed and up to aru.
type log struct {
	entries []entry
	mask    uint64
}

// entry is what stands at one position.
type entry struct {
	member int32
	dseq   uint64
	mark   uint64 // deliveries made when the delivery had passed the position
}

func (l *log) init(members, slots int) {
	l.entries = make([]entry, ceilPowerOfTwo(members*slots))
	l.mask = uint64(len(l.entries) - 1)
}

func (l *log) at(position uint64) *entry { return &l.entries[position&l.mask] }

// advance walks as far as datagrams and stamps are held.
func (s *Session) advance() {
	for s.aru-s.freed < uint64(len(s.log.entries)) {
		if s.walk.left > 0 {
			if !s.stepRun() {
				return
			}
		} else if !s.stepReader() {
			return
		}
	}
}

// stepRun places the next datagram of the stamped run.
func (s *Session) stepRun() bool {
	w := &s.walk
	st := &s.streams[w.member]
	sl := st.held(w.next)
	if sl == nil {
		// The stamp says that the whole run exists.
		s.learn(st, w.next+uint64(w.left)-1)
		return false
	}
	s.place(st, sl)
	w.next++
	w.left--
	return true
}

// stepReader reads one stamp of the sequencer's stream, or places its datagram
// when all its stamps are read: first each stamped run, then the datagram.
func (s *Session) stepReader() bool {
	w := &s.walk
	if w.awaiting {
		return s.findAccept()
	}
	st := &s.streams[w.reader]
	sl := st.held(st.stamped + 1)
	if sl == nil {
		return false
	}
	if !w.reading {
		w.reading = true
		w.frames = wire.NewFrames(sl.frames(), sl.first)
	}
	var f wire.Frame
	if sl.has(wire.FrameStamp) {
		for w.frames.Next(&f) {
			if f.Type == wire.FrameStamp {
				s.enter(&f)
				return true
			}
			if f.Type != wire.FrameAccept {
				break // stamps stand in front
			}
		}
	}
	w.reading = false
	s.place(st, sl)
	if sl.has(wire.FrameHandoff) {
		s.passHandoff(sl)
	}
	return true
}

// enter begins the run that a stamp names. Runs of one stream follow on one
// another; a stamp that says otherwise is not an honest sequencer's.
func (s *Session) enter(f *wire.Frame) {
	i := s.index(f.Member)
	if i < 0 || i == s.walk.reader || f.First != s.streams[i].stamped+1 {
		s.Counters.Invalid++
		return
	}
	s.walk.member, s.walk.next, s.walk.left = i, f.First, f.Count
}

// place gives a datagram the next position.
func (s *Session) place(st *stream, sl *slot) {
	s.aru++
	*s.log.at(s.aru) = entry{member: int32(st.member), dseq: sl.dseq}
	sl.position = s.aru
	st.stamped = sl.dseq
	if sl.carries(wire.Safe) {
		s.safe = s.aru
	}
	s.Counters.Positions++
}
