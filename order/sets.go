package order

import (
	"stampede/batch"
	"stampede/wire"
)

// Set is a set of groups that its sender announced under a short id. Never
// changed once it is complete.
type Set struct {
	Keys []wire.Group
	have []bool // which keys were announced
	got  int    // how many
}

// knows says whether a group set was announced completely.
func (st *stream) knows(id uint16) bool {
	return int(id) < len(st.sets) && st.sets[id] != nil && st.sets[id].got == len(st.sets[id].Keys)
}

// learnSets reads the announcements of a datagram. The table is replaced, not
// changed: deliveries refer to the one of their time.
func (s *Session) learnSets(st *stream, sl *slot) {
	it := wire.NewFrames(sl.frames(), sl.first)
	var f wire.Frame
	learned := false
	for it.Next(&f) {
		if f.Type != wire.FrameGroupSet {
			continue
		}
		if f.Set >= batch.MaxSets {
			s.Counters.Invalid++
			continue
		}
		learned = s.learnSet(st, &f) || learned
	}
	if learned {
		s.deliverWaiting(st)
	}
}

// learnSet adds the keys of one announcement; true when they complete the set.
func (s *Session) learnSet(st *stream, f *wire.Frame) bool {
	if st.knows(f.Set) {
		return false // never rebound
	}
	if int(f.Set) >= len(st.sets) || st.sets[f.Set] == nil {
		table := make([]*Set, max(len(st.sets), int(f.Set)+1))
		copy(table, st.sets)
		table[f.Set] = &Set{Keys: make([]wire.Group, f.Total), have: make([]bool, f.Total)}
		st.sets = table
	}
	set := st.sets[f.Set]
	if len(set.Keys) != int(f.Total) {
		s.Counters.Invalid++
		return false
	}
	for i := 0; i < f.Keys().Len() && int(f.Offset)+i < len(set.Keys); i++ {
		k := int(f.Offset) + i
		if !set.have[k] {
			set.Keys[k], set.have[k] = f.Keys().At(i), true
			set.got++
		}
	}
	return set.got == len(set.Keys)
}
