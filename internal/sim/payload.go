package sim

import (
	"encoding/binary"
	"strconv"

	"stampede/wire"
)

// message is what a processor accepted from its application.
type message struct {
	size      int
	guarantee wire.Guarantee
	set       int
	lent      bool
	label     string // what a script calls it
}

// appendPayload appends size bytes that belong to one message only. Half of
// the messages repeat a few bytes, so that they can be compressed.
func appendPayload(dst []byte, salt, number uint64, size int) []byte {
	x := mix(mix(salt) ^ number)
	step := x | 1
	if number%2 == 0 {
		step = 0
	}
	end := len(dst) + size
	for len(dst) < end {
		dst = binary.LittleEndian.AppendUint64(dst, x)
		x += step
	}
	return dst[:end]
}

// mix is one step of SplitMix64.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// groupSet is a set of groups, and how a trace names them.
type groupSet struct {
	keys  []wire.Group
	names []string
}

// groupSets are all that a world uses: set k has k%7+1 groups.
var groupSets = func() (sets [40]groupSet) {
	for k := range sets {
		for g := range k%7 + 1 {
			name := "g" + strconv.Itoa(k*(g+1))
			var key wire.Group
			copy(key[:], name)
			sets[k].keys = append(sets[k].keys, key)
			sets[k].names = append(sets[k].names, name)
		}
	}
	return sets
}()
