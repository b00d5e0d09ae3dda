package member

import (
	"cmp"
	"slices"

	"stampede/wire"
)

// candidate is a processor that may be in the next configuration.
type candidate struct {
	id     wire.ProcessorID
	config wire.ConfigID
	hears  []wire.Hear
	peer   *peer // nil = this processor
}

// candidates are this processor and all whose rows count, ascending by id.
func (m *Machine) candidates(now int64) []candidate {
	self := candidate{id: m.cfg.Self.ID, config: m.config, hears: m.row.hears}
	list := make([]candidate, 0, len(m.peers)+1)
	for _, p := range m.peers {
		if p.id > self.id && self.id != 0 {
			list = append(list, self)
			self.id = 0
		}
		if m.fresh(p, now) && !p.leaving && p.refused == "" {
			list = append(list, candidate{p.id, p.config, p.hears, p})
		}
	}
	if self.id != 0 {
		list = append(list, self)
	}
	return list
}

// ownSet is the set that this processor belongs to, by the rows that it knows.
func (m *Machine) ownSet(now int64) []candidate {
	for rest := acquainted(m.candidates(now)); len(rest) > 0; {
		var set []candidate
		set, rest = divide(rest)
		if slices.ContainsFunc(set, func(c candidate) bool { return c.peer == nil }) {
			return set
		}
	}
	return nil // not reached: this processor is a candidate, and each round takes some
}

// acquainted leaves out who is in mutual hearing with nobody: he would be a set
// of his own, and a crowd of such takes long to divide.
func acquainted(list []candidate) []candidate {
	return slices.DeleteFunc(slices.Clone(list), func(c candidate) bool {
		return c.peer != nil && !slices.ContainsFunc(c.hears, func(h wire.Hear) bool {
			i, ok := slices.BinarySearchFunc(list, h.ID, func(c candidate, id wire.ProcessorID) int { return cmp.Compare(c.id, id) })
			return ok && listed(list[i].hears, c.id)
		})
	})
}

// divide takes the first set out of candidates that ascend by id: the largest
// block of those that are in one configuration now comes first, and then each
// other that hears, and is heard by, all taken so far. Both parts ascend.
//
// Blocks keep one badly connected newcomer from tearing a configuration apart;
// repeating it with who is left over keeps A - B - C from becoming three.
func divide(list []candidate) (set, rest []candidate) {
	for _, c := range byBlock(list) {
		if mutualWithAll(&c, set) {
			set = append(set, c)
		} else {
			rest = append(rest, c)
		}
	}
	sortByID(set)
	sortByID(rest)
	return set, rest
}

// byBlock orders candidates by blocks of one configuration: the largest first,
// of equal ones that with the lowest id; those that are in none come last.
func byBlock(list []candidate) []candidate {
	type block struct {
		size  int
		least wire.ProcessorID
	}
	blocks := map[wire.ConfigID]block{}
	for _, c := range list {
		b := blocks[c.config]
		if b.size++; b.least == 0 {
			b.least = c.id
		}
		blocks[c.config] = b
	}
	delete(blocks, wire.ConfigID{})
	ordered := slices.Clone(list)
	slices.SortStableFunc(ordered, func(a, b candidate) int {
		x, y := blocks[a.config], blocks[b.config]
		return cmp.Or(y.size-x.size, cmp.Compare(x.least, y.least))
	})
	return ordered
}

func mutualWithAll(c *candidate, set []candidate) bool {
	for i := range set {
		if !listed(c.hears, set[i].id) || !listed(set[i].hears, c.id) {
			return false
		}
	}
	return true
}

func sortByID(list []candidate) {
	slices.SortFunc(list, func(a, b candidate) int { return cmp.Compare(a.id, b.id) })
}
