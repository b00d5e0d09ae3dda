package batch

import (
	"math/rand/v2"
	"testing"
)

func TestPoolRoundsUpToPowersOfTwo(t *testing.T) {
	p := NewPool(make([]byte, 64<<10), 64<<10)
	for _, c := range []struct{ n, block int }{{0, 1024}, {1, 1024}, {1024, 1024}, {1025, 2048}, {5000, 8192}, {64 << 10, 64 << 10}} {
		b := p.Get(c.n)
		if b == nil || len(b) != c.n || cap(b) != c.block {
			t.Fatalf("Get(%d): len %d, cap %d, want cap %d", c.n, len(b), cap(b), c.block)
		}
		p.Put(b)
	}
	if p.Get(64<<10+1) != nil || p.Get(-1) != nil {
		t.Error("the pool gave more than its largest block, or less than nothing")
	}
	if p.Free() != p.Len() || p.Len() != 64<<10 {
		t.Errorf("%d of %d bytes free at the end", p.Free(), p.Len())
	}
}

func TestPoolUsesMemoryOfAnySize(t *testing.T) {
	for _, size := range []int{0, 1023, 1024, 7 << 10, 300<<10 + 17, 1 << 20} {
		p := NewPool(make([]byte, size), 128<<10)
		n := 0
		for p.Get(1) != nil {
			n++
		}
		if n != size>>10 || p.Free() != 0 {
			t.Errorf("%d bytes of memory: %d blocks of 1 KiB, %d bytes left", size, n, p.Free())
		}
	}
}

// Whatever is taken and given back in whatever order, no two buffers overlap,
// and at the end the largest blocks are whole again.
func TestPoolNeverOverlapsAndHealsAgain(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	const size, largest = 900 << 10, 256 << 10
	p := NewPool(make([]byte, size), largest)
	type held struct {
		b    []byte
		mark byte
	}
	var out []held
	bytes := 0
	put := func(i int) {
		h := out[i]
		for _, c := range h.b {
			if c != h.mark {
				t.Fatalf("a buffer of %d bytes was written by somebody else", len(h.b))
			}
		}
		bytes -= cap(h.b)
		p.Put(h.b)
		out[i] = out[len(out)-1]
		out = out[:len(out)-1]
	}
	for step := range 3000 {
		if r.IntN(2) == 0 && len(out) > 0 {
			put(r.IntN(len(out)))
		} else if b := p.Get(1 + r.IntN(1<<r.IntN(19))); b != nil {
			for i := range b {
				b[i] = byte(step)
			}
			out, bytes = append(out, held{b, byte(step)}), bytes+cap(b)
		}
		if p.Free()+bytes != p.Len() {
			t.Fatalf("step %d: %d free + %d out of %d", step, p.Free(), bytes, p.Len())
		}
	}
	for len(out) > 0 {
		put(len(out) - 1)
	}
	for range size / largest {
		if p.Get(largest) == nil {
			t.Fatal("all buffers are back but a largest block is not whole")
		}
	}
}

func TestPoolRefusesWhatIsNotOut(t *testing.T) {
	p := NewPool(make([]byte, 8<<10), 8<<10)
	b := p.Get(3000)
	mustPanic(t, "a foreign buffer", func() { p.Put(make([]byte, 3000)) })
	mustPanic(t, "a piece from the middle", func() { p.Put(b[1024:]) })
	mustPanic(t, "nil", func() { p.Put(nil) })
	p.Put(b[:0])
	mustPanic(t, "a buffer put twice", func() { p.Put(b) })
	if p.Free() != 8<<10 {
		t.Errorf("%d bytes free, want all", p.Free())
	}
}

func TestPoolDoesNotAllocate(t *testing.T) {
	p := NewPool(make([]byte, 1<<20), 1<<20)
	if n := testing.AllocsPerRun(100, func() { p.Put(p.Get(70_000)) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkPool(b *testing.B) {
	p := NewPool(make([]byte, 1<<20), 1<<20)
	for b.Loop() {
		p.Put(p.Get(8000))
	}
}

// Memory that comes later serves what the first has no room for, and every
// buffer goes back to where it came from.
func TestPoolGrows(t *testing.T) {
	const block = 64 << 10
	p := NewPool(make([]byte, block), block)
	seen := map[*byte]bool{}
	var out [][]byte
	take := func(want int) {
		t.Helper()
		for b := p.Get(block); b != nil; b = p.Get(block) {
			if seen[&b[0]] {
				t.Fatal("one buffer was given to two")
			}
			seen[&b[0]] = true
			out = append(out, b)
		}
		if len(out) != want || p.Free() != 0 || p.Len() != want*block {
			t.Errorf("%d buffers, %d of %d bytes free, want %d buffers", len(out), p.Free(), p.Len(), want)
		}
	}
	take(1)
	p.Grow(make([]byte, 2*block))
	take(3)
	p.Grow(make([]byte, block))
	take(4)
	for _, b := range out {
		p.Put(b)
	}
	if p.Free() != 4*block {
		t.Errorf("%d bytes free at the end", p.Free())
	}
	out = nil
	clear(seen)
	take(4)
	defer func() {
		if recover() == nil {
			t.Error("a foreign buffer was taken back")
		}
	}()
	p.Put(make([]byte, block))
}
