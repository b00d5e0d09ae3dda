package order

import "stampede/wire"

// cut is the end of a configuration for those who leave it together.
type cut struct {
	step  cutStep
	union *Union
	hole  bool // the walk has passed a datagram that nobody holds
}

type cutStep uint8

const (
	running    cutStep = iota
	frozen             // no number is given, nothing is delivered, acknowledged or stamped
	regular            // delivering what is due in the old regular configuration
	transition         // … in the transitional one, along the walk
	beyond             // … what the walk did not reach
	over
)

// Freeze stops the configuration where it is: from now on the session gives no
// number, delivers and acknowledges nothing, and neither of its marks moves.
// What still arrives is kept. There is no way back: others may already have
// left the configuration by what this processor reported.
func (s *Session) Freeze() {
	if s.cut.step == running {
		s.cut.step = frozen
	}
}

// Cut begins the cut. All datagrams of the union are held; what else is held
// is forgotten, since not all know of it.
func (s *Session) Cut(u *Union) {
	s.cut = cut{step: frozen, union: u}
	for i := range s.streams {
		st := &s.streams[i]
		for d := st.freed + 1; d <= st.high; d++ {
			if sl := st.held(d); sl != nil && !u.Has(i, d) {
				s.drop(sl)
			}
		}
		st.prefix = st.freed
		for st.held(st.prefix+1) != nil {
			st.prefix++
		}
	}
	for i := range s.streams {
		st := &s.streams[i]
		for d := st.freed + 1; d <= st.high; d++ {
			if sl := st.held(d); sl != nil && sl.has(wire.FrameGroupSet) {
				s.learnSets(st, sl)
			}
		}
	}
	for i := range s.streams {
		s.forsake(&s.streams[i])
	}
	s.patient = false
	s.cut.step = regular // all group sets are known: what they are of can be delivered
	s.advance()
	s.stable = max(s.stable, min(u.Line, s.aru))
}

// CutRegular appends the deliveries that are still due in the old regular
// configuration. done is false when reassembly memory has run out: it goes on
// when the application has given some back.
func (s *Session) CutRegular() (out []Delivery, done bool) {
	s.starved = false
	s.reclaim()
	if s.cut.step == regular {
		for i := range s.streams {
			s.deliverWaiting(&s.streams[i])
		}
		short := s.starved
		out = s.Deliver()
		if short || s.starved {
			return out, false
		}
		s.cut.step = transition
	}
	return out, true
}

// CutTransitional appends the deliveries of the transitional configuration:
// the rest of the walk, past a hole of obliged senders only, and then what the
// walk did not reach of them, by sender and number.
func (s *Session) CutTransitional() (out []Delivery, done bool) {
	s.starved = false
	s.reclaim()
	for s.cut.step == transition && s.cutWalk() {
	}
	for s.cut.step == beyond && s.cutBeyond() {
	}
	return s.handOut(), s.cut.step == over
}

// cutWalk delivers what the walk has reached, then lets it take a step.
func (s *Session) cutWalk() bool {
	for s.delivered < s.aru {
		e := s.log.at(s.delivered + 1)
		st := &s.streams[e.member]
		deliverable := !s.cut.hole || s.cut.union.Obliged[e.member]
		if deliverable && st.cursor.dseq == e.dseq && !s.pass(st, leave{agreed: true, safe: true}) {
			return false
		}
		s.delivered++
		e.mark = s.emitted
		s.deliverFIFO()
	}
	w := &s.walk
	switch {
	case w.left > 0 && s.streams[w.member].held(w.next) == nil:
		s.cut.hole = true
		n := uint64(1)
		if w.next > s.streams[w.member].high {
			n = uint64(w.left) // nobody holds any of the rest
		}
		s.streams[w.member].stamped = w.next + n - 1
		w.next += n
		w.left -= uint32(n)
	case w.left > 0:
		s.stepRun()
	case !s.stepReader():
		s.cut.step = beyond
	}
	return true
}

// cutBeyond delivers the next datagram that the walk did not reach.
func (s *Session) cutBeyond() bool {
	for i := range s.streams {
		st := &s.streams[i]
		if !s.cut.union.Obliged[i] || st.cursor.dseq > st.prefix {
			continue
		}
		ok := s.pass(st, leave{agreed: true, safe: true})
		s.deliverFIFO()
		return ok
	}
	s.cut.step = over
	return true
}
