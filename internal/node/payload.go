package node

import "encoding/binary"

// A message carries its own number, as far as its size permits, so that a
// receiver can tell that it got what was sent under that name:
//
//	 0        8                 size
//	┌────────┬───────────────────┐
//	│ number │ filler            │  u64, little endian
//	└────────┴───────────────────┘
const labelBytes = 8

func newPayload(size int) []byte {
	b := make([]byte, size)
	for i := range b {
		b[i] = byte(i)
	}
	return b
}

func label(b []byte, number uint64) {
	var l [labelBytes]byte
	binary.LittleEndian.PutUint64(l[:], number)
	copy(b, l[:])
}

// labelled tells whether b carries the number.
func labelled(b []byte, number uint64) bool {
	var l [labelBytes]byte
	binary.LittleEndian.PutUint64(l[:], number)
	k := min(len(b), len(l))
	return string(b[:k]) == string(l[:k])
}
