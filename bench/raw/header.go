package raw

import (
	"encoding/binary"
	"hash/crc32"
)

// A datagram begins with, little endian,
//
//	 0      4      5      6      8      16       24      32
//	┌──────┬──────┬──────┬──────┬──────┬────────┬───────┐
//	│check │ kind │flags │ from │ run  │ number │ slot  │  then frames, in data
//	└──────┴──────┴──────┴──────┴──────┴────────┴───────┘
//
// check is CRC-32C of what follows it, 0 if nobody checks. number is that of a
// data datagram, from 1; in an ask how many were sent, in an ack and an answer
// how many came without a gap. slot is, in the last datagram of a message that
// is timed, when that was to be sent; in an ask a number of its own, which its
// answers repeat.
const headerBytes = 32

type kind uint8

const (
	kindData kind = 1 + iota
	kindAck
	kindAsk
	kindAnswer
)

// flagPrompt asks for an ack of this very datagram.
const flagPrompt = 1

type header struct {
	kind   kind
	flags  uint8
	from   uint16 // host, from 1
	run    uint64
	number uint64
	slot   int64
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// put writes h to the front of the datagram b.
func (h *header) put(b []byte, check bool) {
	b[4], b[5] = byte(h.kind), h.flags
	binary.LittleEndian.PutUint16(b[6:], h.from)
	binary.LittleEndian.PutUint64(b[8:], h.run)
	binary.LittleEndian.PutUint64(b[16:], h.number)
	binary.LittleEndian.PutUint64(b[24:], uint64(h.slot))
	sum := uint32(0)
	if check {
		sum = crc32.Checksum(b[4:], castagnoli)
	}
	binary.LittleEndian.PutUint32(b, sum)
}

// read reads the front of b; sound is false if b is not as it was sent.
func (h *header) read(b []byte, check bool) (sound bool) {
	if len(b) < headerBytes {
		return false
	}
	if check && binary.LittleEndian.Uint32(b) != crc32.Checksum(b[4:], castagnoli) {
		return false
	}
	h.kind, h.flags = kind(b[4]), b[5]
	h.from = binary.LittleEndian.Uint16(b[6:])
	h.run = binary.LittleEndian.Uint64(b[8:])
	h.number = binary.LittleEndian.Uint64(b[16:])
	h.slot = int64(binary.LittleEndian.Uint64(b[24:]))
	return true
}
