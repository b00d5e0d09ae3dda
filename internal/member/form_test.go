package member

import (
	"bytes"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"

	"stampede/batch"
	"stampede/order"
	"stampede/wire"
)

var seeds = flag.Int("seeds", 200, "random worlds")
var firstSeed = flag.Uint64("seed", 1, "first seed")

// world is processors that find each other on a simulated network.
type world struct {
	t     *testing.T
	rng   *rand.Rand
	now   int64
	loss  float64
	delay int64
	nodes []*node
	wire  []flying
}

type flying struct {
	at       int64
	from, to int
	b        []byte
}

type node struct {
	m      *Machine
	door   wire.Door
	out    batch.Burst
	packer *batch.Packer
	config *Change
	calls  int // configurations
}

func address(i int) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(i+1))
}

func newWorld(t *testing.T, seed uint64, n int) *world {
	w := &world{t: t, rng: rand.New(rand.NewPCG(seed, 2)), now: 1, delay: 100_000}
	for i := range n {
		w.nodes = append(w.nodes, w.start(i, n, uint64(1000+i)))
	}
	return w
}

// start makes processor i in a life of its own.
func (w *world) start(i, of int, incarnation uint64) *node {
	c := Config{
		Self: wire.Member{ID: wire.ProcessorID(i + 1), Incarnation: incarnation}, Cluster: 3,
		Datagram: 1000 + 10*i, MaxMessage: 1 << 16, Window: uint32(100 + i), History: uint32(1000 - i),
		Addresses: []netip.AddrPort{address(i)}, JoinInterval: 20_000_000,
	}
	for id := range of {
		c.Start = append(c.Start, wire.ProcessorID(of-id))
	}
	mem := &order.Memory{
		Arrivals: batch.NewSlab(batch.NewArena(make([]byte, 4<<20))),
		Control:  batch.NewSlab(batch.NewArena(make([]byte, 1<<20))),
		Pool:     batch.NewPool(make([]byte, 1<<20), 1<<18),
		Decoder:  new(wire.Decoder),
	}
	nd := &node{m: New(c, mem, w.now), door: wire.Door{Cluster: 3}}
	nd.packer = batch.NewPacker(batch.PackerConfig{Datagram: 1000}, batch.NewArena(make([]byte, 1<<20)))
	return nd
}

type queue struct{ *batch.Packer }

func (q queue) Renew(int) {}

func (q queue) Next() (batch.Datagram, bool) {
	if q.Peek() == nil {
		return batch.Datagram{}, false
	}
	return q.Pop(), true
}

func (w *world) step(i int) {
	n := w.nodes[i]
	n.out.Reset()
	n.m.Step(w.now, queue{n.packer}, &n.out)
	for k := range n.out.Trains {
		t := &n.out.Trains[k]
		for j := range t.Count {
			w.route(i, t.To, bytes.Join(n.out.Datagram(t, j, nil), nil))
		}
	}
	for {
		c, ds := n.m.Next()
		if c == nil && len(ds) == 0 {
			break
		}
		if c != nil {
			if c.Transitional {
				continue
			}
			n.config = c
			n.calls++
		}
		if s := n.m.Session(); s != nil {
			s.Consumed(1 << 60)
		}
	}
}

func (w *world) route(from int, to netip.AddrPort, b []byte) {
	for i := range w.nodes {
		if i == from || to.IsValid() && to != address(i) || w.rng.Float64() < w.loss {
			continue
		}
		w.wire = append(w.wire, flying{w.now + 1 + w.rng.Int64N(w.delay), from, i, b})
	}
}

func (w *world) run(limit int64, until func() bool) bool {
	for end := w.now + limit; w.now < end; {
		if until() {
			return true
		}
		next := w.now + 5_000_000
		for _, f := range w.wire {
			next = min(next, f.at)
		}
		w.now = max(next, w.now+50_000)
		keep := w.wire[:0]
		arrived := []flying{}
		for _, f := range w.wire {
			if f.at > w.now {
				keep = append(keep, f)
			} else {
				arrived = append(arrived, f)
			}
		}
		w.wire = keep
		for _, f := range arrived {
			n := w.nodes[f.to]
			var h wire.Header
			if v := n.door.Check(f.b, &h); v != wire.OK {
				w.t.Fatalf("refused: %v: %s", v, wire.Dump(f.b))
			}
			n.m.Receive(w.now, &h, f.b, address(f.from), nil)
		}
		for i := range w.nodes {
			w.step(i)
		}
	}
	return until()
}

func (w *world) formed() bool {
	for _, n := range w.nodes {
		if n.config == nil {
			return false
		}
	}
	return true
}

func (w *world) judge() {
	w.t.Helper()
	first := w.nodes[0].config
	for i, n := range w.nodes {
		c := n.config
		if c.ID != first.ID || !slices.Equal(c.Members, first.Members) || c.Datagram != 1000 || n.calls != 1 {
			w.t.Fatalf("processor %d: configuration %v of %v, %d B, %d times; processor 1: %v of %v",
				i+1, c.ID, c.Members, c.Datagram, n.calls, first.ID, first.Members)
		}
		if !slices.Contains(c.Members, n.m.cfg.Self) || len(c.Members) != len(w.nodes) {
			w.t.Fatalf("processor %d is not in %v", i+1, c.Members)
		}
	}
}

// TestForming: processors of a list come to one configuration, whatever is
// lost, and also when some restart while they are at it.
func TestForming(t *testing.T) {
	for k := range *seeds {
		seed := *firstSeed + uint64(k)
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 9))
			n := 1 + r.IntN(7)
			w := newWorld(t, seed, n)
			w.loss = float64(r.IntN(5)) * 0.1
			for restarts := r.IntN(3); restarts > 0; restarts-- {
				w.run(r.Int64N(60_000_000), w.formed)
				// Who restarts after he has answered is not in the configuration:
				// the list cannot mend that.
				if i := r.IntN(n); !slices.ContainsFunc(w.nodes, func(n *node) bool { return n.m.phase != gathering }) {
					w.nodes[i] = w.start(i, n, uint64(5000-restarts))
				}
			}
			if !w.run(60_000_000_000, w.formed) {
				for i, n := range w.nodes {
					t.Logf("processor %d: phase %v, missing %v, attempt %v, %+v", i+1, n.m.phase, n.m.Missing(), n.m.attempt.id, n.m.Counters)
				}
				t.Fatal("no configuration after a minute")
			}
			w.judge()
		})
	}
}

