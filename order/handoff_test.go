package order

import (
	"testing"

	"stampede/wire"
)

// handOff lets the sequencer hand the order to a member, and waits until all know.
func (w *world) handOff(to wire.ProcessorID) {
	w.t.Helper()
	for _, n := range w.nodes {
		n.s.HandOff(to)
	}
	if !w.run(5_000_000_000, func() bool {
		for _, n := range w.nodes {
			if n.s.Sequencer() != to || n.s.walk.awaiting {
				return false
			}
		}
		return true
	}) {
		w.stuck()
	}
	for _, n := range w.nodes {
		n.s.send.handTo = -1 // those that were not the sequencer keep no wish
	}
}

// TestHandOffsInARow is scenario 4: the order goes to and fro while members
// send, one of them loses the first ACCEPT and another the first HANDOFF.
func TestHandOffsInARow(t *testing.T) {
	for seed := range uint64(20) {
		w := newWorld(t, seed, shape{members: 4})
		lost := map[[2]int]bool{}
		w.fault.cut = func(from, to int, h *wire.Header) bool {
			once := [2]int{from, to}
			if h.Has(wire.FrameAccept) && from == 1 && to == 2 || h.Has(wire.FrameHandoff) && from == 0 && to == 3 {
				if !lost[once] {
					lost[once] = true
					return true
				}
			}
			return false
		}
		for _, to := range []wire.ProcessorID{20, 10, 20, 40} {
			for _, n := range w.nodes {
				for range 20 {
					n.send(wire.Guarantee(w.rng.IntN(4)), make([]byte, w.rng.IntN(900)))
				}
			}
			w.handOff(to)
		}
		if !w.run(5_000_000_000, w.everything) {
			w.stuck()
		}
		if len(lost) != 2 {
			t.Fatalf("the faults did not happen: %v", lost)
		}
		w.judge()
	}
}

// TestNoSelfDelivery: between its HANDOFF and the ACCEPT the former sequencer
// does not deliver its own agreed messages to itself, unordered ones it does.
func TestNoSelfDelivery(t *testing.T) {
	w := newWorld(t, 3, shape{members: 3})
	w.fault.cut = func(from, to int, h *wire.Header) bool { return from == 1 } // the target is mute
	w.nodes[0].s.HandOff(20)
	w.run(10_000_000, func() bool { return false })
	agreed := w.nodes[0].send(wire.Agreed, []byte("a"))
	unordered := w.nodes[0].send(wire.Unordered, []byte("u"))
	w.run(50_000_000, func() bool { return false })
	if n := w.nodes[0]; n.seen[name{0, agreed}] || !n.seen[name{0, unordered}] {
		t.Errorf("agreed delivered %v, unordered delivered %v", n.seen[name{0, agreed}], n.seen[name{0, unordered}])
	}
	w.fault.cut = nil
	if !w.run(5_000_000_000, w.everything) {
		w.stuck()
	}
	w.judge()
}

// TestFollow: the order goes to who sends most, and stays where it is when
// nobody does or when that is switched off.
func TestFollow(t *testing.T) {
	for _, fixed := range []bool{false, true} {
		w := newWorld(t, 5, shape{members: 3, window: 300})
		for _, n := range w.nodes {
			n.s.cfg.Fixed = fixed
		}
		for range 100 {
			for range 100 {
				w.nodes[2].send(wire.Agreed, make([]byte, 300))
			}
			w.run(5_000_000, func() bool { return false })
		}
		if !w.run(5_000_000_000, w.everything) {
			w.stuck()
		}
		w.judge()
		want := wire.ProcessorID(30)
		if fixed {
			want = 10
		}
		for _, n := range w.nodes {
			if got := n.s.Sequencer(); got != want {
				t.Errorf("fixed %v: member %d reads the order of %d, want %d", fixed, n.i, got, want)
			}
		}
	}
}
