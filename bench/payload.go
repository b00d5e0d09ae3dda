package bench

import (
	"encoding/binary"
	"fmt"
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

// filler is what messages are filled with, the same in all of a run.
type filler uint8

const (
	letters filler = iota // 16 of them by chance: half of every byte tells nothing, but nothing comes twice
	prose                 // lines of a log, of few words
	noise                 // nothing to be saved
)

// newPayload is a message of size bytes.
func newPayload(size int, f filler) []byte {
	b := make([]byte, size)
	chance := rand.New(rand.NewPCG(1, 2))
	if f == prose {
		return fillProse(b, chance)
	}
	for i := range b {
		if b[i] = byte(chance.Uint32()); f == letters {
			b[i] = 'a' + b[i]%16
		}
	}
	return b
}

var (
	proseVerbs   = []string{"opened", "closed", "moved", "accepted", "refused", "renewed"}
	proseObjects = []string{"account", "order", "session", "payment", "shipment", "invoice"}
	proseReasons = []string{"", "", "", " by operator", " after a timeout", " for want of stock"}
)

func fillProse(b []byte, chance *rand.Rand) []byte {
	word := func(of []string) string { return of[chance.IntN(len(of))] }
	var text []byte
	for second := 0; len(text) < len(b); second += chance.IntN(3) {
		text = fmt.Appendf(text, "2026-01-02T03:%02d:%02dZ info node=%d %s %06d %s%s\n", second/60%60, second%60,
			1+chance.IntN(5), word(proseObjects), chance.IntN(1e6), word(proseVerbs), word(proseReasons))
	}
	copy(b, text)
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
