package flood

import (
	"net/netip"

	"stampede/batch"
)

// train is datagrams on their way: one send, or a datagram that travels alone.
type train struct {
	arrival batch.Arrival
	count   int
	to      netip.AddrPort // zero = everybody
	left    int            // receivers that have not taken it in
	wire    int64          // ns on a link
}

// port is a host's link, both ways: until when it is taken.
type port struct {
	out, in int64
}

// send puts the burst's trains on the link, each as soon as the kernel has
// done its part, and returns when that is over.
func (w *world) send(h *host, at float64) {
	for i := range h.out.Trains {
		t := &h.out.Trains[i]
		each := t.Count
		if w.run.Lone {
			each = 1
		}
		for first := 0; first < t.Count; first += each {
			tr := w.load(h, t, first, each)
			at += w.paySend(h, tr)
			w.depart(h, tr, int64(at))
		}
	}
}

// load copies datagrams of a train, as the kernel does.
func (w *world) load(h *host, t *batch.Train, first, count int) *train {
	tr := &train{count: count, to: t.To}
	var b []byte
	if c := w.wires.Take(); c != nil {
		tr.arrival.Chunk, b = c, c.Bytes[:0]
	}
	for k := range count {
		for _, part := range h.out.Datagram(t, first+k, w.parts[:0]) {
			b = append(b, part...)
		}
	}
	tr.arrival.Bytes, tr.arrival.From = b, h.address
	if count > 1 {
		tr.arrival.Segment = t.Segment
	}
	if w.run.Link > 0 {
		bits := 8 * (len(b) + count*(headers+frame))
		tr.wire = int64(float64(bits) / w.run.Link * 1e9)
	}
	return tr
}

// paySend notes the kernel's work for a train, and returns what of it is done
// before the train leaves. In a lab the sender's core does the receivers' part.
func (w *world) paySend(h *host, t *train) float64 {
	var work Work
	work.note(Send, len(t.arrival.Bytes))
	if w.run.Shared > 0 {
		receivers := len(w.hosts) - 1
		if t.to.IsValid() {
			receivers = 1
		}
		work.times(Forward, receivers, receivers*len(t.arrival.Bytes))
	}
	h.work.add(&work)
	return w.costs.total(&work)
}

// depart takes a train over the sender's link.
func (w *world) depart(h *host, t *train, at int64) {
	h.sent.datagrams += int64(t.count)
	start := max(at, h.port.out)
	h.port.out = start + t.wire
	w.queue.Add(start+w.delay, event{kind: switched, host: h, train: t})
}

// switched takes a train to its receivers' ports. What is wider than a packet
// flows through: its end is at the port no earlier than it left the sender.
func (w *world) switched(from *host, t *train) {
	for _, r := range w.hosts {
		if r == from || t.to.IsValid() && t.to != r.address {
			continue
		}
		t.left++
		start := max(w.now, r.port.in)
		r.port.in = start + t.wire
		w.queue.Add(r.port.in, event{kind: arrived, host: r, train: t})
	}
	if t.left == 0 {
		t.drop()
	}
}

// arrived puts a train into a receiver's socket buffer, if it has room.
func (w *world) arrived(h *host, t *train) {
	if w.run.Shared == 0 {
		h.kernel.note(Forward, len(t.arrival.Bytes))
	}
	size := charge(len(t.arrival.Bytes), t.count)
	if h.buffered+size > w.run.Buffer {
		h.overruns++
		t.taken()
		return
	}
	h.buffered += size
	h.inbox = append(h.inbox, t)
	w.ask(h)
}

// taken notes that a receiver is done with a train.
func (t *train) taken() {
	if t.left--; t.left == 0 {
		t.drop()
	}
}

func (t *train) drop() {
	if t.arrival.Chunk != nil {
		t.arrival.Chunk.Release()
	}
}
