package batch

// slabAlign keeps copies on addresses that 64-bit loads like.
const slabAlign = 8

// Slab copies small arrivals one behind the other into chunks of an arena, so
// that a lone datagram of 100 bytes does not keep a whole receive buffer. Not
// safe for concurrent use.
type Slab struct {
	arena *Arena
	chunk *Chunk // open, with a reference of the slab's own; nil = none
	used  int    // 0 <= used <= ChunkBytes
}

// NewSlab returns a slab that takes its chunks from a, one at a time.
func NewSlab(a *Arena) *Slab { return &Slab{arena: a} }

// Copy copies b and returns the copy with its chunk, kept once for the caller,
// who releases it. It returns nil, nil if the arena is empty or b is longer
// than ChunkBytes.
func (s *Slab) Copy(b []byte) ([]byte, *Chunk) {
	if !s.room(len(b)) {
		return nil, nil
	}
	end := s.used + len(b)
	dst := s.chunk.Bytes[s.used:end:end]
	copy(dst, b)
	s.used = min((end+slabAlign-1)&^(slabAlign-1), ChunkBytes)
	s.chunk.Keep()
	return dst, s.chunk
}

// room sees to an open chunk with n bytes free.
func (s *Slab) room(n int) bool {
	if s.chunk != nil && !s.chunk.Shared() {
		s.used = 0 // all copies came back: begin anew in warm memory
	}
	if s.chunk != nil && n <= ChunkBytes-s.used {
		return true
	}
	if n > ChunkBytes || s.arena.Free() == 0 {
		return false
	}
	s.Close()
	s.chunk = s.arena.Take()
	return true
}

// Room is how many chunks the slab's arena has left, and of how many.
func (s *Slab) Room() (free, of int) { return s.arena.Free(), s.arena.Len() }

// Close gives the open chunk back; copies live on until their holders release
// them. The slab can be used again.
func (s *Slab) Close() {
	if s.chunk != nil {
		s.chunk.Release()
	}
	s.chunk, s.used = nil, 0
}
