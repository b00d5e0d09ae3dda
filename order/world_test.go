package order

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"

	"stampede/batch"
	"stampede/wire"
)

// world is a configuration of sessions on a simulated network. Nothing in it
// depends on anything but its seed.
type world struct {
	t     *testing.T
	rng   *rand.Rand
	now   int64
	nodes []*node
	wire  []flying
	fault fault
	sent  map[name]*sent
}

// fault is what the network does to each datagram for each receiver.
type fault struct {
	loss, duplicate, reorder float64
	delay                    int64
	cut                      func(from, to int, h *wire.Header) bool
	after                    func(from, to int) int64 // more delay
}

type flying struct {
	at   int64
	from int
	to   int
	b    []byte
}

// name identifies a message.
type name struct {
	member int
	number uint64
}

type sent struct {
	guarantee wire.Guarantee
	payload   []byte
	set       uint16
	keys      []wire.Group
}

type node struct {
	w         *world
	i         int
	s         *Session
	packer    *batch.Packer
	packs     *batch.Arena
	arena     *batch.Arena
	door      wire.Door
	out       batch.Burst
	got       []got
	seen      map[name]bool
	loans     []*batch.Loan
	due       bool   // it has something to do
	told      uint64 // deliveries given back
	asleep    bool   // its application gives nothing back
	given     uint64
	cutting   bool // it leaves the configuration
	announced uint16
}

// got is a message as delivered.
type got struct {
	name
	guarantee wire.Guarantee
}

type shape struct {
	members, datagram, window, history int
	maxMessage                         int
	arena                              int // bytes of each node's memory
	compress                           wire.Codec
	heartbeat                          int64 // 0 = the default
}

func (sh shape) withDefaults() shape {
	def := func(p *int, v int) {
		if *p == 0 {
			*p = v
		}
	}
	def(&sh.members, 3)
	def(&sh.datagram, 600)
	def(&sh.window, 96)
	def(&sh.history, 256)
	def(&sh.maxMessage, 64<<10)
	def(&sh.arena, 32<<20)
	return sh
}

func newWorld(t *testing.T, seed uint64, sh shape) *world {
	sh = sh.withDefaults()
	w := &world{t: t, rng: rand.New(rand.NewPCG(seed, 1)), now: 1, sent: map[name]*sent{}}
	w.fault.delay = 100_000
	cfg := Config{
		ID: wire.ConfigID{Epoch: 7, Rep: 1, RepIncarnation: 9}, Cluster: 5,
		Datagram: sh.datagram, MaxMessage: uint32(sh.maxMessage), Window: sh.window, History: sh.history,
		Timers: Timers{Heartbeat: sh.heartbeat},
	}
	for i := range sh.members {
		cfg.Members = append(cfg.Members, wire.Member{ID: wire.ProcessorID(10 * (i + 1)), Incarnation: uint64(i + 1)})
		cfg.Address = append(cfg.Address, netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(i+1)))
	}
	for i := range sh.members {
		c := cfg
		c.Self = i
		n := &node{w: w, i: i, seen: map[name]bool{}}
		n.arena = batch.NewArena(make([]byte, sh.arena))
		n.packs = batch.NewArena(make([]byte, sh.arena))
		n.packer = batch.NewPacker(batch.PackerConfig{Datagram: sh.datagram, MaxMessage: sh.maxMessage, Compress: sh.compress, LendFrom: 1}, n.packs)
		n.door.Cluster = 5
		largest := ceilPowerOfTwo(2 * sh.maxMessage)
		mem := &Memory{
			Arrivals: batch.NewSlab(n.arena),
			Control:  batch.NewSlab(batch.NewArena(make([]byte, 4<<20))),
			Pool:     batch.NewPool(make([]byte, 4*sh.members*largest), largest),
			Decoder:  new(wire.Decoder),
		}
		n.s = New(c, mem, w.now)
		n.out.MaxSegments = 64
		n.announce(0, n.plain()...)
		w.nodes = append(w.nodes, n)
	}
	return w
}

// send gives a message to a node's packer.
func (n *node) send(g wire.Guarantee, payload []byte, keys ...wire.Group) uint64 {
	n.w.t.Helper()
	m := batch.Message{Guarantee: g, Keys: keys, Origin: uint16(n.i)}
	n.due = true
	number, err := n.packer.Append(&m, [][]byte{payload})
	if err == batch.ErrFull {
		return 0
	}
	if err != nil {
		n.w.t.Fatal(err)
	}
	if keys == nil {
		keys = n.plain()
	}
	n.w.sent[name{n.i, number}] = &sent{guarantee: g, payload: payload, keys: keys}
	return number
}

// plain is the group set 0, which every node announces first.
func (n *node) plain() []wire.Group { return []wire.Group{{0xff, byte(n.i)}} }

func (n *node) announce(id uint16, keys ...wire.Group) {
	if err := n.packer.Announce(id, keys); err != nil {
		n.w.t.Fatal(err)
	}
	n.announced = id + 1
}

// queue is a packer as a session sees it.
type queue struct{ *batch.Packer }

func (q queue) Next() (batch.Datagram, bool) {
	if q.Peek() == nil {
		return batch.Datagram{}, false
	}
	return q.Pop(), true
}

// step lets one node do one pass of its loop.
func (n *node) step() {
	n.out.Reset()
	n.s.Step(n.w.now, queue{n.packer}, &n.out)
	for i := range n.out.Trains {
		t := &n.out.Trains[i]
		for k := range t.Count {
			b := bytes.Join(n.out.Datagram(t, k, nil), nil)
			n.w.route(n.i, t.To, b)
		}
	}
	for _, d := range n.s.Deliver() {
		n.take(&d)
	}
	if !n.asleep {
		n.s.Consumed(n.given)
		n.due = n.due || n.s.Cramped() && n.given > n.told
		n.told = n.given
	}
	for _, d := range n.s.Returned() {
		if loan := n.packer.Release(&d); loan != nil {
			n.loans = append(n.loans, loan)
		}
	}
	n.invariants()
}

// invariants hold after every step of every node.
func (n *node) invariants() {
	s := n.s
	if !(s.freed <= s.taken && s.taken <= s.delivered && s.delivered <= s.aru && s.freed <= s.stable && s.stable <= s.aru) {
		n.w.t.Fatalf("member %d: marks out of order: freed %d taken %d delivered %d stable %d aru %d", n.i, s.freed, s.taken, s.delivered, s.stable, s.aru)
	}
	if s.taken > 0 && s.log.at(s.taken).mark > n.told {
		n.w.t.Fatalf("member %d: position %d counts as taken, though delivery %d of %d is out", n.i, s.taken, s.log.at(s.taken).mark, n.told)
	}
	if s.send.data-s.send.takenData > uint64(max(s.cfg.History, 1)) || s.send.next-1-s.send.taken > uint64(len(s.self.slots)) {
		n.w.t.Fatalf("member %d has %d datagrams of data out, history %d", n.i, s.send.data-s.send.takenData, s.cfg.History)
	}
	if ahead := n.ahead(); s.cut.step == running && ahead != s.Counters.Kept+s.Counters.Sent-s.Counters.Positions {
		n.w.t.Fatalf("member %d holds %d datagrams ahead of the walk, and counts %+v", n.i, ahead, s.Counters)
	}
	for _, o := range n.w.nodes {
		if s.stable > o.s.aru {
			n.w.t.Fatalf("member %d holds %d stable, member %d has only %d", n.i, s.stable, o.i, o.s.aru)
		}
		if s.leastTaken > o.s.taken {
			n.w.t.Fatalf("member %d believes %d taken, member %d took %d", n.i, s.leastTaken, o.i, o.s.taken)
		}
	}
}

// ahead counts the datagrams that are held and have no position yet.
func (n *node) ahead() (held uint64) {
	for i := range n.s.streams {
		st := &n.s.streams[i]
		for d := st.stamped + 1; d <= st.high; d++ {
			if st.held(d) != nil {
				held++
			}
		}
	}
	return held
}

// take notes a delivery, message by message.
func (n *node) take(d *Delivery) {
	n.given++
	if d.Frames == nil {
		n.deliver(d.Member, d.Number, d.Guarantee, d.Message, d.Inline, d.Set, d.Sets)
		return
	}
	it := wire.NewFrames(d.Frames, d.Number)
	var f wire.Frame
	for it.Next(&f) {
		if f.Type == wire.FrameMessage {
			n.deliver(d.Member, f.Number, f.Guarantee, f.Body, f.Inline, f.Set, d.Sets)
		}
	}
}

func (n *node) deliver(member int, number uint64, g wire.Guarantee, b []byte, inline bool, set uint16, sets []*Set) {
	t, k := n.w.t, name{member, number}
	m := n.w.sent[k]
	if m == nil {
		t.Fatalf("member %d delivered %v, which nobody sent", n.i, k)
	}
	var keys []wire.Group
	if inline {
		for range set {
			keys = append(keys, wire.Group(b[:32]))
			b = b[32:]
		}
	} else {
		if int(set) >= len(sets) || sets[set] == nil {
			t.Fatalf("member %d delivered %v before its group set", n.i, k)
		}
		keys = sets[set].Keys
	}
	if m.guarantee != g || !bytes.Equal(m.payload, b) || !slices.Equal(m.keys, keys) {
		t.Fatalf("member %d delivered %v changed: %v for %v, %d bytes for %d, keys %d for %d", n.i, k, g, m.guarantee, len(b), len(m.payload), len(keys), len(m.keys))
	}
	if n.seen[k] {
		t.Fatalf("member %d delivered %v twice", n.i, k)
	}
	n.seen[k] = true
	if g == wire.Safe && !n.cutting {
		n.safe(k)
	}
	n.got = append(n.got, got{k, g})
}

// safe: whoever delivers a safe message, every member holds it.
func (n *node) safe(k name) {
	from := n.w.nodes[k.member].s
	d := from.send.next - 1 // of the datagram in which the message ends
	for d > 1 && from.send.message[(d-1)&from.self.mask] >= k.number {
		d--
	}
	for _, o := range n.w.nodes {
		if o.s.streams[k.member].stamped < d {
			n.w.t.Fatalf("member %d delivered safe %v, datagram %d, of which member %d holds %d in order", n.i, k, d, o.i, o.s.streams[k.member].stamped)
		}
	}
}

// route puts a datagram on the wire, for each receiver on its own.
func (w *world) route(from int, to netip.AddrPort, b []byte) {
	var h wire.Header
	if v := w.nodes[from].door.Check(b, &h); v != wire.OK {
		w.t.Fatalf("member %d sent a datagram that the door refuses: %v: %s", from, v, wire.Dump(b))
	}
	for i := range w.nodes {
		if i == from || to.IsValid() && int(to.Port()) != i+1 {
			continue
		}
		copies := 1
		if w.rng.Float64() < w.fault.duplicate {
			copies++
		}
		for range copies {
			if w.rng.Float64() < w.fault.loss || w.fault.cut != nil && w.fault.cut(from, i, &h) {
				continue
			}
			at := w.now + w.fault.delay/2 + w.rng.Int64N(w.fault.delay)/8
			if w.fault.after != nil {
				at += w.fault.after(from, i)
			}
			if w.rng.Float64() < w.fault.reorder {
				at += w.rng.Int64N(10 * w.fault.delay)
			}
			w.wire = append(w.wire, flying{at, from, i, b})
		}
	}
}

// run advances the world until quiet says so, or the time is up.
func (w *world) run(limit int64, quiet func() bool) bool {
	end := w.now + limit
	for w.now < end {
		if quiet() {
			return true
		}
		next := w.now + 1_000_000
		for _, f := range w.wire {
			next = min(next, f.at)
		}
		for _, n := range w.nodes {
			next = min(next, n.s.Deadline())
			if n.due {
				next = w.now
			}
		}
		w.now = max(next, w.now+10_000)
		w.arrivals()
		for _, n := range w.nodes {
			// As a loop does: a pass when something has arrived, was accepted
			// or given back, or is due.
			if n.due || n.s.Deadline() <= w.now {
				n.due = false
				n.step()
			}
		}
	}
	return quiet()
}

func (w *world) arrivals() {
	slices.SortStableFunc(w.wire, func(a, b flying) int { return int(a.at - b.at) })
	keep := w.wire[:0]
	for _, f := range w.wire {
		if f.at > w.now {
			keep = append(keep, f)
			continue
		}
		n := w.nodes[f.to]
		var h wire.Header
		if v := n.door.Check(f.b, &h); v != wire.OK {
			w.t.Fatalf("refused: %v", v)
		}
		n.s.Receive(w.now, &h, f.b, nil)
		n.due = true
	}
	w.wire = keep
}

// everything says whether all nodes have delivered all messages.
func (w *world) everything() bool {
	for _, n := range w.nodes {
		if len(n.seen) != len(w.sent) {
			return false
		}
	}
	return true
}

// judge checks what each guarantee promises over all deliveries.
func (w *world) judge() {
	w.t.Helper()
	ordered := func(n *node) (o []got) {
		for _, g := range n.got {
			if g.guarantee >= wire.Agreed {
				o = append(o, g)
			}
		}
		return o
	}
	first := ordered(w.nodes[0])
	for _, n := range w.nodes {
		if o := ordered(n); !slices.Equal(o, first) {
			w.t.Fatalf("members %d and 0 delivered different orders: %s", n.i, difference(o, first))
		}
		w.judgeFIFO(n)
	}
}

// judgeFIFO: a message of FIFO or stronger follows all such of its sender with
// lower numbers.
func (w *world) judgeFIFO(n *node) {
	last := map[int]uint64{}
	for _, g := range n.got {
		if g.guarantee == wire.Unordered {
			continue
		}
		if g.number <= last[g.member] {
			w.t.Fatalf("member %d: %v came after number %d of its sender", n.i, g.name, last[g.member])
		}
		last[g.member] = g.number
	}
}

func difference(a, b []got) string {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return fmt.Sprintf("at %d %v and %v", i, a[i], b[i])
		}
	}
	return fmt.Sprintf("lengths %d and %d", len(a), len(b))
}

// payload is n bytes that belong to one message only.
func payload(n int, salt uint64) []byte {
	b := make([]byte, n)
	h := fnv.New64a()
	for i := 0; i < n; i += 8 {
		h.Write(binary.LittleEndian.AppendUint64(nil, salt+uint64(i)))
		var x [8]byte
		binary.LittleEndian.PutUint64(x[:], h.Sum64())
		copy(b[i:], x[:])
	}
	return b
}
