package order

import (
	"flag"
	"fmt"
	"testing"

	"stampede/batch"
	"stampede/wire"
)

var seeds = flag.Int("seeds", 40, "random worlds per test, with -short a quarter")
var firstSeed = flag.Uint64("seed", 1, "first seed")

// TestGuarantees floods worlds drawn from seeds with messages of all four
// guarantees and all sizes, through loss, duplication and reordering.
func TestGuarantees(t *testing.T) {
	n := *seeds
	if testing.Short() {
		n /= 4
	}
	for i := range n {
		seed := *firstSeed + uint64(i)
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) { randomWorld(t, seed) })
	}
}

func randomWorld(t *testing.T, seed uint64) {
	w := newWorld(t, seed, shape{})
	r := w.rng
	sh := shape{members: 1 + r.IntN(5), datagram: 256 + r.IntN(1200), window: 4 + r.IntN(200), history: 8 << r.IntN(6)}
	if r.IntN(8) == 0 {
		sh.members = 9 + r.IntN(4) // a crowd acknowledges to its sequencer only
	}
	if r.IntN(2) == 0 {
		sh.heartbeat = 3_600_000_000_000 // no delivery may wait for one
	}
	if r.IntN(4) == 0 {
		sh.compress = wire.CodecS2 + wire.Codec(r.IntN(2))
	}
	w = newWorld(t, seed, sh)
	w.fault = fault{loss: float64(r.IntN(4)) * 0.07, duplicate: float64(r.IntN(2)) * 0.1, reorder: float64(r.IntN(3)) * 0.1, delay: 20_000 + r.Int64N(1_000_000)}
	if sh.members > 6 {
		w.fault.loss /= 2
	}
	only := wire.Guarantee(r.IntN(8)) // half of the worlds have one guarantee only
	for range 3 + r.IntN(10) {
		for _, n := range w.nodes {
			if n.asleep = r.IntN(5) == 0; !n.asleep {
				n.due = true
			}
			n.randomMessages(only)
			if r.IntN(4) == 0 { // the sequencer, whoever it is, hands off
				n.s.HandOff(wire.ProcessorID(10 * (1 + r.IntN(sh.members))))
			}
		}
		w.run(r.Int64N(3_000_000), func() bool { return false })
	}
	for _, n := range w.nodes {
		n.asleep, n.due = false, true
	}
	if !w.run(60_000_000_000, w.everything) {
		w.stuck()
	}
	w.judge()
	if sh.heartbeat > 0 {
		return // the last word on what was taken may be lost, and is a heartbeat's to repeat
	}
	if !w.run(10_000_000_000, w.settled) {
		w.stuck()
	}
	w.judgeMemory()
}

// judgeMemory: when everything is stable and given back, so is its memory.
func (w *world) judgeMemory() {
	w.t.Helper()
	for _, n := range w.nodes {
		n.s.mem.Arrivals.Close()
		n.s.mem.Control.Close()
		n.packer.Close()
		p := n.s.mem.Pool
		if n.arena.Free() != n.arena.Len() || n.packs.Free() != n.packs.Len() || p.Free() != p.Len() {
			w.t.Fatalf("member %d keeps %d arrival chunks, %d own, %d bytes of the pool", n.i,
				n.arena.Len()-n.arena.Free(), n.packs.Len()-n.packs.Free(), p.Len()-p.Free())
		}
	}
}

func (n *node) randomMessages(only wire.Guarantee) {
	r := n.w.rng
	for range r.IntN(40) {
		g := wire.Guarantee(r.IntN(4))
		if only < 4 {
			g = only
		}
		size := r.IntN(200)
		switch r.IntN(20) {
		case 0:
			size = r.IntN(60_000)
		case 1:
			size = 0
		case 2, 3:
			size = r.IntN(3000)
		}
		b := payload(size, r.Uint64())
		if r.IntN(3) == 0 {
			clear(b[:size/2]) // something to compress
		}
		var keys []wire.Group
		for range r.IntN(8) - 5 {
			keys = append(keys, wire.Group{byte(r.IntN(256))})
		}
		switch r.IntN(6) {
		case 0:
			n.lend(g, b)
		case 1:
			n.sendToSet(g, b)
		default:
			n.send(g, b, keys...)
		}
	}
}

func (n *node) lend(g wire.Guarantee, b []byte) {
	m := batch.Message{Guarantee: g}
	n.due = true
	cut := n.w.rng.IntN(len(b) + 1)
	number, err := n.packer.Lend(&m, [][]byte{b[:cut], b[cut:]}, new(batch.Loan))
	if err != nil {
		n.w.t.Fatal(err)
	}
	n.w.sent[name{n.i, number}] = &sent{guarantee: g, payload: b, keys: n.plain()}
}

// sendToSet sends to an announced group set, a new one now and then.
func (n *node) sendToSet(g wire.Guarantee, b []byte) {
	r := n.w.rng
	keys := func(id uint16) (k []wire.Group) {
		for i := range 1 + int(id)%60 {
			k = append(k, wire.Group{byte(n.i), byte(id), byte(i)})
		}
		return k
	}
	n.due = true
	if n.announced < 2 || r.IntN(10) == 0 {
		id := max(n.announced, 1)
		n.announce(id, keys(id)...)
	}
	id := 1 + uint16(r.IntN(int(n.announced-1)))
	number, err := n.packer.Append(&batch.Message{Guarantee: g, Set: id}, [][]byte{b})
	if err != nil {
		n.w.t.Fatal(err)
	}
	n.w.sent[name{n.i, number}] = &sent{guarantee: g, payload: b, set: id, keys: keys(id)}
}

// settled says whether everything is stable, taken and given back everywhere.
func (w *world) settled() bool {
	for _, n := range w.nodes {
		s := n.s
		if s.freed != s.aru || s.freed != w.nodes[0].s.freed || s.send.taken != s.send.next-1 {
			return false
		}
	}
	return true
}

func (w *world) stuck() {
	w.t.Helper()
	for _, n := range w.nodes {
		s := n.s
		w.t.Logf("member %d: seen %d of %d, freed %d taken %d delivered %d stable %d aru %d, leastTaken %d, own next %d stable %d taken %d backlog %d credit %d, %+v",
			n.i, len(n.seen), len(w.sent), s.freed, s.taken, s.delivered, s.stable, s.aru, s.leastTaken, s.send.next, s.send.stable, s.send.taken, n.packer.Backlog(), s.credit(), s.Counters)
		for i := range s.streams {
			st := &s.streams[i]
			w.t.Logf("   stream %d: freed %d stamped %d prefix %d high %d cursor %+v", i, st.freed, st.stamped, st.prefix, st.high, st.cursor)
		}
	}
	w.t.Fatal("stuck")
}
