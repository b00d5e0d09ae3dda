package order

import (
	"slices"

	"stampede/batch"
	"stampede/wire"
)

// recovering is the exchange of what those who leave a configuration together
// do not all hold.
type recovering struct {
	union   *Union
	lacking []wire.Range // of the union, when last looked
	left    int          // datagrams in it
	done    bool         // nothing is lacking
	tries   int          // requests in a row that brought nothing
	at      int64        // when the next request is due
}

const (
	// recoverBatch is how many datagrams are asked for at a time: the answer
	// must fit the least receive buffer, beside what it takes to hear the rest.
	recoverBatch = 64
	// recoverTries is how often one holder is asked before the next.
	recoverTries = 2
)

// Recover begins to fetch what this processor lacks of the union. A union of
// an earlier attempt is forgotten.
func (s *Session) Recover(now int64, u *Union) {
	s.recover = recovering{union: u, at: now}
	s.known = max(s.known, u.Known)
	s.take()
	s.free() // what is still to come needs the slots
}

// Recovered says whether this processor holds the union.
func (s *Session) Recovered() bool { return s.recover.done }

// Lacks is how many datagrams of the union this processor lacked when it last
// looked: less than before is progress.
func (s *Session) Lacks() int { return s.recover.left }

// Fetch asks for what is lacking and answers who asks, appended to out. It
// returns the time when it is to be called again though nothing arrives. As
// long as the configuration runs, that is Step's to do.
func (s *Session) Fetch(now int64, out *batch.Burst) (deadline int64) {
	if s.cut.step == running {
		return never
	}
	s.repair.now, s.repair.at = now, never
	s.repair.answer(s, now, out)
	r := &s.recover
	if r.union == nil || r.done {
		return s.repair.at
	}
	left := r.left
	r.lacking = s.Lacking(r.union, r.lacking[:0])
	r.left = 0
	for _, g := range r.lacking {
		r.left += int(g.Count)
	}
	if r.left == 0 {
		r.done = true
		return s.repair.at
	}
	if r.left < left {
		r.tries = 0
	}
	if now >= r.at || left-r.left >= recoverBatch/2 {
		s.fetch(now, out)
	}
	return min(r.at, s.repair.at)
}

// fetch sends the requests of one round, one to each holder.
func (s *Session) fetch(now int64, out *batch.Burst) {
	r := &s.recover
	r.at = now + s.retryAfter(int32(r.tries))
	holders := map[int][]wire.Range{}
	budget := recoverBatch
	for _, g := range r.lacking {
		i := s.index(g.Stream)
		for ; g.Count > 0 && budget > 0; g.First, g.Count, budget = g.First+1, g.Count-1, budget-1 {
			h := r.union.Holder(i, g.First, r.tries/recoverTries)
			if h < 0 {
				continue
			}
			holders[h] = extend(holders[h], wire.Range{Stream: g.Stream, Asked: s.ids[h], First: g.First, Count: 1})
		}
	}
	r.tries++
	for h := range s.members {
		for rs := range slices.Chunk(holders[h], maxRanges) {
			body := wire.Nack{Ranges: rs}
			s.control(wire.KindNack, h, body.AppendTo(make([]byte, wire.HeaderBytes)), 0, out)
			s.Counters.SentNacks++
		}
	}
	s.Counters.Requested += uint64(recoverBatch - budget)
}

// receiveFrozen takes what arrives when the configuration is at its end here:
// requests are answered, and what is held grows. What is not in the union of
// this attempt may be in that of a later one.
func (s *Session) receiveFrozen(i int, h *wire.Header, b []byte) {
	switch h.Kind {
	case wire.KindStream:
		s.restore(i, h, b)
	case wire.KindNack:
		s.Counters.Nacks++
		s.repair.ask(s, i, b[wire.HeaderBytes:])
	}
}

// restore keeps a datagram of a member's that this processor lacked, sent again
// by one that holds it.
func (s *Session) restore(member int, h *wire.Header, b []byte) {
	st := &s.streams[member]
	switch {
	case h.Dseq > st.room():
		s.Counters.Overrun++
		return
	case h.Dseq <= st.prefix || st.held(h.Dseq) != nil:
		s.Counters.Duplicates++
		return
	}
	bytes, chunk := s.mem.Arrivals.Copy(b)
	if chunk == nil {
		s.Counters.NoMemory++
		return
	}
	s.Counters.Received++
	s.keep(st, h, bytes, chunk)
}

// Close gives back all memory, when the configuration is over and its
// deliveries were given back. Returned has the own datagrams.
func (s *Session) Close() {
	for i := range s.streams {
		st := &s.streams[i]
		for k := range st.slots {
			if st.slots[k].state == held {
				s.drop(&st.slots[k])
			}
		}
		if st.joining.bytes != nil {
			s.mem.Pool.Put(st.joining.bytes)
		}
		for _, e := range st.early {
			s.mem.Pool.Put(e.bytes)
		}
		st.joining, st.early = joined{}, nil
	}
	for _, l := range s.loans {
		s.mem.Pool.Put(l.bytes)
	}
	s.loans = nil
}

// Spent says whether the application has given back all deliveries.
func (s *Session) Spent() bool { return s.consumed == s.emitted }
