package raw

import (
	"fmt"

	"stampede/batch"
)

// ring is the datagrams of a few messages, which are sent over and over: data
// datagram n is datagrams[(n-1)%len].
type ring struct {
	datagrams []batch.Datagram
	messages  uint64 // in all of them
}

// ringBytes is how much a ring holds at least: its end cuts a train short,
// which must be rare.
const ringBytes = 1 << 20

// newRing packs payload as often as it takes; once only if every message is to
// end its datagram, as one that waits for nothing does.
func newRing(payload []byte, datagram int, once bool) (*ring, error) {
	copies := 1
	if !once {
		copies = max(1, ringBytes/(len(payload)+batch.MinDatagram/32))
	}
	// Headers and padding come to less than a third of the smallest datagram.
	bytes := copies * (len(payload) + batch.MinDatagram/16)
	arena := batch.NewArena(make([]byte, 2*bytes+4*batch.ChunkBytes))
	p := batch.NewPacker(batch.PackerConfig{Datagram: datagram}, arena)
	for range copies {
		if _, err := p.Append(&batch.Message{}, [][]byte{payload}); err != nil {
			return nil, fmt.Errorf("raw: packing %d messages of %d bytes: %w", copies, len(payload), err)
		}
	}
	r := &ring{messages: uint64(copies)}
	for p.Backlog() > 0 {
		r.datagrams = append(r.datagrams, p.Pop())
	}
	return r, nil
}

// at is data datagram n.
func (r *ring) at(n uint64) *batch.Datagram {
	return &r.datagrams[(n-1)%uint64(len(r.datagrams))]
}

// through is how many messages are complete with the first n datagrams.
func (r *ring) through(n uint64) uint64 {
	if n == 0 {
		return 0
	}
	return (n-1)/uint64(len(r.datagrams))*r.messages + r.at(n).Through
}
