package bench

import (
	"bytes"
	"encoding/binary"
	"math"
	"slices"
	"testing"
	"time"

	"stampede/batch"
	"stampede/sock"
)

// trains is a network on which trains of numbered datagrams arrive, ten in one
// Receive, until all have.
type trains struct {
	network
	arena   *batch.Arena
	segment int
	left    int // trains
	number  uint32
	lent    []*batch.Chunk // valid until the next Receive
	waited  []time.Duration
}

func newTrains(segment, count int) *trains {
	return &trains{arena: batch.NewArena(make([]byte, 32*batch.ChunkBytes)), segment: segment, left: count}
}

func (n *trains) Receive(dst []batch.Arrival) (int, error) {
	for _, c := range n.lent {
		clear(c.Bytes) // whoever still reads it finds out
		c.Release()
	}
	n.lent = n.lent[:0]
	const most, datagrams = 10, 20
	i := 0
	for ; i < min(most, len(dst), n.left); i++ {
		c := n.arena.Take()
		n.lent = append(n.lent, c)
		length := datagrams*n.segment - n.segment/2 // the last one is short
		for d := range datagrams {
			binary.LittleEndian.PutUint32(c.Bytes[d*n.segment:], n.number)
			n.number++
		}
		dst[i] = batch.Arrival{Bytes: c.Bytes[:length], Segment: n.segment, Chunk: c}
	}
	n.left -= i
	return i, nil
}

func (n *trains) Wait(d time.Duration) error {
	n.waited = append(n.waited, d)
	return nil
}

// receiveAll reads everything and returns the numbers of the datagrams.
func receiveAll(t *testing.T, l *lossy, room int) (numbers []uint32) {
	t.Helper()
	dst := make([]batch.Arrival, room)
	for {
		got, err := l.Receive(dst)
		if err != nil {
			t.Fatal(err)
		}
		if got == 0 {
			return numbers
		}
		for i := range dst[:got] {
			a := &dst[i]
			if a.Chunk == nil || !within(a.Bytes, a.Chunk.Bytes) {
				t.Fatal("an arrival is not in its chunk")
			}
			for b := a.Bytes; len(b) > 0; b = b[min(len(b), a.Segment):] {
				numbers = append(numbers, binary.LittleEndian.Uint32(b))
			}
			if short := len(a.Bytes) % a.Segment; short != 0 && short != a.Segment-a.Segment/2 {
				t.Fatalf("a datagram of %d bytes", short)
			}
		}
	}
}

// within tells whether part lies in whole.
func within(part, whole []byte) bool {
	off := cap(whole) - cap(part)
	return off >= 0 && off+len(part) <= len(whole) && bytes.Equal(part, whole[off:off+len(part)]) && &part[0] == &whole[off]
}

func TestLossIsAsOftenAsAsked(t *testing.T) {
	const count, seed = 2000, 11
	for _, percent := range []float64{0, 0.5, 5, 50, 99} {
		l := newLossy(newTrains(100, count), percent, seed, 1)
		kept := receiveAll(t, l, 64)
		all := float64(count * 20)
		if uint64(len(kept))+l.dropped.Load() != uint64(all) {
			t.Errorf("%g %%: %d kept and %d dropped of %g", percent, len(kept), l.dropped.Load(), all)
		}
		// Five standard deviations of a binomial distribution.
		want := all * percent / 100
		if dropped := float64(l.dropped.Load()); math.Abs(dropped-want) > 5*math.Sqrt(want*(1-percent/100)) {
			t.Errorf("%g %%: dropped %g of %g", percent, dropped, all)
		}
		for i := 1; i < len(kept); i++ {
			if kept[i] <= kept[i-1] {
				t.Fatalf("%g %%: datagram %d after %d", percent, kept[i], kept[i-1])
			}
		}
	}
}

// However little room there is, what was not dropped arrives, while its memory
// is good.
func TestLossNeedsNoRoom(t *testing.T) {
	const seed = 12
	var want []uint32
	for _, room := range []int{64, 1, 2, 7} {
		got := receiveAll(t, newLossy(newTrains(500, 50), 30, seed, 1), room)
		if want == nil {
			want = got
		}
		if !slices.Equal(got, want) {
			t.Errorf("room for %d: %d datagrams, not the same %d", room, len(got), len(want))
		}
	}
}

func TestLossIsByHostAndSeed(t *testing.T) {
	receive := func(seed uint64, host int) []uint32 {
		return receiveAll(t, newLossy(newTrains(100, 20), 20, seed, host), 64)
	}
	if !slices.Equal(receive(1, 1), receive(1, 1)) {
		t.Error("one seed, two losses")
	}
	if slices.Equal(receive(1, 1), receive(1, 2)) || slices.Equal(receive(1, 1), receive(2, 1)) {
		t.Error("another host or seed loses the same")
	}
}

func TestLossDoesNotWaitWithSomethingInHand(t *testing.T) {
	n := newTrains(100, 10)
	l := newLossy(n, 0, 1, 1)
	dst := make([]batch.Arrival, 10)
	if err := l.Wait(time.Second); err != nil {
		t.Fatal(err)
	}
	if got, err := l.Receive(dst); got != 10 || err != nil {
		t.Fatal(got, err)
	}
	l.waiting = l.arrived[:1] // as if dst had been too short
	if err := l.Wait(time.Second); err != nil {
		t.Fatal(err)
	}
	if len(n.waited) != 2 || n.waited[0] != time.Second || n.waited[1] != 0 {
		t.Errorf("waited %v", n.waited)
	}
}

// A lone datagram may come without a segment size, and without a chunk.
func TestLossOfLoneDatagrams(t *testing.T) {
	lone := &lone{left: 1000}
	l := newLossy(lone, 10, 13, 1)
	dst := make([]batch.Arrival, 8)
	kept := 0
	for {
		n, err := l.Receive(dst)
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			break
		}
		for _, a := range dst[:n] {
			if len(a.Bytes) != 5 {
				t.Fatalf("%d bytes", len(a.Bytes))
			}
		}
		kept += n
	}
	if dropped := int(l.dropped.Load()); kept+dropped != 1000 || dropped < 50 || dropped > 150 {
		t.Errorf("%d kept, %d dropped", kept, dropped)
	}
}

// lone is a network on which datagrams arrive one by one.
type lone struct {
	*sock.Socket
	left int
}

func (n *lone) Receive(dst []batch.Arrival) (int, error) {
	if n.left == 0 {
		return 0, nil
	}
	n.left--
	dst[0] = batch.Arrival{Bytes: []byte("hello")}
	return 1, nil
}
