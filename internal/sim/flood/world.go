package flood

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/netip"

	"stampede/batch"
	"stampede/internal/member"
	"stampede/internal/sim/agenda"
	"stampede/order"
	"stampede/wire"
)

// world is a run.
type world struct {
	run     Run
	costs   *Costs
	now     int64
	delay   int64
	queue   agenda.Agenda[event]
	hosts   []*host
	wires   *batch.Arena // of what is on its way, or kept by who received it
	parts   [4][]byte
	ended   bool // nobody sends any more
	rng     *rand.Rand
	lapped  int64
	failure error
}

const (
	origin      = int64(1_000_000_000) // the world's time at its beginning
	millisecond = int64(1_000_000)
	formation   = 20_000 * millisecond // more than any cluster takes to form
	draining    = 20_000 * millisecond // and to deliver what was sent
	cluster     = 3
	queueBytes  = 512 << 10 // evs.Config.SendQueueBytes
	history     = 16 << 20  // evs.Config.HistoryBytes
	wireBytes   = 1 << 30   // of which only what is used is touched
)

func newWorld(r Run, c *Costs) *world {
	w := &world{run: r, costs: c, now: origin, delay: delay, wires: batch.NewArena(make([]byte, wireBytes))}
	if r.Shared > 0 {
		w.delay = 0 // a bridge hands a train over within the send
	}
	w.rng = rand.New(rand.NewPCG(r.Seed, 17))
	shared := &cores{free: r.Shared}
	for i := range r.Hosts {
		h := &host{
			id:      wire.ProcessorID(i + 1),
			address: netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), 7000),
			cores:   &cores{free: 1}, sender: i < r.Senders, body: make([]byte, r.Size),
			door: wire.Door{Cluster: cluster, NoCheck: !r.check},
		}
		if r.Shared > 0 {
			h.cores = shared
		}
		w.hosts = append(w.hosts, h)
	}
	for _, h := range w.hosts {
		w.equip(h)
		h.wakeAt = w.now + w.rng.Int64N(millisecond)
		w.queue.Add(h.wakeAt, event{kind: due, host: h})
	}
	return w
}

func (w *world) datagram() int { return w.run.MTU - headers }

// equip gives a host its machine and its memory, as package evs does by default.
func (w *world) equip(h *host) {
	n, most := len(w.hosts), max(w.run.Size, 64<<10)
	block := 64 << 10
	for block < most+wire.MaxSetKeys*wire.GroupBytes {
		block *= 2
	}
	packing := batch.PackerConfig{Datagram: w.datagram(), MaxMessage: most, QueueBytes: queueBytes}
	q, err := batch.NewQueue(packing, batch.NewArena(make([]byte, batch.QueueMemory(packing)+history)))
	if err != nil {
		w.failf("host %d: %v", h.id, err)
		return
	}
	h.queue = q
	h.machine = member.New(w.memberConfig(h), &order.Memory{
		Arrivals: batch.NewSlab(batch.NewArena(make([]byte, history))),
		Control:  batch.NewSlab(batch.NewArena(make([]byte, history))),
		Pool:     batch.NewPool(make([]byte, max(64<<20, 4*n*block)), block), Decoder: new(wire.Decoder),
	}, w.now)
}

func (w *world) memberConfig(h *host) member.Config {
	d := w.datagram()
	c := member.Config{
		Self: wire.Member{ID: h.id, Incarnation: 1}, Cluster: cluster,
		Datagram: d, MaxMessage: uint32(max(w.run.Size, 64<<10) + wire.MaxSetKeys*wire.GroupBytes),
		Window:    uint32(max(1, min(w.run.Buffer/charge(d, 1), w.run.Window/d))),
		History:   uint32(history / 2 / d),
		Addresses: []netip.AddrPort{h.address}, NoCheck: !w.run.check,
		Detect: 3_000 * millisecond, JoinInterval: 20 * millisecond, Beacon: 150 * millisecond,
		Timers: order.Timers{Heartbeat: 20 * millisecond},
	}
	for _, o := range w.hosts {
		c.Start = append(c.Start, o.id)
	}
	return c
}

// advance lets the world go on until a time, or until done says so.
func (w *world) advance(ctx context.Context, to int64, done func() bool) bool {
	for steps := 0; w.failure == nil; steps++ {
		if done != nil && done() {
			return true
		}
		if !w.queue.Due(to) {
			w.now = max(w.now, to)
			return done == nil
		}
		at, e := w.queue.Next()
		w.now = at
		switch h := e.host; e.kind {
		case switched:
			w.switched(h, e.train)
		case arrived:
			w.arrived(h, e.train)
		case over:
			w.over(h)
		case beginning:
			h.floods = true
			w.ask(h)
		case due:
			if h.state == asleep && h.wakeAt == at {
				w.ask(h)
			}
		}
		if steps%1024 == 0 && ctx.Err() != nil {
			w.failure = ctx.Err()
		}
	}
	return false
}

func (w *world) failf(format string, args ...any) {
	if w.failure == nil {
		w.failure = fmt.Errorf("flood: "+format, args...)
	}
}

// formed says whether all are in one configuration.
func (w *world) formed() bool {
	for _, h := range w.hosts {
		if h.session == nil || len(h.session.Members()) != len(w.hosts) {
			return false
		}
	}
	return true
}

// drained says whether all have delivered everything.
func (w *world) drained() bool {
	var all int64
	for _, h := range w.hosts {
		all += h.accepted
	}
	for _, h := range w.hosts {
		if h.delivered < all {
			return false
		}
	}
	return true
}
