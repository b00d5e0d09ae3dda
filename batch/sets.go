package batch

import (
	"slices"
	"unsafe"

	"stampede/wire"
)

// MaxSets is how many group sets a processor gives short names to; the names
// are below it.
const MaxSets = 1024

// maxSetKeys is how many keys they have in all. All of them may have to be
// announced at once, when a configuration begins.
const maxSetKeys = 16 << 10

// sets are the group sets that have a name.
type sets struct {
	ids       map[string]uint16 // by the bytes of the keys
	last      uint16            // the one asked for last: mostly the next one, too
	keys      [][]wire.Group    // by id
	announced []bool            // in this configuration, by id
	total     int               // keys of all sets
}

// address is m with the name of its group set for the keys, if that has one.
func (q *Queue) address(m *Message, iov [][]byte) (Message, error) {
	named := Message{Guarantee: m.Guarantee, Origin: m.Origin, Keys: m.Keys}
	if len(m.Keys) == 0 {
		named.Keys = noKeys
		return named, nil
	}
	key := unsafe.Slice(&m.Keys[0][0], len(m.Keys)*wire.GroupBytes)
	id, known := q.sets.find(key, m.Keys)
	if known && q.sets.announced[id] {
		named.Set, named.Keys = id, nil
		return named, nil
	}
	if !q.announceable(m, iov) {
		return named, nil
	}
	if !known {
		if !q.sets.room(len(m.Keys)) {
			return named, nil
		}
		id = uint16(len(q.sets.keys))
	}
	if err := q.packer.Announce(id, m.Keys); err != nil {
		return named, err
	}
	if !known {
		q.sets.add(key, m.Keys)
	}
	q.sets.announced[id] = true
	named.Set, named.Keys = id, nil
	return named, nil
}

// find is the name of a set, if it has one.
func (s *sets) find(key []byte, keys []wire.Group) (id uint16, known bool) {
	if int(s.last) < len(s.keys) && slices.Equal(s.keys[s.last], keys) {
		return s.last, true
	}
	if id, known = s.ids[string(key)]; known {
		s.last = id
	}
	return id, known
}

// noKeys is a set of none, which travels inline.
var noKeys = []wire.Group{}

// announceable says whether to announce a set for a message: not for one that
// the packer will refuse, nor for one that only an empty queue takes, which an
// announcement would keep waiting.
func (q *Queue) announceable(m *Message, iov [][]byte) bool {
	n := 0
	for _, part := range iov {
		n += len(part)
	}
	c := &q.packer.config
	return n <= c.MaxMessage && n+2*wire.MessageOverhead+len(m.Keys)*(wire.GroupBytes+wire.GroupSetOverhead) <= c.QueueBytes &&
		m.Guarantee <= wire.Safe && len(m.Keys) <= wire.MaxSetKeys
}

// room says whether a set of so many keys can have a name.
func (s *sets) room(keys int) bool {
	return len(s.keys) < MaxSets && s.total+keys <= maxSetKeys
}

// add gives the next name to a set, whose keys it copies.
func (s *sets) add(key []byte, keys []wire.Group) {
	s.ids[string(key)] = uint16(len(s.keys))
	s.keys = append(s.keys, slices.Clone(keys))
	s.announced = append(s.announced, false)
	s.total += len(keys)
}
