package reach

import (
	"encoding/binary"
	"hash/crc32"
)

const (
	magic       = "Srch"
	version     = 1
	headerBytes = 56
	maxName     = 63
	entryBytes  = 12 + 12*numWays
)

// kind of a datagram.
type kind uint8

const (
	probe  kind = 1 + iota // padded to a length
	echo                   // of a short probe, with its sender's clock
	report                 // what was heard of others
	numKinds
)

// Way is how a probe goes.
type Way uint8

const (
	Multicast Way = iota
	MulticastFull
	MulticastTrain
	Unicast
	UnicastFull
	UnicastTrain
	ladder // unicast of some size: only the largest that arrives counts

	numWays = int(ladder)
)

var wayNames = [...]string{"multicast", "multicast_full", "multicast_train", "unicast", "unicast_full", "unicast_train"}

func (w Way) String() string {
	if int(w) < len(wayNames) {
		return wayNames[w]
	}
	return "unknown"
}

// message is a datagram, decoded.
type message struct {
	kind    kind
	way     Way
	cluster uint64
	sender  uint64
	to      uint64
	sent    int64
	number  uint32
	name    string
	entries []entry
}

// entry of a report is what its sender has heard of one other host.
//
//	 0    8         10       12
//	┌────┬─────────┬────────┬───────────────────────────────┐
//	│ id │ largest │ whole  │ numWays × first,last,received │
//	└────┴─────────┴────────┴───────────────────────────────┘
type entry struct {
	id      uint64
	largest uint16 // bytes of the longest lone datagram that came by unicast
	whole   uint16 // trains that came in one piece; stays at its most
	ways    [numWays]tally
}

// tally counts the probes of one way by their numbers: what is missing between
// the first and the last was lost, what came before this host listened was not.
type tally struct{ first, last, received uint32 }

func (t *tally) count(number uint32) {
	if t.received == 0 {
		t.first, t.last = number, number
	}
	t.first, t.last = min(t.first, number), max(t.last, number)
	t.received++
}

// expected is how many there were; at least as many as came.
func (t *tally) expected() uint64 {
	if t.received == 0 || t.last < t.first {
		return uint64(t.received)
	}
	return max(uint64(t.last-t.first)+1, uint64(t.received))
}

var le = binary.LittleEndian
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// encode returns the datagram, padded with zeros to a length if it is shorter.
func (m *message) encode(length int) []byte {
	name := m.name[:min(len(m.name), maxName)]
	n := headerBytes + len(name) + entryBytes*len(m.entries)
	b := make([]byte, max(n, length))
	copy(b, magic)
	b[4], b[5], b[12] = version, byte(m.kind), byte(m.way)
	le.PutUint16(b[6:], uint16(len(b)))
	le.PutUint64(b[16:], m.cluster)
	le.PutUint64(b[24:], m.sender)
	le.PutUint64(b[32:], m.to)
	le.PutUint64(b[40:], uint64(m.sent))
	le.PutUint32(b[48:], m.number)
	le.PutUint16(b[52:], uint16(len(m.entries)))
	b[54] = byte(len(name))
	at := headerBytes + copy(b[headerBytes:], name)
	for i := range m.entries {
		m.entries[i].put(b[at:])
		at += entryBytes
	}
	le.PutUint32(b[8:], checksum(b))
	return b
}

// checksum is that of a datagram with its check taken for 0.
func checksum(b []byte) uint32 {
	var zero [4]byte
	sum := crc32.Update(crc32.Checksum(b[:8], castagnoli), castagnoli, zero[:])
	return crc32.Update(sum, castagnoli, b[12:])
}

func (e *entry) put(b []byte) {
	le.PutUint64(b, e.id)
	le.PutUint16(b[8:], e.largest)
	le.PutUint16(b[10:], e.whole)
	for i, t := range e.ways {
		le.PutUint32(b[12+12*i:], t.first)
		le.PutUint32(b[16+12*i:], t.last)
		le.PutUint32(b[20+12*i:], t.received)
	}
}

func (e *entry) get(b []byte) {
	e.id, e.largest, e.whole = le.Uint64(b), le.Uint16(b[8:]), le.Uint16(b[10:])
	for i := range e.ways {
		e.ways[i] = tally{le.Uint32(b[12+12*i:]), le.Uint32(b[16+12*i:]), le.Uint32(b[20+12*i:])}
	}
}

// verdict says what is wrong with a datagram.
type verdict uint8

const (
	fine    verdict = iota
	foreign         // not of this protocol
	damaged         // its check is wrong
	absurd          // its fields contradict each other
)

// decode reads b, of which m keeps nothing.
func (m *message) decode(b []byte) verdict {
	if len(b) < headerBytes || string(b[:4]) != magic || b[4] != version {
		return foreign
	}
	if checksum(b) != le.Uint32(b[8:]) {
		return damaged
	}
	*m = message{
		kind: kind(b[5]), way: Way(b[12]), cluster: le.Uint64(b[16:]), sender: le.Uint64(b[24:]),
		to: le.Uint64(b[32:]), sent: int64(le.Uint64(b[40:])), number: le.Uint32(b[48:]),
		entries: m.entries[:0],
	}
	name, entries := int(b[54]), int(le.Uint16(b[52:]))
	if m.kind == 0 || m.kind >= numKinds || m.way > ladder || m.sender == 0 || int(le.Uint16(b[6:])) != len(b) ||
		name > maxName || headerBytes+name+entryBytes*entries > len(b) || entries > 0 && m.kind != report {
		return absurd
	}
	at := headerBytes + name
	m.name = string(b[headerBytes:at])
	for range entries {
		var e entry
		e.get(b[at:])
		m.entries = append(m.entries, e)
		at += entryBytes
	}
	return fine
}
