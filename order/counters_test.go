package order

import (
	"testing"

	"stampede/perf"
	"stampede/wire"
)

// exchangeOf lets every member send some messages, one after the other, and
// runs until all have all of them.
func exchangeOf(t *testing.T, w *world) {
	t.Helper()
	for k := range 20 {
		for _, n := range w.nodes {
			n.send(wire.Agreed, []byte{byte(k)})
		}
		w.run(2_000_000, func() bool { return false })
	}
	if !w.run(1_000_000_000, w.everything) {
		t.Fatal("not all was delivered")
	}
}

func TestHistogramsOfAQuietConfiguration(t *testing.T) {
	w := newWorld(t, 1, shape{heartbeat: 3_600_000_000_000})
	exchangeOf(t, w)
	for i, n := range w.nodes {
		c := &n.s.Counters
		if stamps := c.StampDelay.Count(); (stamps > 0) != (i == 0) || c.StampDelay.Max() != 0 {
			t.Errorf("member %d: %d passes stamped, the slowest after %d ns; nothing was in the way", i, stamps, c.StampDelay.Max())
		}
		if c.WalkLag.Count() == 0 || i == 0 && c.WalkLag.Max() != 0 {
			t.Errorf("member %d: %d passes, %d datagrams wait at most", i, c.WalkLag.Count(), c.WalkLag.Max())
		}
		// What is not told with data is told when the timer says so; the world's
		// clock moves by at least 10 µs.
		if most := n.s.timers.Ack + 10_000; c.AckDelay.Count() == 0 || c.AckDelay.Max() > most {
			t.Errorf("member %d: %d times told, after %d ns at most, want %d", i, c.AckDelay.Count(), c.AckDelay.Max(), most)
		}
		if c.NoControl+c.Unasked+c.SlotWait > 0 {
			t.Errorf("member %d: %+v", i, c)
		}
	}
}

// A datagram that is lost once is missed by the walk, and what came behind it
// is stamped when the repair has come.
func TestGapShowsInHistograms(t *testing.T) {
	w := newWorld(t, 2, shape{})
	lost := false
	w.fault.cut = func(from, to int, h *wire.Header) bool {
		if from != 1 || to != 0 || h.Kind != wire.KindStream || h.Dseq != 5 || lost {
			return false
		}
		lost = true
		return true
	}
	for k := range 12 {
		w.nodes[1].send(wire.Agreed, make([]byte, 500+k))
	}
	if !w.run(1_000_000_000, w.everything) || !lost {
		t.Fatal("not all was delivered")
	}
	c := &w.nodes[0].s.Counters
	if c.WalkLag.Max() == 0 || c.StampDelay.Max() < w.fault.delay {
		t.Errorf("%d datagrams waited, the stamp for %d ns", c.WalkLag.Max(), c.StampDelay.Max())
	}
}

// The order moves to another member: what came before its reign is no delay of
// its stamps.
func TestHandOffIsNoStampDelay(t *testing.T) {
	w := newWorld(t, 3, shape{})
	exchangeOf(t, w)
	w.nodes[0].s.HandOff(30)
	w.nodes[0].due = true
	exchangeOf(t, w)
	c := &w.nodes[2].s.Counters
	if c.StampDelay.Count() == 0 || c.StampDelay.Max() > 10*w.fault.delay {
		t.Errorf("%d passes stamped, the slowest after %d ns", c.StampDelay.Count(), c.StampDelay.Max())
	}
}

func TestCountersAreShown(t *testing.T) {
	var c Counters
	c.WalkLag.Record(7)
	shown := map[string]uint64{}
	perf.Each(&c, func(name string, v uint64) { shown[name] = v })
	for _, name := range []string{"no_memory", "no_control", "unasked", "slot_wait", "stamp_delay_p99", "ack_delay_count"} {
		if _, ok := shown[name]; !ok {
			t.Errorf("%s is not shown", name)
		}
	}
	if shown["walk_lag_max"] != 7 {
		t.Errorf("%v", shown)
	}
}
