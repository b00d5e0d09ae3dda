package order

import (
	"cmp"
	"math"
	"slices"

	"stampede/wire"
)

// Report fills in an answer with what this processor holds of the
// configuration: its position, the stable line it knows, and each stream.
func (s *Session) Report(a *wire.Answer) {
	a.Position, a.Stable = s.aru, max(s.stable, s.known)
	a.Streams = a.Streams[:0]
	for i := range s.streams {
		st := &s.streams[i]
		a.Streams = append(a.Streams, wire.StreamState{Member: s.ids[i], Contiguous: st.prefix, Extras: st.extras()})
	}
}

// extras are the runs of datagrams that are held above the prefix.
func (st *stream) extras() (spans []wire.Span) {
	for d := st.prefix + 1; d <= st.high; d++ {
		if st.held(d) == nil {
			continue
		}
		if n := len(spans); n > 0 && spans[n-1].First+uint64(spans[n-1].Count) == d {
			spans[n-1].Count++
		} else {
			spans = append(spans, wire.Span{First: d, Count: 1})
		}
	}
	return spans
}

// Plausible says whether an answer can be about this configuration: nobody
// numbers a datagram that is further beyond what this member has freed than two
// histories reach, one that it holds and one that may be under way. Answers
// that claim more would make a union, and what is lacking of it, without end.
func (s *Session) Plausible(a *wire.Answer) bool {
	if len(a.Streams) != len(s.streams) {
		return false
	}
	for i := range a.Streams {
		most := s.streams[i].room() + 3*uint64(len(s.streams[i].slots))
		as := &a.Streams[i]
		if as.Contiguous > most {
			return false
		}
		if n := len(as.Extras); n > 0 && as.Extras[n-1].First+uint64(as.Extras[n-1].Count) > most+1 {
			return false
		}
	}
	return true
}

// Union is what some members of a configuration hold of it together, when they
// go on into another one. All of them compute it from the same answers.
type Union struct {
	// Line is the greatest stable line that one of them knows; no line at all
	// when they are the whole configuration, since then all hold the union.
	Line uint64
	// Known is the greatest stable line that one of them knows.
	Known uint64
	// Obliged are the members whose messages are delivered though their place
	// in the order is not known: those that go on, and whom these have promised
	// it to before.
	Obliged []bool

	ids     []wire.ProcessorID
	streams [][]wire.Span // by member, ascending, with gaps between
	holders []holdings    // ascending by id
}

// holdings are what one processor reported.
type holdings struct {
	member  int
	streams [][]wire.Span
}

// NewUnion adds up the answers of members of a configuration, one each. ok is
// false when they are not about one configuration of these members.
func NewUnion(members []wire.Member, from []wire.ProcessorID, answers []*wire.Answer) (_ *Union, ok bool) {
	u := &Union{Obliged: make([]bool, len(members)), streams: make([][]wire.Span, len(members))}
	for _, m := range members {
		u.ids = append(u.ids, m.ID)
	}
	for k, a := range answers {
		i, known := slices.BinarySearch(u.ids, from[k])
		if !known || a.Old != answers[0].Old || len(a.Streams) != len(members) {
			return nil, false
		}
		u.Obliged[i] = true
		for _, id := range a.Obligations {
			if j, known := slices.BinarySearch(u.ids, id); known {
				u.Obliged[j] = true
			}
		}
		u.Known = max(u.Known, a.Stable)
		h := holdings{member: i, streams: make([][]wire.Span, len(members))}
		for j := range a.Streams {
			if a.Streams[j].Member != u.ids[j] {
				return nil, false
			}
			h.streams[j] = spansOf(&a.Streams[j])
			u.streams[j] = append(u.streams[j], h.streams[j]...)
		}
		u.holders = append(u.holders, h)
	}
	for j := range u.streams {
		u.streams[j] = merge(u.streams[j])
	}
	slices.SortFunc(u.holders, func(a, b holdings) int { return a.member - b.member })
	u.Line = u.Known
	if len(answers) == len(members) {
		u.Line = math.MaxUint64
	}
	return u, true
}

// spansOf is a stream's state as spans. Counts of a Span are 32 bits wide; a
// prefix may need several.
func spansOf(st *wire.StreamState) (spans []wire.Span) {
	for d := uint64(1); d <= st.Contiguous; {
		n := min(st.Contiguous-d+1, math.MaxUint32)
		spans = append(spans, wire.Span{First: d, Count: uint32(n)})
		d += n
	}
	return append(spans, st.Extras...)
}

// merge sorts spans and joins those that touch, as far as counts allow.
func merge(spans []wire.Span) []wire.Span {
	slices.SortFunc(spans, func(a, b wire.Span) int { return cmp.Compare(a.First, b.First) })
	var out []wire.Span
	for _, sp := range spans {
		if n := len(out); n > 0 {
			last := &out[n-1]
			end := last.First + uint64(last.Count)
			if spEnd := sp.First + uint64(sp.Count); sp.First <= end && spEnd-last.First <= math.MaxUint32 {
				last.Count = uint32(max(end, spEnd) - last.First)
				continue
			} else if spEnd <= end {
				continue
			}
		}
		out = append(out, sp)
	}
	return out
}

// within says whether one of the spans, which ascend, has d.
func within(spans []wire.Span, d uint64) bool {
	i, found := slices.BinarySearchFunc(spans, d, func(sp wire.Span, d uint64) int {
		switch {
		case sp.First+uint64(sp.Count) <= d:
			return -1
		case sp.First > d:
			return 1
		}
		return 0
	})
	return found && i < len(spans)
}

// Has says whether somebody holds a datagram of a member's stream.
func (u *Union) Has(member int, dseq uint64) bool { return within(u.streams[member], dseq) }

// Holder is the index of the member that sends a datagram to those who lack it:
// of those that hold it the one with the lowest id, or, when it was asked in
// vain, the next, and so on around. -1: nobody does.
func (u *Union) Holder(member int, dseq uint64, tries int) int {
	var who []int
	for i := range u.holders {
		if within(u.holders[i].streams[member], dseq) {
			who = append(who, u.holders[i].member)
		}
	}
	if len(who) == 0 {
		return -1
	}
	return who[tries%len(who)]
}

// Lacking appends what this processor has to be sent of the union.
func (s *Session) Lacking(u *Union, dst []wire.Range) []wire.Range {
	for i := range s.streams {
		st := &s.streams[i]
		for _, sp := range u.streams[i] {
			for d := max(sp.First, st.prefix+1); d < sp.First+uint64(sp.Count); d++ {
				if st.held(d) == nil {
					dst = extend(dst, wire.Range{Stream: s.ids[i], First: d, Count: 1})
				}
			}
		}
	}
	return dst
}
