package bench

import (
	"encoding/binary"
	"math/rand/v2"
)

// A message carries, as far as its size permits:
//
//	 0        8        16                     size-8     size
//	┌────────┬────────┬──────────────────────┬──────────┐
//	│sequence│ slot   │ filler               │ sequence │  u64, little endian
//	└────────┴────────┴──────────────────────┴──────────┘
//
// sequence counts the sender's messages from 0. slot is the time at which the
// message was to be sent, in ns of the clock that all hosts share, 0 if it is
// not timed. The second sequence, from 24 bytes on, tells that the end of the
// message is of the same message as its beginning.
const (
	sequenceEnd = 8
	stampEnd    = 16
	trailerFrom = 24 // least size with a second sequence
)

// A marker is the last message of a sender: agreed, whatever the others are,
// and told by a length that they do not have.
//
//	 0        8        16
//	┌────────┬────────┬─┐
//	│ 0      │ count  │ │  count: messages before it; the last byte if size is 16
//	└────────┴────────┴─┘
func markerBytes(size int) int {
	if size == stampEnd {
		return stampEnd + 1
	}
	return stampEnd
}

// newPayload is a message of size bytes. The filler is the same for all, and
// has few enough values to let a compressor show what it can.
func newPayload(size int) []byte {
	b := make([]byte, size)
	chance := rand.New(rand.NewPCG(1, 2))
	for i := range b {
		b[i] = 'a' + byte(chance.UintN(16))
	}
	return b
}

// label writes what distinguishes one message from the next.
func label(b []byte, sequence uint64, slot int64) {
	if len(b) < sequenceEnd {
		for i := range b {
			b[i] = byte(sequence >> (8 * i))
		}
		return
	}
	binary.LittleEndian.PutUint64(b, sequence)
	if len(b) >= stampEnd {
		binary.LittleEndian.PutUint64(b[sequenceEnd:], uint64(slot))
	}
	if len(b) >= trailerFrom {
		binary.LittleEndian.PutUint64(b[len(b)-8:], sequence)
	}
}

// slotOf is the slot of a message, 0 if it has none.
func slotOf(b []byte) int64 {
	if len(b) < stampEnd {
		return 0
	}
	return int64(binary.LittleEndian.Uint64(b[sequenceEnd:]))
}

// beginning and ending are the bytes that a message is told by.
func beginning(b []byte) uint64 {
	if len(b) >= sequenceEnd {
		return binary.LittleEndian.Uint64(b)
	}
	var v uint64
	for i, c := range b {
		v |= uint64(c) << (8 * i)
	}
	return v
}

func ending(b []byte) uint64 {
	if len(b) >= trailerFrom {
		return binary.LittleEndian.Uint64(b[len(b)-8:])
	}
	return beginning(b)
}

func newMarker(size int, count uint64) []byte {
	b := make([]byte, markerBytes(size))
	binary.LittleEndian.PutUint64(b[8:], count)
	return b
}

func markerCount(b []byte) uint64 { return binary.LittleEndian.Uint64(b[8:]) }
