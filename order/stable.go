package order

import (
	"stampede/batch"
)

// crowd is the number of members above which acknowledgements go to the
// sequencer alone, which publishes the line: below it everybody tells
// everybody, and a safe message needs a hop less.
const crowd = 8

// settle computes the stable line and the least taken, and gives back what
// both have passed.
func (s *Session) settle() {
	s.take()
	s.reclaim()
	line, taken := s.aru, s.taken
	for i := range s.members {
		if i != s.cfg.Self {
			line = min(line, s.members[i].aru)
			taken = min(taken, s.members[i].taken)
		}
	}
	s.stable = max(s.stable, line)
	s.leastTaken = max(s.leastTaken, taken)
	s.free()
	s.send.settle(s)
}

// take moves the taken mark to the last position all of whose deliveries the
// application has given back.
func (s *Session) take() {
	for s.taken < s.delivered && s.log.at(s.taken+1).mark <= s.consumed {
		s.taken++
	}
}

// free gives back the memory of what is stable, here or as others said when the
// configuration came to its end, and taken.
func (s *Session) free() {
	for s.freed < min(max(s.stable, s.known), s.taken) {
		s.freed++
		e := s.log.at(s.freed)
		st := &s.streams[e.member]
		st.freed = e.dseq
		s.drop(st.slot(e.dseq))
	}
}

// drop gives back one datagram's memory.
func (s *Session) drop(sl *slot) {
	if sl.own != nil {
		s.returns = append(s.returns, *sl.own)
		*sl.own = batch.Datagram{}
	} else {
		sl.chunk.Release()
	}
	sl.state, sl.bytes, sl.chunk, sl.own = vacant, nil, nil, nil
}

// Consumed tells that the application has given back the first n deliveries.
func (s *Session) Consumed(n uint64) { s.consumed = max(s.consumed, min(n, s.emitted)) }

// Returned are own datagrams that left the history since the last call, for
// the packer's Release; valid until the next Step or Receive.
func (s *Session) Returned() []batch.Datagram {
	r := s.returns
	s.returns = s.returns[:0]
	return r
}

// Cramped says whether the session would like to know at once what the
// application gives back: data waits for credit, joining for memory, or a good
// part of a history is out.
func (s *Session) Cramped() bool {
	return s.send.waiting || s.starved || int(s.delivered-s.taken) > s.cfg.History/4
}

// HeldUp says whether own data waits because this processor's application, of
// all, has given back least.
func (s *Session) HeldUp() bool {
	return s.send.waiting && s.taken == s.leastTaken && int(s.send.data-s.send.takenData) >= s.cfg.History
}

// Calm says whether every member holds all that this processor has sent.
func (s *Session) Calm() bool { return s.send.stable == s.send.next-1 }
