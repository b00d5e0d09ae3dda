package batch

import (
	"bytes"
	"net/netip"
	"testing"
)

var (
	everybody netip.AddrPort
	peer      = netip.MustParseAddrPort("10.0.0.1:5000")
)

// cut gives datagrams of the given lengths that lie one behind the other.
func cut(c *Chunk, lengths ...int) []Datagram {
	var out []Datagram
	at := 0
	for _, n := range lengths {
		out = append(out, Datagram{Bytes: c.Bytes[at : at+n], Chunk: c})
		at += n
	}
	return out
}

func fill(b []byte) {
	for i := range b {
		b[i] = byte(i % 251)
	}
}

func TestBurstMergesNeighboursIntoOneElement(t *testing.T) {
	c := NewArena(make([]byte, ChunkBytes)).Take()
	fill(c.Bytes)
	ds := cut(c, 1400, 1400, 1400, 900)
	var b Burst
	for i := range ds {
		b.Add(everybody, &ds[i])
	}
	if len(b.Trains) != 1 {
		t.Fatalf("%d trains, want 1", len(b.Trains))
	}
	tr := &b.Trains[0]
	if tr.Segment != 1400 || tr.Count != 4 || tr.Bytes != 5100 || tr.To.IsValid() {
		t.Errorf("train %+v", tr)
	}
	if iov := b.Iov(tr); len(iov) != 1 || !bytes.Equal(iov[0], c.Bytes[:5100]) {
		t.Errorf("%d elements, want the datagrams' memory in 1", len(iov))
	}
	if len(ds[0].Bytes) != 1400 {
		t.Error("merging changed a datagram")
	}
}

func TestBurstBeginsATrainWhereItMust(t *testing.T) {
	c := NewArena(make([]byte, ChunkBytes)).Take()
	type add struct {
		to netip.AddrPort
		n  int
	}
	many := func(n, times int) (out []add) {
		for range times {
			out = append(out, add{everybody, n})
		}
		return out
	}
	for _, k := range []struct {
		name  string
		limit Burst
		adds  []add
		want  []int // datagrams of each train
	}{
		{"a short one ends it", Burst{}, []add{{everybody, 100}, {everybody, 50}, {everybody, 50}}, []int{2, 1}},
		{"a longer one begins", Burst{}, []add{{everybody, 100}, {everybody, 101}}, []int{1, 1}},
		{"another address", Burst{}, []add{{everybody, 100}, {peer, 100}, {peer, 100}, {everybody, 100}}, []int{1, 2, 1}},
		{"segments", Burst{}, many(100, 2*MaxSegments+1), []int{64, 64, 1}},
		{"segments set", Burst{MaxSegments: 1}, many(100, 2), []int{1, 1}},
		{"bytes", Burst{}, append(many(9000, 7), add{everybody, 2488}), []int{7, 1}},
		{"bytes to the last", Burst{}, append(many(9000, 7), add{everybody, 2487}), []int{8}},
		{"bytes set", Burst{MaxBytes: 250}, many(100, 5), []int{2, 2, 1}},
	} {
		var ds []Datagram
		b := k.limit
		for _, a := range k.adds {
			ds = append(ds, cut(c, a.n)...)
			b.Add(a.to, &ds[len(ds)-1])
		}
		var got []int
		for _, tr := range b.Trains {
			got = append(got, tr.Count)
		}
		if len(got) != len(k.want) {
			t.Errorf("%s: trains of %v, want %v", k.name, got, k.want)
			continue
		}
		for i := range got {
			if got[i] != k.want[i] {
				t.Errorf("%s: trains of %v, want %v", k.name, got, k.want)
			}
		}
	}
}

// Every datagram of every train comes out again, whole and alone, lent ones
// with their tails too.
func TestBurstGivesEachDatagramBack(t *testing.T) {
	c := NewArena(make([]byte, ChunkBytes)).Take()
	fill(c.Bytes)
	lent := make([]byte, 3000)
	fill(lent)
	ds := cut(c, 1000, 1000, 104, 104, 1000, 700)
	ds[2].Tail = [][]byte{lent[:500], lent[500:896]}
	ds[3].Tail = [][]byte{lent[1000:1896]}
	var b Burst
	for range 2 {
		b.Reset()
		for i := range ds {
			b.Add(peer, &ds[i])
		}
		if len(b.Trains) != 1 || b.Trains[0].Count != len(ds) {
			t.Fatalf("trains %+v, want one", b.Trains)
		}
		for i := range ds {
			var got, want []byte
			for _, part := range b.Datagram(&b.Trains[0], i, nil) {
				got = append(got, part...)
			}
			want = append(want, ds[i].Bytes...)
			for _, part := range ds[i].Tail {
				want = append(want, part...)
			}
			if !bytes.Equal(got, want) || len(want) != ds[i].Len() {
				t.Errorf("datagram %d: %d bytes, want %d the same", i, len(got), len(want))
			}
		}
	}
}

func TestBurstKeepsWithinTheElementsOfOneMessage(t *testing.T) {
	c := NewArena(make([]byte, ChunkBytes)).Take()
	lent := make([]byte, 2)
	ds := cut(c, 10)
	for range 40 {
		ds[0].Tail = append(ds[0].Tail, lent[:1])
	}
	var b Burst
	for range 64 {
		b.Add(peer, &ds[0])
	}
	count := 0
	for i := range b.Trains {
		if n := len(b.Iov(&b.Trains[i])); n > MaxElements {
			t.Errorf("train %d has %d elements", i, n)
		}
		count += b.Trains[i].Count
	}
	if count != 64 {
		t.Errorf("%d datagrams in the burst, want 64", count)
	}
}

func TestBurstDoesNotAllocateAgain(t *testing.T) {
	c := NewArena(make([]byte, ChunkBytes)).Take()
	ds := cut(c, 1400, 1400, 700)
	var b Burst
	n := testing.AllocsPerRun(100, func() {
		b.Reset()
		for range 40 {
			for i := range ds {
				b.Add(everybody, &ds[i])
			}
		}
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestArrivalSplitsTrains(t *testing.T) {
	buf := make([]byte, 2500)
	fill(buf)
	for _, c := range []struct {
		segment int
		want    []int
	}{{0, []int{2500}}, {2500, []int{2500}}, {3000, []int{2500}}, {1000, []int{1000, 1000, 500}}, {1250, []int{1250, 1250}}} {
		a := Arrival{Bytes: buf, Segment: c.segment}
		var got []byte
		var d []byte
		n := 0
		for rest := a.Bytes; len(rest) > 0; n++ {
			d, rest = a.Next(rest)
			if n >= len(c.want) || len(d) != c.want[n] {
				t.Fatalf("segment %d: datagram %d has %d bytes, want %v", c.segment, n, len(d), c.want)
			}
			got = append(got, d...)
		}
		if n != len(c.want) || !bytes.Equal(got, buf) {
			t.Errorf("segment %d: %d datagrams, want %v of the same bytes", c.segment, n, c.want)
		}
	}
}

func BenchmarkBurst(b *testing.B) {
	c := NewArena(make([]byte, ChunkBytes)).Take()
	var lengths []int
	for range 44 {
		lengths = append(lengths, 1472)
	}
	ds := cut(c, lengths...)
	var burst Burst
	for b.Loop() {
		burst.Reset()
		for i := range ds {
			burst.Add(everybody, &ds[i])
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/44, "ns/datagram")
}
