package sock

import (
	"unsafe"

	"golang.org/x/sys/unix"

	"stampede/batch"
)

// reserveChunks of memory never leave the ring.
const reserveChunks = 4

// ring is the memory that messages are received into: blocks of one chunk
// each, every block cut into slots of equal size (one with GRO). Slot i is
// slot i%per of block i/per.
//
// A block whose chunk somebody kept gets another chunk before the next
// receive: the memory has changed hands without a copy. Blocks with memory
// come first, and what came back to the arena last goes out first, so that a
// light load stays within a few warm chunks.
//
// When the arena is empty the ring turns to its reserve, which is not of the
// arena and never given away: whoever receives must always be able to hear
// the acknowledgements that set memory free.
type ring struct {
	arena     *batch.Arena
	slots     int
	slotBytes int
	per       int            // slots in a block
	blocks    []*batch.Chunk // [:ready] have memory, the others are nil
	ready     int
	iovs      []unix.Iovec // one for each slot
	used      int          // slots [:used] were filled by the last receive
	reserve   []byte
	starved   bool // ready == 0, and the first slots lie in the reserve
}

func newRing(arena *batch.Arena, slots, slotBytes int, iovs []unix.Iovec) ring {
	per := max(batch.ChunkBytes/slotBytes, 1)
	return ring{
		arena: arena, slots: slots, slotBytes: slotBytes, per: per, iovs: iovs,
		blocks:  make([]*batch.Chunk, (slots+per-1)/per),
		reserve: make([]byte, reserveChunks*batch.ChunkBytes),
	}
}

// reclaim replaces the memory that somebody kept. From the highest block
// down: a block that moves to fill a hole was looked at before.
func (r *ring) reclaim() {
	touched := (r.used + r.per - 1) / r.per
	for b := min(touched, r.ready) - 1; b >= 0; b-- {
		if !r.blocks[b].Shared() {
			continue
		}
		r.blocks[b].Release()
		if c := r.arena.Take(); c != nil {
			r.place(b, c)
			continue
		}
		r.ready--
		if b != r.ready {
			r.place(b, r.blocks[r.ready])
		}
		r.blocks[r.ready] = nil
	}
	r.used, r.starved = 0, false
}

// provide sees to it that want slots from used on have memory, and says how
// many of them do.
func (r *ring) provide(used, want int) int {
	want = min(want, r.slots-used)
	for r.ready*r.per < used+want {
		c := r.arena.Take()
		if c == nil {
			break
		}
		r.ready++
		r.place(r.ready-1, c)
	}
	if r.ready == 0 {
		r.starved = true
		want = min(want, len(r.reserve)/r.slotBytes-used)
		for i := used; i < used+want; i++ {
			r.point(i, r.reserve[i*r.slotBytes:])
		}
	} else {
		want = min(want, r.ready*r.per-used)
	}
	return max(want, 0)
}

// place gives block b its memory.
func (r *ring) place(b int, c *batch.Chunk) {
	r.blocks[b] = c
	for k := range r.per {
		if i := b*r.per + k; i < r.slots {
			r.point(i, c.Bytes[k*r.slotBytes:])
		}
	}
}

func (r *ring) point(i int, memory []byte) {
	r.iovs[i].Base = &memory[0]
	r.iovs[i].SetLen(r.slotBytes)
}

// slot is the memory of slot i.
func (r *ring) slot(i int) []byte { return unsafe.Slice(r.iovs[i].Base, r.slotBytes) }

// chunk is what to keep for slot i's memory to last; nil for the reserve.
func (r *ring) chunk(i int) *batch.Chunk {
	if r.starved {
		return nil
	}
	return r.blocks[i/r.per]
}

// release gives all memory back.
func (r *ring) release() {
	for _, c := range r.blocks[:r.ready] {
		c.Release()
	}
	clear(r.blocks)
	r.ready, r.used = 0, 0
}
