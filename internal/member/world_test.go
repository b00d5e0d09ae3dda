package member

import (
	"bytes"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"stampede/batch"
	"stampede/order"
	"stampede/wire"
)

var seeds = flag.Int("seeds", 200, "random worlds")
var firstSeed = flag.Uint64("seed", 1, "first seed")

const ms = 1_000_000

// world is processors on a simulated network: who meets whom, and how often.
// What they send each other is package sim's.
type world struct {
	t     *testing.T
	rng   *rand.Rand
	now   int64
	loss  float64
	delay int64
	nodes []*node // by index; nil = not running
	cut   map[[2]int]bool
	wire  []flying
	ids   map[wire.ConfigID][]wire.Member
	tape  func(from int, kind wire.Kind, b []byte)

	unicast bool
	start   []wire.ProcessorID
	lives   uint64
}

var noAddress netip.AddrPort

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
	events []*Change
	asleep bool
}

func address(i int) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(i+1))
}

// newWorld has room for n processors, of which none runs.
func newWorld(t *testing.T, seed uint64, n int) *world {
	return &world{
		t: t, rng: rand.New(rand.NewPCG(seed, 2)), now: 1, delay: 100_000,
		nodes: make([]*node, n), cut: map[[2]int]bool{}, ids: map[wire.ConfigID][]wire.Member{}, lives: 1000,
	}
}

// begin makes processors run, each in a new life.
func (w *world) begin(is ...int) {
	for _, i := range is {
		w.lives++
		c := Config{
			Self: wire.Member{ID: wire.ProcessorID(i + 1), Incarnation: w.lives}, Cluster: 3, Start: w.start,
			Datagram: 1000 + 10*i, MaxMessage: 1 << 16, Window: uint32(100 + i), History: uint32(1000 - i),
			Addresses: []netip.AddrPort{address(i)}, Unicast: w.unicast,
		}
		if w.unicast {
			c.Seeds = []netip.AddrPort{address(0)}
		}
		w.nodes[i] = w.boot(c)
	}
}

func (w *world) boot(c Config) *node {
	mem := &order.Memory{
		Arrivals: batch.NewSlab(batch.NewArena(make([]byte, 1<<20))),
		Control:  batch.NewSlab(batch.NewArena(make([]byte, 1<<18))),
		Pool:     batch.NewPool(make([]byte, 1<<18), 1<<16),
		Decoder:  new(wire.Decoder),
	}
	nd := &node{m: New(c, mem, w.now), door: wire.Door{Cluster: 3}}
	nd.packer = batch.NewPacker(batch.PackerConfig{Datagram: 1000}, batch.NewArena(make([]byte, 1<<18)))
	return nd
}

// queue is an application that sends nothing.
type queue struct{ *batch.Packer }

func (q queue) Next() (batch.Datagram, bool) { return batch.Datagram{}, false }
func (q queue) Renew(int)                    {}

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
			n.events = append(n.events, c)
			w.note(c)
		}
	}
	n.m.Consumed(1 << 60)
}

// note checks that a ConfigID means one membership, for ever.
func (w *world) note(c *Change) {
	if c.Transitional {
		return
	}
	if old, ok := w.ids[c.ID]; ok && !slices.Equal(old, c.Members) {
		w.t.Fatalf("configuration %v has members %v and %v", c.ID, old, c.Members)
	}
	w.ids[c.ID] = c.Members
}

func (w *world) route(from int, to netip.AddrPort, b []byte) {
	if w.tape != nil {
		w.tape(from, wire.Kind(b[1]), b)
	}
	for i, n := range w.nodes {
		if n == nil || i == from || to.IsValid() && to != address(i) || w.cut[[2]int{from, i}] || w.rng.Float64() < w.loss {
			continue
		}
		if !to.IsValid() && w.unicast && !slices.ContainsFunc(w.nodes[from].peers(), func(a netip.AddrPort) bool { return a == address(i) }) {
			continue
		}
		w.wire = append(w.wire, flying{w.now + 1 + w.rng.Int64N(w.delay), from, i, b})
	}
}

// peers are where the network sends what is for all, without multicast.
func (n *node) peers() []netip.AddrPort {
	if len(n.events) == 0 {
		return nil
	}
	return n.events[len(n.events)-1].Peers
}

// run lets time pass until something holds, at most for limit.
func (w *world) run(limit int64, until func() bool) bool {
	for end := w.now + limit; w.now < end; {
		if until != nil && until() {
			return true
		}
		next := end
		for _, f := range w.wire {
			next = min(next, f.at)
		}
		for _, n := range w.nodes {
			if n != nil && !n.asleep {
				next = min(next, n.m.Deadline())
			}
		}
		w.now = max(next, w.now+20_000)
		w.deliver()
		for i, n := range w.nodes {
			if n != nil && !n.asleep {
				w.step(i)
			}
		}
	}
	return until != nil && until()
}

func (w *world) deliver() {
	keep, due := w.wire[:0], []flying{}
	for _, f := range w.wire {
		switch {
		case f.at > w.now || w.nodes[f.to] != nil && w.nodes[f.to].asleep:
			keep = append(keep, f)
		case w.nodes[f.to] != nil:
			due = append(due, f)
		}
	}
	w.wire = keep
	for _, f := range due {
		n := w.nodes[f.to]
		var h wire.Header
		if v := n.door.Check(f.b, &h); v != wire.OK {
			w.t.Fatalf("refused: %v: %s", v, wire.Dump(f.b))
		}
		n.m.Receive(w.now, &h, f.b, address(f.from), nil)
	}
}

// together says whether processors are in one configuration of just them.
func (w *world) together(is ...int) bool {
	first := w.nodes[is[0]].last()
	if first == nil || len(first.Members) != len(is) {
		return false
	}
	for k, i := range is {
		c := w.nodes[i].last()
		if c == nil || c.ID != first.ID || c.Members[k] != w.nodes[i].m.Self() || w.nodes[i].m.phase != operating {
			return false
		}
	}
	return true
}

func (n *node) last() *Change {
	for i := len(n.events) - 1; i >= 0; i-- {
		if !n.events[i].Transitional {
			return n.events[i]
		}
	}
	return nil
}

// meet lets processors come together, or ends the test.
func (w *world) meet(is ...int) {
	w.t.Helper()
	if !w.run(30_000*ms, func() bool { return w.together(is...) }) {
		w.fatal(fmt.Sprintf("%v are not together after 30 s", is))
	}
}

func (w *world) fatal(what string) {
	w.t.Helper()
	for i, n := range w.nodes {
		if n == nil {
			continue
		}
		w.t.Logf("%d: %v since %d ms, attempt %v %v, row %v, %+v", i+1, n.m.phase, (w.now-n.m.gathered.since)/ms,
			n.m.attempt.id, n.m.attempt.members, n.m.row.hears, n.m.Counters)
		for _, e := range n.events {
			w.t.Logf("   %s", text(e))
		}
	}
	w.t.Fatal(what)
}

// text is an event in one line.
func text(c *Change) string {
	var b strings.Builder
	kind := "RG"
	if c.Transitional {
		kind = "TR"
	}
	list := func(name string, members []wire.Member) {
		b.WriteString(name + "{")
		for i, m := range members {
			if i > 0 {
				b.WriteString(",")
			}
			fmt.Fprint(&b, m.ID)
		}
		b.WriteString("}")
	}
	list(kind, c.Members)
	list("-", c.Left)
	list("+", c.Joined)
	return b.String()
}

// since are the events of processor i behind the first n of them.
func (w *world) since(i, n int) string {
	var out []string
	for _, e := range w.nodes[i].events[n:] {
		out = append(out, text(e))
	}
	return strings.Join(out, " ")
}

// want compares the events of processor i behind the first n.
func (w *world) want(i, n int, events string) {
	w.t.Helper()
	if got := w.since(i, n); got != events {
		w.t.Errorf("processor %d: events %s, want %s", i+1, got, events)
	}
}

// split cuts all links between two sides, or mends them.
func (w *world) split(apart bool, a, b []int) {
	for _, x := range a {
		for _, y := range b {
			w.cut[[2]int{x, y}], w.cut[[2]int{y, x}] = apart, apart
		}
	}
}
