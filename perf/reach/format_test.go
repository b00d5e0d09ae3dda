package reach

import (
	"bytes"
	"math/rand/v2"
	"reflect"
	"testing"
)

func randomMessage(r *rand.Rand) message {
	m := message{
		kind: kind(1 + r.IntN(int(numKinds)-1)), way: Way(r.IntN(int(ladder) + 1)), cluster: r.Uint64(), sender: max(r.Uint64(), 1),
		to: r.Uint64(), sent: r.Int64(), number: r.Uint32(), name: string(bytes.Repeat([]byte{'n'}, r.IntN(maxName+1))),
	}
	if m.kind == report {
		for range r.IntN(4) {
			e := entry{id: r.Uint64(), largest: uint16(r.Uint32()), whole: uint16(r.Uint32())}
			for i := range e.ways {
				e.ways[i] = tally{r.Uint32(), r.Uint32(), r.Uint32()}
			}
			m.entries = append(m.entries, e)
		}
	}
	return m
}

func TestMessagesComeBack(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	for range 500 {
		want, length := randomMessage(r), r.IntN(1500)
		b := want.encode(length)
		if len(b) < length {
			t.Fatalf("%d bytes, want at least %d", len(b), length)
		}
		var got message
		if v := got.decode(b); v != fine || !reflect.DeepEqual(got, want) && len(want.entries)+len(got.entries) > 0 {
			t.Fatalf("verdict %d: %+v, want %+v", v, got, want)
		}
		b[r.IntN(len(b))] ^= 1 << r.IntN(8)
		if got.decode(b) == fine {
			t.Fatal("a datagram with a wrong bit is taken")
		}
		b = want.encode(length)
		if got.decode(b[:r.IntN(len(b))]) == fine {
			t.Fatal("a datagram that was cut is taken")
		}
	}
}

func TestTally(t *testing.T) {
	var a tally
	if a.expected() != 0 {
		t.Error("something is expected of nothing")
	}
	for _, n := range []uint32{7, 5, 9, 9} { // the first to come is not the first sent, one comes twice
		a.count(n)
	}
	if a.received != 4 || a.expected() != 5 {
		t.Errorf("%+v expects %d", a, a.expected())
	}
	if lies := (tally{first: 9, last: 1, received: 3}); lies.expected() != 3 {
		t.Errorf("expects %d", lies.expected())
	}
}
