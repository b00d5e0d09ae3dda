package sock

import (
	"bytes"
	"runtime"
	"testing"

	"stampede/batch"
)

func newArena(t testing.TB, chunks int) *batch.Arena {
	t.Helper()
	mem, err := Map(chunks * batch.ChunkBytes)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := Unmap(mem); err != nil {
			t.Error(err)
		}
	})
	return batch.NewArena(mem)
}

func TestMap(t *testing.T) {
	b, err := Map(3 << 20)
	if err != nil || len(b) != 3<<20 {
		t.Fatalf("%d bytes, %v", len(b), err)
	}
	b[0], b[len(b)-1] = 1, 2
	if b[1] != 0 || b[len(b)/2] != 0 {
		t.Error("mapped memory is not zero")
	}
	if err := Unmap(b); err != nil {
		t.Error(err)
	}
	for _, n := range []int{0, -1} {
		if _, err := Map(n); err == nil {
			t.Errorf("mapped %d bytes", n)
		}
	}
}

// keeper receives and keeps everything.
func keep(t *testing.T, s *Socket, n int) (bytes [][]byte, chunks []*batch.Chunk) {
	t.Helper()
	dst := make([]batch.Arrival, 64)
	for len(bytes) < n {
		mustWait(t, s, testPatience)
		k, err := s.Receive(dst)
		if err != nil {
			t.Fatal(err)
		}
		for i := range dst[:k] {
			a := &dst[i]
			if a.Chunk == nil {
				t.Fatal("an arrival that cannot be kept")
			}
			a.Chunk.Keep()
			chunks = append(chunks, a.Chunk)
			for d, rest := []byte(nil), a.Bytes; len(rest) > 0; {
				d, rest = a.Next(rest)
				bytes = append(bytes, d)
			}
		}
	}
	return bytes, chunks
}

// Kept memory stays as it is while the socket goes on receiving, and comes
// back to the arena when it is released.
func TestKeep(t *testing.T) {
	for _, w := range []way{{}, {gro: Off}} {
		arena := newArena(t, 64)
		receiver := mustOpen(t, w.config(Config{Bind: home4, Datagram: 1400, Arena: arena, RingSlots: 8}))
		sender := mustOpen(t, Config{Bind: home4, Datagram: 1400})
		want := run(30, 1400, 100)
		mustSend(t, sender, burstOf(receiver.Local(), want...))
		kept, chunks := keep(t, receiver, len(want))

		for i := range 50 { // would overwrite what was not given up
			mustSend(t, sender, burstOf(receiver.Local(), &batch.Datagram{Bytes: payload(i+100, 1400)}))
			collect(t, receiver, 1)
		}
		for i := range want {
			if !bytes.Equal(kept[i], want[i].Bytes) {
				t.Fatalf("%v: kept datagram %d changed", w, i)
			}
		}
		for _, c := range chunks {
			c.Release()
		}
		receiver.Close()
		if arena.Free() != arena.Len() {
			t.Errorf("%v: %d of %d chunks came back", w, arena.Free(), arena.Len())
		}
	}
}

// Without GRO datagrams share chunks, so that a kept one costs its size.
func TestSlotsShareChunks(t *testing.T) {
	arena := newArena(t, 64)
	receiver := mustOpen(t, Config{Bind: home4, Datagram: 1400, GRO: Off, Arena: arena})
	sender := mustOpen(t, Config{Bind: home4, Datagram: 1400})
	want := run(31, 1400, 0)
	mustSend(t, sender, burstOf(receiver.Local(), want...))
	_, chunks := keep(t, receiver, len(want))
	if len(chunks) != len(want) || chunks[0] != chunks[1] || chunks[0] != chunks[30] {
		t.Error("31 datagrams of 1400 bytes fit into one chunk of 64 KiB")
	}
	for _, c := range chunks {
		c.Release()
	}
}

// With the arena empty datagrams still come in, in memory that cannot be kept;
// with memory back they come in chunks again.
func TestEmptyArena(t *testing.T) {
	for _, w := range []way{{}, {gro: Off}} {
		arena := newArena(t, 4)
		receiver := mustOpen(t, w.config(Config{Bind: home4, Datagram: 1400, Arena: arena, RingSlots: 4}))
		sender := mustOpen(t, Config{Bind: home4, Datagram: 1400})
		one := func(i int) *batch.Burst {
			return burstOf(receiver.Local(), &batch.Datagram{Bytes: payload(i, 1400)})
		}
		var held []*batch.Chunk
		for c := arena.Take(); c != nil; c = arena.Take() {
			held = append(held, c)
		}
		dst := make([]batch.Arrival, 100)
		for i := range 300 {
			mustSend(t, sender, one(i))
			n, err := receiver.Receive(dst)
			if n != 1 || err != nil || dst[0].Chunk != nil || !bytes.Equal(dst[0].Bytes, payload(i, 1400)) {
				t.Fatalf("%v: datagram %d with the arena empty: %d arrivals, %v", w, i, n, err)
			}
		}
		// More than the reserve holds waits in the kernel.
		for i := range 200 {
			mustSend(t, sender, one(i))
		}
		for i := 0; i < 200; {
			n, err := receiver.Receive(dst)
			if n == 0 || err != nil {
				t.Fatalf("%v: after %d: %d, %v", w, i, n, err)
			}
			for k := range dst[:n] {
				if !bytes.Equal(dst[k].Bytes, payload(i, 1400)) {
					t.Fatalf("%v: datagram %d is another", w, i)
				}
				i++
			}
		}
		if n := receiver.Stats().Reserve; n != 500 {
			t.Errorf("%v: %d messages came into the reserve, want 500", w, n)
		}
		for _, c := range held {
			c.Release()
		}
		mustSend(t, sender, one(7))
		if _, chunks := keep(t, receiver, 1); len(chunks) != 1 {
			t.Errorf("%v: %d chunks", w, len(chunks))
		} else {
			chunks[0].Release()
		}
		receiver.Close()
		if arena.Free() != arena.Len() {
			t.Errorf("%v: %d of %d chunks came back", w, arena.Free(), arena.Len())
		}
	}
}

// Whoever keeps everything gets all of the arena, in the right order, and then
// the reserve.
func TestKeepUntilEmpty(t *testing.T) {
	for _, w := range []way{{}, {gro: Off}} {
		arena := newArena(t, 10)
		receiver := mustOpen(t, w.config(Config{Bind: home4, Datagram: 1400, Arena: arena, RingSlots: 64}))
		sender := mustOpen(t, Config{Bind: home4, Datagram: 1400})
		dst := make([]batch.Arrival, 3)
		var kept [][]byte
		var chunks []*batch.Chunk
		for i := 0; i < 500; {
			for k := range 5 {
				mustSend(t, sender, burstOf(receiver.Local(), &batch.Datagram{Bytes: payload(i+k, 1400)}))
			}
			for range 2 {
				n, err := receiver.Receive(dst)
				if err != nil {
					t.Fatal(err)
				}
				for k := range dst[:n] {
					if !bytes.Equal(dst[k].Bytes, payload(i, 1400)) {
						t.Fatalf("%v: datagram %d is another", w, i)
					}
					if c := dst[k].Chunk; c != nil {
						c.Keep()
						kept, chunks = append(kept, dst[k].Bytes), append(chunks, c)
					}
					i++
				}
			}
		}
		for i, b := range kept {
			if !bytes.Equal(b, payload(i, 1400)) {
				t.Fatalf("%v: kept datagram %d changed", w, i)
			}
		}
		if arena.Free() != 0 || len(kept) < 10 || receiver.Stats().Reserve == 0 {
			t.Errorf("%v: %d kept, %d chunks free, %d in the reserve", w, len(kept), arena.Free(), receiver.Stats().Reserve)
		}
		for _, c := range chunks {
			c.Release()
		}
		receiver.Close()
		if arena.Free() != arena.Len() {
			t.Errorf("%v: %d of %d chunks came back", w, arena.Free(), arena.Len())
		}
	}
}

// Sending and receiving, kept and not, allocates nothing.
func TestNoAllocations(t *testing.T) {
	defer hang(t)()
	for _, home := range []Config{{Bind: home4}, {Bind: home6}, {Bind: home4, Group: groupFor()}} {
		for _, w := range ways {
			c := home
			c.Datagram = 1400
			c.Arena = newArena(t, 256)
			receiver := mustOpen(t, w.config(c))
			c.Arena = nil
			sender := mustOpen(t, w.config(c))
			to := everyone
			if !c.Group.IsValid() {
				to = receiver.Local()
			}
			b := burstOf(to, mixture()...)
			count := len(mixture())
			dst := make([]batch.Arrival, 64)
			kept := make([]*batch.Chunk, 0, 256)
			allocs := testing.AllocsPerRun(100, func() {
				if err := sender.Send(b); err != nil {
					t.Fatal(err)
				}
				receiver.Wake()
				for n := 0; n < count; {
					if err := receiver.Wait(testPatience); err != nil {
						t.Fatal(err)
					}
					k, err := receiver.Receive(dst)
					if err != nil {
						t.Fatal(err)
					}
					for i := range dst[:k] {
						a := &dst[i]
						n += segments(a)
						if a.Chunk != nil {
							a.Chunk.Keep() // changes owner
							kept = append(kept, a.Chunk)
						}
					}
				}
				for _, c := range kept {
					c.Release()
				}
				kept = kept[:0]
				receiver.Stats()
			})
			if allocs != 0 {
				t.Errorf("%v %v %v: %v allocations", c.Bind, c.Group, w, allocs)
			}
		}
	}
}

func segments(a *batch.Arrival) int {
	if a.Segment == 0 {
		return 1
	}
	return (len(a.Bytes) + a.Segment - 1) / a.Segment
}

// However few slots there are and however much is handed out at once, the rest
// is not forgotten, nor the other socket.
func TestFewSlots(t *testing.T) {
	defer hang(t)()
	for _, w := range ways {
		for slots := 1; slots <= 3; slots++ {
			receiver := mustOpen(t, w.config(Config{Bind: home4, Group: groupFor(), Datagram: 1400, RingSlots: slots}))
			sender := mustOpen(t, Config{Bind: home4, Group: receiver.Facts().Group, Datagram: 1400})
			const each = 20
			for i := range each {
				mustSend(t, sender, burstOf(everyone, &batch.Datagram{Bytes: payload(i, 100)}))
				mustSend(t, sender, burstOf(receiver.Local(), &batch.Datagram{Bytes: payload(i, 200)}))
			}
			if n := len(collect(t, receiver, 2*each)); n != 2*each {
				t.Errorf("%v, %d slots: %d datagrams, want %d", w, slots, n, 2*each)
			}
		}
	}
}

// A socket that came and went leaves nothing behind.
func TestNoLeaks(t *testing.T) {
	cycle := func() {
		for _, kind := range []Kind{Native, Portable} {
			s, err := Open(Config{Kind: kind, Bind: home4, Group: groupFor()})
			if err != nil {
				t.Fatal(err)
			}
			s.Close()
			if s, err = Open(Config{Kind: kind, Bind: home4, GSO: On, GRO: On, TTL: 300}); err == nil {
				s.Close()
				t.Fatal("a wrong configuration was opened")
			}
		}
	}
	cycle()
	files, goroutines := openFiles(t), runtime.NumGoroutine()
	for range 10 {
		cycle()
	}
	if now := openFiles(t); now != files {
		t.Errorf("%d open files, before %d", now, files)
	}
	if now := runtime.NumGoroutine(); now > goroutines {
		t.Errorf("%d goroutines, before %d", now, goroutines)
	}
}
