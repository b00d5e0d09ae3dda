package sim

import (
	"net/netip"
	"slices"
	"time"

	"stampede/batch"
	"stampede/wire"
)

// parcel is a datagram on its way to one receiver. Its bytes are shared with
// the other receivers' and never change.
type parcel struct {
	b       []byte
	from    *node
	damaged bool // its bytes are not those that were sent
	late    bool // it has come before
}

// quality is what a link does to datagrams; chances are in percent.
type quality struct {
	loss    float64
	double  float64 // it arrives twice
	replay  float64 // it arrives again, much later
	reorder float64 // it may be overtaken, and overtake
	corrupt float64 // a few of its bits change, or it is cut off
	delay   time.Duration
	jitter  time.Duration // up to so much more
}

var perfect = quality{delay: 100 * time.Microsecond, jitter: 20 * time.Microsecond}

// replayed is how much later a replay comes, at most.
const replayed = 500 * time.Millisecond

// link is one direction between two processors.
type link struct {
	own  *quality // nil = that of the network
	cut  bool
	last int64 // when the latest datagram arrives: others do not overtake it
}

// network carries datagrams. Everything on it happens to each receiver by
// itself.
type network struct {
	quality quality
	links   [][]link // [from][to], by index of the processors
	side    []int    // of a partition, by processor
	memory  []byte   // where copies of datagrams are taken from
}

func (n *network) init(processors int) {
	n.quality = perfect
	n.links = make([][]link, processors)
	for i := range n.links {
		n.links[i] = make([]link, processors)
	}
	n.side = make([]int, processors)
}

// heal makes every link perfect but for the time that it takes.
func (n *network) heal() {
	n.quality = quality{delay: n.quality.delay, jitter: n.quality.jitter}
	for i := range n.links {
		for j := range n.links[i] {
			n.links[i][j].own, n.links[i][j].cut = nil, false
		}
	}
	clear(n.side)
}

func (n *network) carries(from, to *node) bool {
	return !n.links[from.i][to.i].cut && n.side[from.i] == n.side[to.i]
}

// copy keeps the bytes of a datagram that leaves.
func (n *network) copy(parts [][]byte) []byte {
	size := 0
	for _, p := range parts {
		size += len(p)
	}
	if len(n.memory) < size {
		n.memory = make([]byte, max(size, 64<<10))
	}
	b := n.memory[:0:size]
	n.memory = n.memory[size:]
	for _, p := range parts {
		b = append(b, p...)
	}
	return b
}

// transmit puts up to limit datagrams of a burst on the network.
func (w *world) transmit(n *node, limit int) {
	var parts [4][]byte
	for i := range n.out.Trains {
		t := &n.out.Trains[i]
		for k := range t.Count {
			if limit == 0 {
				return
			}
			limit--
			w.route(n, t.To, w.net.copy(n.out.Datagram(t, k, parts[:0])))
		}
	}
}

// route sends a datagram to whom it is meant for.
func (w *world) route(n *node, to netip.AddrPort, b []byte) {
	var h wire.Header
	if v := n.door.Check(b, &h); v != wire.OK {
		w.failf("refused", "%v sends a datagram of %d bytes that the door refuses: %v: %s", n, len(b), v, wire.Dump(b))
		return
	}
	w.noteSent(n, &h, b)
	switch {
	case to.IsValid():
		w.carryTo(n, to, &h, b)
	case n.set.unicast:
		for _, a := range n.peers {
			w.carryTo(n, a, &h, b)
		}
	default:
		for _, r := range w.nodes {
			if r != n || n.set.echo {
				w.carry(n, r, &h, b)
			}
		}
	}
}

// carryTo takes a datagram to whoever has an address.
func (w *world) carryTo(n *node, to netip.AddrPort, h *wire.Header, b []byte) {
	for _, r := range w.nodes {
		if r.address == to {
			w.carry(n, r, h, b)
			return
		}
	}
}

// carry takes a datagram to one receiver, or loses it.
func (w *world) carry(n, r *node, h *wire.Header, b []byte) {
	if w.options.Watch {
		w.log("%v -> %v: %s", n, r, wire.Dump(b))
	}
	p := parcel{b: b, from: n}
	if len(w.rules) > 0 && w.ruled(n, r, h, p) {
		return
	}
	if n != r && !w.net.carries(n, r) {
		return
	}
	l := &w.net.links[n.i][r.i]
	q := &w.net.quality
	if l.own != nil {
		q = l.own
	}
	if w.chance(q.loss) {
		return
	}
	if w.chance(q.corrupt) {
		p = w.damage(p)
	}
	at := w.now + int64(q.delay)
	if q.jitter > 0 {
		at += w.rng.Int64N(int64(q.jitter))
	}
	if w.chance(q.reorder) {
		at += w.rng.Int64N(8*int64(q.delay) + 1)
	} else {
		at = max(at, l.last)
		l.last = at
	}
	w.arrive(at, r, p)
	if w.chance(q.double) {
		w.arrive(at+w.rng.Int64N(int64(q.delay)+1), r, p)
	}
	if w.chance(q.replay) {
		p.late = true
		w.arrive(at+w.rng.Int64N(int64(replayed)), r, p)
		w.cover.Replays++
	}
}

// arrive lets a datagram come at a time.
func (w *world) arrive(at int64, r *node, p parcel) {
	w.queue.Add(at, event{what: arrival, node: r, parcel: p})
}

// chance is true in so many percent of all cases.
func (w *world) chance(percent float64) bool {
	return percent > 0 && w.rng.Float64()*100 < percent
}

// damage changes up to three bits, which a CRC-32C notices for certain, or
// cuts the datagram off.
func (w *world) damage(p parcel) parcel {
	p.b = slices.Clone(p.b)
	p.damaged = true
	if w.chance(20) {
		p.b = p.b[:w.rng.IntN(len(p.b))]
		return p
	}
	flipped := make([]int, 1+w.rng.IntN(3))
	for i := range flipped {
		bit := w.rng.IntN(8 * len(p.b))
		for slices.Contains(flipped[:i], bit) {
			bit = w.rng.IntN(8 * len(p.b))
		}
		flipped[i] = bit
		p.b[bit/8] ^= 1 << (bit % 8)
	}
	return p
}

// take receives what waits at a processor, and judges it at the door.
func (w *world) take(n *node) {
	count := min(len(n.inbox), arrivalsPerPass)
	n.scratch = n.scratch[:0]
	for i := range n.inbox[:count] {
		p := &n.inbox[i]
		var h wire.Header
		b, chunk := n.receive(p.b)
		switch v := n.door.Check(b, &h); {
		case v != wire.OK && !p.damaged:
			w.failf("refused", "%v refuses what %v sent: %v: %s", n, p.from, v, wire.Dump(b))
		case v == wire.OK && p.damaged:
			w.failf("accepted", "%v takes a damaged datagram of %v: %s", n, p.from, wire.Dump(b))
		case v == wire.OK:
			w.noteReceived(n, &h)
			if w.options.Watch {
				w.log("%v <- %v: %s", n, p.from, wire.Dump(b))
			}
			n.machine.Receive(n.clock.at(w.now), &h, b, p.from.address, chunk)
		}
		if chunk != nil {
			chunk.Release()
		}
		if w.failure != nil {
			return
		}
	}
	rest := copy(n.inbox, n.inbox[count:])
	clear(n.inbox[rest:])
	n.inbox = n.inbox[:rest]
}

// arrivalsPerPass is how many datagrams a pass takes in at most.
const arrivalsPerPass = 64

// receive copies a datagram to where a socket would have put it: memory that
// is used again after the pass, or a chunk that may be kept.
func (n *node) receive(b []byte) ([]byte, *batch.Chunk) {
	if n.ring != nil {
		if dst, chunk := n.ring.Copy(b); chunk != nil {
			return dst, chunk
		}
	}
	at := len(n.scratch)
	if cap(n.scratch)-at < len(b) {
		n.scratch = make([]byte, 0, max(2*cap(n.scratch), 64<<10)) // the old one lives on with this pass
		at = 0
	}
	n.scratch = append(n.scratch, b...)
	return n.scratch[at:len(n.scratch):len(n.scratch)], nil
}

// spoil overwrites what was received into memory of the pass only.
func (n *node) spoil() {
	for i := range n.scratch {
		n.scratch[i] = 0xdb
	}
}
