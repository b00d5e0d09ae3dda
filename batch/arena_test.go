package batch

import (
	"bytes"
	"testing"
)

func TestArenaGivesTheLowestFirstAndTheLastBackAgain(t *testing.T) {
	mem := make([]byte, 3*ChunkBytes+100)
	a := NewArena(mem)
	if a.Len() != 3 || a.Free() != 3 {
		t.Fatalf("%d of %d chunks free, want 3 of 3", a.Free(), a.Len())
	}
	var chunks []*Chunk
	for i := range 3 {
		c := a.Take()
		if &c.Bytes[0] != &mem[i*ChunkBytes] || len(c.Bytes) != ChunkBytes || cap(c.Bytes) != ChunkBytes {
			t.Fatalf("chunk %d is not piece %d of the memory", i, i)
		}
		chunks = append(chunks, c)
	}
	if a.Take() != nil || a.Free() != 0 {
		t.Fatal("an empty arena gave a chunk")
	}
	chunks[0].Release()
	chunks[1].Release()
	if c := a.Take(); c != chunks[1] {
		t.Error("the chunk that came back last did not go out first")
	}
}

func TestChunkComesBackWithItsLastReference(t *testing.T) {
	a := NewArena(make([]byte, ChunkBytes))
	c := a.Take()
	if c.Shared() {
		t.Error("a fresh chunk is shared")
	}
	c.Keep()
	if !c.Shared() {
		t.Error("a chunk kept twice is not shared")
	}
	c.Release()
	if a.Free() != 0 || c.Shared() {
		t.Fatal("released once of twice, the chunk is gone or still shared")
	}
	c.Bytes[7] = 1
	c.Release()
	if a.Free() != 1 {
		t.Fatal("the chunk did not come back")
	}
	if Invariants && c.Bytes[7] != spoilByte {
		t.Error("released memory was not spoiled")
	}
	mustPanic(t, "one release too many", c.Release)
}

func TestArenaDoesNotAllocate(t *testing.T) {
	a := NewArena(make([]byte, 2*ChunkBytes))
	if n := testing.AllocsPerRun(100, func() { a.Take().Release() }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestSlabSharesChunksAndReusesThem(t *testing.T) {
	a := NewArena(make([]byte, 2*ChunkBytes))
	s := NewSlab(a)
	text := bytes.Repeat([]byte("0123456789"), 100)
	var copies [][]byte
	var chunks []*Chunk
	for {
		b, c := s.Copy(text)
		if b == nil {
			break
		}
		copies, chunks = append(copies, b), append(chunks, c)
	}
	if want := 2 * (ChunkBytes / len(text)); len(copies) != want {
		t.Errorf("%d copies in two chunks, want %d", len(copies), want)
	}
	for i, b := range copies {
		if !bytes.Equal(b, text) || cap(b) != len(b) {
			t.Fatalf("copy %d differs or can grow into the next", i)
		}
	}
	for _, c := range chunks {
		c.Release()
	}
	if a.Free() != 1 {
		t.Fatalf("%d chunks free, want all but the open one", a.Free())
	}
	for range 2 {
		if b, c := s.Copy(text); &b[0] != &c.Bytes[0] {
			t.Error("a chunk without copies was not begun anew")
		} else {
			c.Release()
		}
	}
	s.Close()
	if a.Free() != 2 {
		t.Errorf("%d chunks free after Close, want 2", a.Free())
	}
	if b, _ := s.Copy(make([]byte, ChunkBytes+1)); b != nil {
		t.Error("more than a chunk was copied")
	}
	if b, c := s.Copy(nil); b == nil || c == nil {
		t.Error("an empty copy is not given")
	}
}

func mustPanic(t *testing.T, what string, f func()) {
	t.Helper()
	defer func() {
		if recover() == nil {
			t.Errorf("%s did not panic", what)
		}
	}()
	f()
}
