package flood

import (
	"math"
	"net/netip"

	"stampede/batch"
	"stampede/internal/member"
	"stampede/order"
	"stampede/wire"
)

const never = math.MaxInt64

// state of a host's loop.
type state uint8

const (
	asleep state = iota
	ready        // it waits for a core
	running
)

// host is a processor with its loop, its application, its socket and its link.
type host struct {
	id      wire.ProcessorID
	address netip.AddrPort
	cores   *cores
	state   state
	wakeAt  int64
	slept   bool
	port    port

	machine  *member.Machine
	session  *order.Session // the present one
	queue    *batch.Queue
	armed    bool // the machine has found the queue empty
	more     bool // since then it was filled
	sender   bool
	floods   bool // a sender has begun
	body     []byte
	accepted int64 // messages

	inbox    []*train
	buffered int // bytes, by the kernel's count
	overruns uint64
	before   uint64 // overruns before this configuration
	door     wire.Door
	out      batch.Burst

	emitted   uint64 // deliveries handed over, all taken at once
	delivered int64  // messages
	chain     uint64 // hash of their order

	busy   int64 // ns that its passes took
	work   Work
	kernel Work // for arrivals since the last pass
	sent   traffic
	got    traffic
	timed  [NumSteps]int64 // by the stopwatch, if there is one
}

// traffic is counted in datagrams.
type traffic struct{ datagrams, acks int64 }

// Next is called by the machine.
func (h *host) Next() (batch.Datagram, bool) {
	d, ok := h.queue.Next()
	h.armed = h.armed || !ok && h.queue.Backlog() == 0
	return d, ok
}

// Backlog is called by the machine.
func (h *host) Backlog() int { return h.queue.Backlog() }

// Renew is called by the machine.
func (h *host) Renew(datagram int) {
	h.queue.Renew(datagram, nil)
	h.armed = true
}

// arrivalsPerPass is how many trains a pass takes in at most, as in package evs.
const arrivalsPerPass = 64

// pass is a turn of the loop in the order of package evs, with the application
// on it, as Handle.Serve has it. It returns what that took.
func (w *world) pass(h *host) int64 {
	before := h.work
	if h.slept {
		h.slept = false
		h.work.note(Wake, 0)
	}
	h.work.add(&h.kernel)
	h.kernel = Work{}
	w.lap(h, NumSteps)
	w.take(h)
	w.step(h)
	at := float64(w.now) + w.costs.total(since(&h.work, &before))
	w.lap(h, NumSteps)
	w.send(h, at)
	w.lap(h, Send)
	w.deliver(h)
	w.fill(h)
	return max(1, int64(w.costs.total(since(&h.work, &before))))
}

// since is what was done after an earlier count.
func since(w, before *Work) *Work {
	d := *w
	for s := range d {
		d[s].Count -= before[s].Count
		d[s].Bytes -= before[s].Bytes
		d[s].Members -= before[s].Members
	}
	return &d
}

// lap notes the time since the last one for a step; NumSteps: for none.
func (w *world) lap(h *host, s Step) {
	if w.run.watch == nil {
		return
	}
	now := w.run.watch()
	if s < NumSteps {
		h.timed[s] += now - w.lapped - w.run.tick
	}
	w.lapped = w.run.watch()
}

// take takes in what has arrived.
func (w *world) take(h *host) {
	n := min(len(h.inbox), arrivalsPerPass)
	if n > 0 {
		h.work.note(Call, 0)
	}
	for _, t := range h.inbox[:n] {
		a := &t.arrival
		h.buffered -= charge(len(a.Bytes), t.count)
		h.work.note(Receive, len(a.Bytes))
		chunk := a.Chunk
		if len(a.Bytes) < batch.ChunkBytes/2 {
			chunk = nil // as evs does, so that no small one pins a chunk
		}
		kind := Judge
		for rest := a.Bytes; len(rest) > 0; {
			var b []byte
			b, rest = a.Next(rest)
			kind = w.judge(h, b, t, chunk)
		}
		w.lap(h, kind)
		t.taken()
	}
	rest := copy(h.inbox, h.inbox[n:])
	clear(h.inbox[rest:])
	h.inbox = h.inbox[:rest]
}

// judge takes one datagram.
func (w *world) judge(h *host, b []byte, t *train, chunk *batch.Chunk) Step {
	var hd wire.Header
	if v := h.door.Check(b, &hd); v != wire.OK {
		w.failf("host %d refuses a datagram: %v", h.id, v)
		return Judge
	}
	kind := Judge
	h.got.datagrams++
	if hd.Kind == wire.KindAck {
		h.got.acks++
	}
	if hd.Kind != wire.KindStream {
		kind = Ack
		h.work.addMembers(Ack, len(w.hosts))
	}
	h.work.note(kind, len(b))
	h.machine.Receive(w.now, &hd, b, t.arrival.From, chunk)
	return kind
}

// step lets the protocol act.
func (w *world) step(h *host) {
	if s := h.machine.Session(); s != nil {
		s.Overruns(w.now, h.overruns-h.before)
	}
	h.machine.Consumed(h.emitted)
	h.out.Reset()
	h.machine.Step(w.now, h, &h.out)
	h.work.note(Pass, 0)
	h.work.addMembers(Pass, len(w.hosts))
	for i := range h.out.Trains {
		h.work.times(Own, h.out.Trains[i].Count, h.out.Trains[i].Bytes)
	}
	if s := h.machine.Session(); s != h.session {
		h.session, h.before = s, h.overruns
	}
	w.lap(h, Pass)
}

// deliver hands what became deliverable to the application, which is done with
// it at once.
func (w *world) deliver(h *host) {
	for {
		change, runs := h.machine.Next()
		if change == nil && len(runs) == 0 {
			break
		}
		h.emitted += uint64(len(runs))
		for i := range runs {
			h.work.note(Deliver, len(runs[i].Message))
		}
		w.lap(h, Deliver)
		for i := range runs {
			h.read(&runs[i])
		}
		w.lap(h, Take)
	}
	for _, d := range h.machine.Returned() {
		h.queue.Release(&d)
	}
	w.lap(h, Deliver)
}

// read counts the messages of a delivery, and makes them part of the chain.
func (h *host) read(d *order.Delivery) {
	if d.Frames == nil {
		h.see(d.Member, d.Number, len(d.Message))
		return
	}
	it := wire.NewFrames(d.Frames, d.Number)
	var f wire.Frame
	for it.Next(&f) {
		if f.Type == wire.FrameMessage {
			h.see(d.Member, f.Number, len(f.Body))
		}
	}
}

func (h *host) see(sender int, number uint64, size int) {
	h.delivered++
	h.work.note(Take, size)
	if wire.ProcessorID(sender+1) != h.id {
		h.work.note(Frame, 0) // at the door, but it is here that they are counted
	}
	h.chain = (h.chain ^ number*64 ^ uint64(sender)) * 0x9e3779b97f4a7c15
	h.chain ^= h.chain >> 29
}

// group is what all send to.
var group = []wire.Group{{'f', 'l', 'o', 'o', 'd'}}

// fill keeps the queue full.
func (w *world) fill(h *host) {
	h.more = false
	if !h.floods || w.ended {
		return
	}
	m := batch.Message{Guarantee: wire.Agreed, Origin: 1, Keys: group}
	for {
		_, err := h.queue.Append(&m, [][]byte{h.body})
		if err == batch.ErrFull {
			break
		}
		if err != nil {
			w.failf("host %d: %v", h.id, err)
			break
		}
		h.accepted++
		h.work.note(Pack, len(h.body))
	}
	h.more, h.armed = h.armed && h.queue.Backlog() > 0, false
	w.lap(h, Pack)
}
