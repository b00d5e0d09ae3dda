package evs

import (
	"math/rand/v2"
	"net"
	"testing"

	"stampede/wire"
)

// TestHostileDatagrams: whatever comes in that is not a cluster's own is
// dropped and counted by cause, and the cluster works on.
func TestHostileDatagrams(t *testing.T) {
	ps, hs := cluster(t, 2, unicast)
	conn, err := net.Dial("udp", ps[0].Facts().Local.String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	good := func(change func(h *wire.Header)) []byte {
		b := wire.AppendMessage(make([]byte, wire.HeaderBytes), Agreed, 0, 0, 3)
		b = append(b, "abc"...)
		h := wire.Header{
			Kind: wire.KindStream, Length: uint16(len(b)), Sender: 2, Cluster: clusterKey(ps[0].cfg.Cluster),
			Config: ps[0].Configuration().ID.Tag(), Dseq: 1, First: 1,
		}
		change(&h)
		wire.PutHeader(b, &h)
		wire.PutCheck(b)
		return b
	}
	version := good(func(*wire.Header) {})
	version[0] = 99
	broken := good(func(*wire.Header) {})
	broken[80]++
	cases := map[wire.Verdict][]byte{
		wire.Short:      []byte("short"),
		wire.BadVersion: version,
		wire.BadCheck:   broken,
		wire.BadCluster: good(func(h *wire.Header) { h.Cluster++ }),
		wire.BadLength:  good(func(h *wire.Header) { h.Length++ }),
		wire.BadSender:  good(func(h *wire.Header) { h.Sender = 0 }),
	}
	const strangers = 3
	rng := rand.New(rand.NewPCG(1, 2))
	for v := range cases {
		for range 5 {
			conn.Write(cases[v])
		}
		junk := make([]byte, rng.IntN(9000))
		for i := range junk {
			junk[i] = byte(rng.Uint32())
		}
		conn.Write(junk)
	}
	for range strangers {
		conn.Write(good(func(h *wire.Header) { h.Sender = 77 }))
		conn.Write(good(func(h *wire.Header) { h.Config ^= 1 }))
	}
	exchange(t, hs, 500, 200)
	ctx := testContext(t)
	for counted := false; !counted; {
		s := ps[0].Stats()
		counted = s.Order.Strangers >= strangers && s.Member.Stale >= strangers
		for v := range cases {
			counted = counted && s.Loop.Verdicts[v] >= 5
		}
		if ctx.Err() != nil {
			t.Fatalf("not counted: %+v", s)
		}
	}
}
