package order

import (
	"bytes"
	"net/netip"
	"testing"

	"stampede/wire"
)

const hour = 3_600_000_000_000

// within fails unless everything is delivered in so much time.
func (w *world) within(ns int64) {
	w.t.Helper()
	if !w.run(ns, w.everything) {
		w.stuck()
	}
	w.judge()
}

// loseFirst cuts the first datagram of a kind between each two members.
func loseFirst(match func(from, to int, h *wire.Header) bool) func(int, int, *wire.Header) bool {
	lost := map[[2]int]bool{}
	return func(from, to int, h *wire.Header) bool {
		if lost[[2]int{from, to}] || !match(from, to, h) {
			return false
		}
		lost[[2]int{from, to}] = true
		return true
	}
}

// TestLostTail: the last datagram of a stream is a gap that nobody sees; it is
// found without a heartbeat, whoever's it is.
func TestLostTail(t *testing.T) {
	for sender := range 3 {
		w := newWorld(t, 1, shape{members: 3, heartbeat: hour})
		w.fault.cut = loseFirst(func(from, to int, h *wire.Header) bool { return h.Kind == wire.KindStream })
		w.nodes[sender].send(wire.Agreed, []byte("last"))
		w.within(50_000_000)
	}
}

// TestLostSafeAcks: a safe message waits for acknowledgements; lost ones are
// repeated without a heartbeat, in a crowd too.
func TestLostSafeAcks(t *testing.T) {
	for _, members := range []int{2, 3, 8, 9, 12} {
		w := newWorld(t, 1, shape{members: members, heartbeat: hour})
		w.fault.cut = loseFirst(func(from, to int, h *wire.Header) bool { return h.Kind == wire.KindAck })
		w.nodes[1].send(wire.Safe, []byte("safe"))
		w.within(50_000_000)
	}
}

// TestSafeHops: when nothing is lost a safe message takes three hops, or four
// in a crowd, and an agreed one two; here a hop is at most 62.5 µs.
func TestSafeHops(t *testing.T) {
	const hop = 62_500 + 10_000 // and the grain of the simulated clock
	for _, test := range []struct {
		members, hops int
		g             wire.Guarantee
	}{{3, 2, wire.Agreed}, {3, 3, wire.Safe}, {12, 4, wire.Safe}} {
		w := newWorld(t, 1, shape{members: test.members, heartbeat: hour})
		w.nodes[1].send(test.g, []byte("x"))
		w.within(int64(test.hops) * hop)
	}
}

// TestMuteOwner: what its owner cannot repair another holder does.
func TestMuteOwner(t *testing.T) {
	w := newWorld(t, 1, shape{members: 4, heartbeat: hour})
	w.fault.cut = func(from, to int, h *wire.Header) bool { return from == 1 && to == 3 }
	for range 20 {
		w.nodes[1].send(wire.Agreed, make([]byte, 400))
	}
	w.within(1_000_000_000)
}

// TestStampNamesGap: a stamp tells of datagrams of which nothing else was heard.
func TestStampNamesGap(t *testing.T) {
	w := newWorld(t, 1, shape{members: 3, heartbeat: hour})
	w.fault.cut = func(from, to int, h *wire.Header) bool { return from == 2 && to == 1 && w.now < 1_000_000_000 }
	w.nodes[2].send(wire.Agreed, []byte("x"))
	w.within(50_000_000)
}

// answers asks a node for its own datagram 1 and returns to whom it went.
func (n *node) answers(asker int) (to []netip.AddrPort, b [][]byte) {
	n.s.repair.asked = append(n.s.repair.asked, question{member: n.i, asker: asker, first: 1, count: 1})
	n.out.Reset()
	n.s.repair.answer(n.s, n.w.now, &n.out)
	for i := range n.out.Trains {
		to = append(to, n.out.Trains[i].To)
		b = append(b, bytes.Join(n.out.Iov(&n.out.Trains[i]), nil))
	}
	return to, b
}

// TestLinger: who was just answered is not answered again; another asker turns
// the answer into one multicast; later all are answered anew. And an answer is
// the original datagram, byte for byte.
func TestLinger(t *testing.T) {
	w := newWorld(t, 1, shape{members: 4})
	var original []byte
	w.fault.cut = func(from, to int, h *wire.Header) bool { return from == 1 && to == 3 }
	n := w.nodes[1]
	n.send(wire.Agreed, []byte("x"))
	w.run(1, func() bool { return n.s.send.next > 1 })
	original = bytes.Clone(n.s.self.held(1).bytes)
	w.run(200_000, func() bool { return false })
	for _, other := range w.nodes { // much has happened since
		other.send(wire.Agreed, []byte("y"))
	}
	w.run(200_000, func() bool { return false })
	linger := max(n.s.round.smoothed, n.s.timers.Retry/2)
	n.s.self.held(1).who = nobody
	everyone := netip.AddrPort{}
	for i, step := range []struct {
		asker int
		after int64
		want  []netip.AddrPort
	}{
		{2, 0, []netip.AddrPort{n.s.cfg.Address[2]}},
		{2, linger / 2, nil},
		{3, 0, []netip.AddrPort{everyone}},
		{3, linger / 2, nil},
		{0, 0, nil},
		{3, linger, []netip.AddrPort{n.s.cfg.Address[3]}},
	} {
		w.now += step.after
		to, b := n.answers(step.asker)
		if len(to) != len(step.want) || len(to) == 1 && to[0] != step.want[0] {
			t.Errorf("question %d: answered to %v, want %v", i, to, step.want)
		}
		for _, b := range b {
			if !bytes.Equal(b, original) {
				t.Errorf("question %d: the answer is not the original datagram", i)
			}
		}
	}
}

// TestOneNack: all gaps of all streams go into one request.
func TestOneNack(t *testing.T) {
	w := newWorld(t, 1, shape{members: 4, heartbeat: hour, window: 200})
	w.fault.cut = func(from, to int, h *wire.Header) bool {
		return to == 3 && h.Kind == wire.KindStream && h.Dseq%3 == 0 && w.now < 150_000
	}
	for _, n := range w.nodes[:3] {
		for range 12 {
			n.send(wire.FIFO, make([]byte, 500))
		}
	}
	w.within(20_000_000)
	if c := w.nodes[3].s.Counters; c.Gaps == 0 || c.SentNacks > 4 {
		t.Errorf("%d gaps, %d requests", c.Gaps, c.SentNacks)
	}
}
