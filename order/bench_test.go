package order

import (
	"net/netip"
	"testing"

	"stampede/batch"
	"stampede/wire"
)

// BenchmarkPass is what the order costs a datagram full of messages of
// 64 bytes, over three processors that all send, on a network that costs nothing:
// in each round every one of them takes in a train of each of the others,
// steps, delivers, and gives back.
func BenchmarkPass(b *testing.B) {
	const members, train = 3, 16
	nodes := newBenchNodes(b, members)
	b.ReportAllocs()
	b.ResetTimer()
	sent := 0
	for round := int64(1); sent < b.N; round++ {
		now := round * 100_000
		for _, n := range nodes {
			n.step(b, now, train)
			sent += train
			for _, other := range nodes {
				if other != n {
					other.receive(b, now, &n.out)
				}
			}
		}
	}
	b.StopTimer()
	for _, n := range nodes {
		if c := &n.s.Counters; c.Deliveries == 0 && b.N > 10_000 || c.Gaps+c.Invalid+c.NoMemory > 0 {
			b.Fatalf("not what was to be measured: %+v", *c)
		}
	}
}

// benchNode is a session with its memory, and the datagrams that it sends.
type benchNode struct {
	s       *Session
	packer  *batch.Packer
	door    wire.Door
	out     batch.Burst
	parts   [][]byte
	given   uint64
	message [][]byte
}

func newBenchNodes(b *testing.B, members int) (nodes []*benchNode) {
	c := Config{ID: wire.ConfigID{Epoch: 1, Rep: 1}, Cluster: 5, Datagram: 1400, MaxMessage: 64 << 10, Window: 1024, History: 1024}
	for i := range members {
		c.Members = append(c.Members, wire.Member{ID: wire.ProcessorID(i + 1), Incarnation: 1})
		c.Address = append(c.Address, netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(i+1)))
	}
	for i := range members {
		c.Self = i
		n := &benchNode{door: wire.Door{Cluster: c.Cluster}, message: [][]byte{make([]byte, 64)}}
		n.packer = batch.NewPacker(batch.PackerConfig{Datagram: c.Datagram, MaxMessage: 1 << 10}, batch.NewArena(make([]byte, 16<<20)))
		if err := n.packer.Announce(0, []wire.Group{{byte(i)}}); err != nil {
			b.Fatal(err)
		}
		n.s = New(c, &Memory{
			Arrivals: batch.NewSlab(batch.NewArena(make([]byte, 16<<20))),
			Control:  batch.NewSlab(batch.NewArena(make([]byte, 4<<20))),
			Pool:     batch.NewPool(make([]byte, 1<<20), 128<<10), Decoder: new(wire.Decoder),
		}, 1)
		n.out.MaxSegments = 64
		nodes = append(nodes, n)
	}
	return nodes
}

// step packs a train of datagrams and lets the session do its pass.
func (n *benchNode) step(b *testing.B, now int64, train int) {
	m := batch.Message{Guarantee: wire.Agreed}
	for n.packer.Backlog() < train {
		if _, err := n.packer.Append(&m, n.message); err != nil {
			b.Fatal(err)
		}
	}
	n.out.Reset()
	n.s.Step(now, queue{n.packer}, &n.out)
	n.given += uint64(len(n.s.Deliver()))
	n.s.Consumed(n.given)
	for _, d := range n.s.Returned() {
		n.packer.Release(&d)
	}
}

func (n *benchNode) receive(b *testing.B, now int64, burst *batch.Burst) {
	var h wire.Header
	for i := range burst.Trains {
		t := &burst.Trains[i]
		for k := range t.Count {
			n.parts = burst.Datagram(t, k, n.parts[:0])
			if len(n.parts) != 1 || n.door.Check(n.parts[0], &h) != wire.OK {
				b.Fatal("not a datagram in one piece")
			}
			n.s.Receive(now, &h, n.parts[0], nil)
		}
	}
}
