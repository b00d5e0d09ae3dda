package order

import (
	"bytes"
	"testing"

	"stampede/batch"
	"stampede/wire"
)

// TestPressure: when a member's kernel has no room, everybody's share falls;
// when it has, shares grow back.
func TestPressure(t *testing.T) {
	w := newWorld(t, 1, shape{members: 3, window: 600, history: 600})
	elapse := func(ns int64) { w.run(ns, func() bool { return false }) }
	elapse(50_000_000)
	full := w.nodes[1].s.members[1].share
	if full != 200 {
		t.Fatalf("share %d of a window of 600 for three", full)
	}
	lost := uint64(0)
	for range 10 {
		lost++
		w.nodes[2].s.Overruns(w.now, lost)
		elapse(3_000_000)
	}
	low := w.nodes[1].s.members[1].share
	if low >= full*2/3 || low < 1 {
		t.Errorf("share %d after ten overruns, %d before", low, full)
	}
	elapse(1_000_000_000)
	if again := w.nodes[1].s.members[1].share; again != full {
		t.Errorf("share %d a second later, %d before", again, full)
	}
}

// TestIdleShares: who has nothing to send holds little, and gets more when it
// begins to.
func TestIdleShares(t *testing.T) {
	w := newWorld(t, 1, shape{members: 4, window: 800, history: 800})
	busy := w.nodes[2]
	for range 40 {
		for range 300 {
			busy.send(wire.Agreed, make([]byte, 500))
		}
		w.run(2_000_000, func() bool { return false })
	}
	if got := busy.s.members[2].share; got != 500 {
		t.Errorf("the only sender's share is %d, want 500: an eighth of 800, and the half", got)
	}
	if got := w.nodes[1].s.members[1].share; got != 100 {
		t.Errorf("an idle member's share is %d, want 100: an eighth of 800", got)
	}
}

// TestSharesReachAll: where the shares do not fit one acknowledgement, the next
// ones tell the rest.
func TestSharesReachAll(t *testing.T) {
	w := newWorld(t, 1, shape{members: 60, datagram: 300, history: 8, arena: 1 << 20, maxMessage: 1000})
	n := w.nodes[0]
	told := map[wire.ProcessorID]bool{}
	for range 6 {
		var out batch.Burst
		n.s.acks.send(n.s, w.now, 0, -1, 0, &out)
		var a wire.Ack
		if v := a.Parse(bytes.Join(out.Datagram(&out.Trains[0], 0, nil), nil)[wire.HeaderBytes:]); v != wire.OK {
			t.Fatal(v)
		}
		for _, sh := range a.Shares {
			told[sh.Member] = true
		}
	}
	if len(told) != 60 {
		t.Errorf("%d of 60 members were told their share", len(told))
	}
}
