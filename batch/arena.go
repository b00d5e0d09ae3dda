package batch

// ChunkBytes is the size of a chunk: one UDP payload of the largest size fits
// (65,507 bytes), and so does a whole train as GRO hands it over (65,535).
const ChunkBytes = 64 << 10

// spoilByte fills released memory in builds with Invariants.
const spoilByte = 0xdb

// Chunk is a counted piece of an arena. Who holds one holds a reference: Take
// gives the first, Keep another, Release takes one back. Not safe for
// concurrent use, nor is its arena.
type Chunk struct {
	Bytes []byte // ChunkBytes of them, always; contents undefined after Take
	arena *Arena
	refs  int32 // 0 <= refs; 0 exactly while on the arena's free list
}

// Keep adds a reference.
func (c *Chunk) Keep() { c.refs++ }

// Shared says whether anybody beside the caller holds a reference.
func (c *Chunk) Shared() bool { return c.refs > 1 }

// Release gives a reference back; with the last one the chunk returns to its
// arena. One Release too many is a fault of the program, not of its input, and
// would hand the same memory to two owners: it panics.
func (c *Chunk) Release() {
	c.refs--
	if c.refs > 0 {
		return
	}
	if c.refs < 0 {
		panic("batch: chunk released more often than kept")
	}
	if Invariants {
		spoil(c.Bytes)
	}
	c.arena.free = append(c.arena.free, c)
}

// Arena divides memory that it is given (of the heap, or mapped) into chunks
// of ChunkBytes. It never allocates after NewArena. Not safe for concurrent
// use: two owners have two arenas, or one lock.
type Arena struct {
	chunks []Chunk
	// free is used as a stack: the chunk that came back last, whose lines the
	// caches still hold, goes out first; memory never used stays untouched.
	free []*Chunk
}

// NewArena returns an arena of len(mem)/ChunkBytes chunks; what is left over
// at the end of mem is not used. It touches none of mem. The arena and its
// chunks are the only users of mem from now on.
func NewArena(mem []byte) *Arena {
	n := len(mem) / ChunkBytes
	a := &Arena{chunks: make([]Chunk, n), free: make([]*Chunk, 0, n)}
	for i := n - 1; i >= 0; i-- { // the lowest on top
		start, end := i*ChunkBytes, (i+1)*ChunkBytes
		a.chunks[i] = Chunk{Bytes: mem[start:end:end], arena: a}
		a.free = append(a.free, &a.chunks[i])
	}
	return a
}

// Take gives a chunk out with one reference, or nil when none is free.
func (a *Arena) Take() *Chunk {
	last := len(a.free) - 1
	if last < 0 {
		return nil
	}
	c := a.free[last]
	a.free = a.free[:last]
	c.refs = 1
	return c
}

// Free is the number of chunks that Take can still give.
func (a *Arena) Free() int { return len(a.free) }

// Len is the number of chunks, free or not.
func (a *Arena) Len() int { return len(a.chunks) }

func spoil(b []byte) {
	for i := range b {
		b[i] = spoilByte
	}
}

// Spare is the number of free chunks in c's arena.
func (c *Chunk) Spare() int { return c.arena.Free() }
