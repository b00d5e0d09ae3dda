package batch

import (
	"errors"
	"fmt"

	"stampede/wire"
)

// What Append, Lend and Announce refuse; nothing was taken then.
var (
	ErrTooLarge  = errors.New("batch: message larger than the configured maximum")
	ErrFull      = errors.New("batch: send queue full")
	ErrKeys      = fmt.Errorf("batch: a group set has 1 to %d keys", wire.MaxSetKeys)
	ErrGuarantee = errors.New("batch: unknown guarantee")
)

// Sizes of a full datagram between which a packer works. The least holds a
// header, a seal and a key of a group set with room to spare; the largest is
// what one UDP payload holds.
const (
	MinDatagram = 256
	MaxDatagram = wire.MaxDatagramBytes
)

// maxTotal bounds a message: with inline keys it can still be coded, and its
// offsets fit 32 bits.
const maxTotal = wire.MaxCodable - wire.MaxSetKeys*wire.GroupBytes

// PackerConfig says how messages become datagrams.
type PackerConfig struct {
	Datagram    int        // bytes of a full datagram: what the path carries as one UDP payload
	Sealed      bool       // leave wire.SealBytes at the end of every datagram
	MaxMessage  int        // bytes of the largest message, keys not counted; 0 = what the arena holds
	QueueBytes  int        // bytes accepted and not yet popped; 0 = what the arena holds
	Compress    wire.Codec // CodecNone = off
	FirstNumber uint64     // of the first message; 0 is taken as 1
	LendFrom    int        // bytes of the shortest message that Lend does not copy; 0 = LendFrom
}

// Check names the first field that NewPacker would have to change.
func (c *PackerConfig) Check() error {
	switch {
	case c.Datagram < MinDatagram || c.Datagram > MaxDatagram:
		return fmt.Errorf("batch: Datagram %d is not within %d … %d", c.Datagram, MinDatagram, MaxDatagram)
	case c.MaxMessage < 0 || c.MaxMessage > maxTotal:
		return fmt.Errorf("batch: MaxMessage %d is not within 0 … %d", c.MaxMessage, maxTotal)
	case c.QueueBytes < 0:
		return fmt.Errorf("batch: QueueBytes %d is negative", c.QueueBytes)
	case c.Compress >= wire.NumCodecs:
		return fmt.Errorf("batch: Compress %d is no codec", c.Compress)
	case c.LendFrom < 0:
		return fmt.Errorf("batch: LendFrom %d is negative", c.LendFrom)
	}
	return nil
}

// settled is c with every field within its bounds.
func (c PackerConfig) settled() PackerConfig {
	c.Datagram = min(max(c.Datagram, MinDatagram), MaxDatagram)
	if c.MaxMessage <= 0 || c.MaxMessage > maxTotal {
		c.MaxMessage = maxTotal
	}
	if c.QueueBytes <= 0 {
		c.QueueBytes = int(^uint(0) >> 2)
	}
	if c.Compress >= wire.NumCodecs {
		c.Compress = wire.CodecNone
	}
	c.FirstNumber = max(c.FirstNumber, 1)
	if c.LendFrom <= 0 {
		c.LendFrom = LendFrom
	}
	return c
}

// Message is what Append is told of a message beside its bytes.
type Message struct {
	Guarantee wire.Guarantee
	Origin    uint16       // which handle of this processor sends it
	Set       uint16       // announced group set; not looked at if Keys is not nil
	Keys      []wire.Group // not nil: these keys travel with the message; read during the call only
}

// Packer makes datagrams of messages. It belongs to one configuration of one
// sender and is not safe for concurrent use: its owner holds a lock around
// every call, Release included.
type Packer struct {
	// What Append looks at, in one or two cache lines.
	buf      []byte // bytes of chunk
	start    int    // where the open datagram begins, or the next one will
	end      int    // start <= end <= limit: where the next frame goes; == start: none is open
	limit    int    // where frames of the open datagram must end; == end if none is open
	queued   int    // bytes closed and not popped, what coding saved of them included, and bytes staged
	saved    int    // bytes that coding saved and no closed datagram counts yet
	next     uint64 // number of the next message that is packed
	first    uint64 // of the open datagram, as in Datagram
	messages int    // of the open datagram
	config   PackerConfig
	capacity int // bytes of frames in a full datagram
	seal     int // bytes left free at its end
	slack    int // room of so many bytes is padded, not filled with a piece
	reserved int // chunks that are left in the arena
	arena    *Arena
	chunk    *Chunk // open, with a reference of the packer's own; nil = none yet
	last     bool   // of the open datagram
	begins   bool   // of the open datagram
	queue    ring
	tails    [][][]byte // empty, for datagrams to be lent
	stage    *stage     // nil = no compression
}

// NewPacker returns a packer whose datagrams lie in chunks of a. Values of c
// outside their bounds are taken as the nearest within; Check tells.
func NewPacker(c PackerConfig, a *Arena) *Packer {
	p := &Packer{config: c.settled(), arena: a}
	p.capacity = wire.Capacity(p.config.Datagram, p.config.Sealed)
	if p.config.Sealed {
		p.seal = wire.SealBytes
	}
	p.slack = max(p.capacity/16, wire.FragmentOverhead)
	p.next = p.config.FirstNumber
	if p.config.Compress != wire.CodecNone {
		p.stage = new(stage)
	}
	return p
}

// free is how many chunks may be taken.
func (p *Packer) free() int { return p.arena.Free() - p.reserved }

// Close gives all memory that is not popped back to the arena. Loans that are
// still queued must be popped and released first, or nobody hears their end.
// The packer must not be used again but for Release.
func (p *Packer) Close() {
	p.unstage()
	for p.queue.n > 0 {
		d := p.Pop()
		p.Release(&d)
	}
	if p.chunk != nil {
		p.chunk.Release()
	}
	p.chunk, p.buf = nil, nil
	p.start, p.end, p.limit = 0, 0, 0
}
