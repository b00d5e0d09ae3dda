package shm

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// TestPieces: pieces that are with the reader are never given to the writer
// again, whatever their lengths and however the reader gives them back.
func TestPieces(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	type piece struct {
		position uint64
		want     []byte
	}
	for range 200 {
		size := 8 * (1 + r.IntN(100))
		w := &Writer{mem: make([]byte, size)}
		reader := &Reader{mem: w.mem}
		var out []piece
		given := 0
		for range 500 {
			n := 8 * (1 + r.IntN(size/8+1))
			b := w.Room(n)
			if b == nil {
				if n <= size && w.Out() == 0 {
					t.Fatalf("no room for %d bytes in %d that are all free", n, size)
				}
			} else {
				if len(b) != 0 || cap(b) < n {
					t.Fatalf("room for %d bytes has %d, %d of them used", n, cap(b), len(b))
				}
				n = 8 * (1 + r.IntN(cap(b)/8))
				for i := range n {
					b = append(b, byte(given+i))
				}
				given++
				out = append(out, piece{w.Commit(n), bytes.Clone(b)})
			}
			for len(out) > 0 && (b == nil || r.IntN(3) == 0) {
				p := out[0]
				got, err := reader.Piece(p.position, uint32(len(p.want)))
				if err != nil || !bytes.Equal(got, p.want) {
					t.Fatalf("piece of %d bytes at %d: %v, %v", len(p.want), p.position, got, err)
				}
				if out = out[1:]; r.IntN(3) == 0 {
					if err := w.Taken(p.position + uint64(len(p.want))); err != nil {
						t.Fatal(err)
					}
				}
			}
			if b == nil {
				if err := w.Taken(w.next); err != nil {
					t.Fatal(err)
				}
			}
		}
		if given < 10 {
			t.Errorf("%d pieces in %d bytes", given, size)
		}
	}
}

// TestWrongPositions: neither side believes the other.
func TestWrongPositions(t *testing.T) {
	w := &Writer{mem: make([]byte, 64)}
	w.Room(32)
	position := w.Commit(32)
	if err := w.Taken(position + 40); err == nil {
		t.Error("more was taken than there is")
	}
	if err := w.Taken(position + 16); err != nil {
		t.Error(err)
	}
	if err := w.Taken(position + 8); err == nil {
		t.Error("something was taken back")
	}
	if err := w.Taken(1 << 63); err == nil {
		t.Error("far more was taken than there is")
	}
	if err := w.Taken(position + 32); err != nil {
		t.Error(err)
	}
	if b := w.Room(40); cap(b) != 64 { // from the start again
		t.Errorf("room for %d bytes where all 64 are free", cap(b))
	}
	if err := w.Taken(position + 32); err != nil {
		t.Errorf("what was said before: %v", err)
	}
	r := &Reader{mem: w.mem}
	for _, p := range []struct {
		position uint64
		n        uint32
	}{{0, 65}, {60, 8}, {1<<64 - 1, 2}, {0, 1<<32 - 1}} {
		if b, err := r.Piece(p.position, p.n); err == nil {
			t.Errorf("%d bytes at %d: %d", p.n, p.position, len(b))
		}
	}
}
