package sim

import (
	"cmp"
	"fmt"
	"net/netip"
	"time"

	"stampede/batch"
	"stampede/internal/member"
	"stampede/internal/trace"
	"stampede/order"
	"stampede/wire"
)

// node is a processor: the machine, and around it what package evs has: a
// loop, a queue of what is to be sent, applications, a clock and a socket.
type node struct {
	i       int
	id      wire.ProcessorID
	address netip.AddrPort
	set     settings
	clock   clock
	drift   int64 // the clock's rate changes by up to so many parts per million
	cost    int64 // ns that a pass takes
	buffer  int   // datagrams that wait for a pass; more are lost
	memory  memory

	life    int    // 0 = it never ran
	given   uint64 // the incarnation of its next life; 0 = by its clock
	up      bool
	paused  bool
	leaving bool
	since   int64 // when it began to leave
	dying   int   // it crashes at its next burst, so many datagrams of which leave; -1 = it does not
	later   bool  // rather at the burst in which more than that would have left in all
	machine *member.Machine
	queue   *queue
	arenas  arenas
	ring    *batch.Slab
	door    wire.Door
	out     batch.Burst
	inbox   []parcel
	scratch []byte
	app     app
	wanted  []message // messages that wait for room in the queue

	passAt   int64 // when the next pass is due
	idle     int64 // how many passes in a row were due at once and did nothing
	overruns uint64
	before   uint64 // overruns before this configuration

	who      wire.Member    // as the trace knows it
	known    bool           // its identity is settled, and its start recorded
	early    []trace.Event  // what was before that
	record   *life          // of what it sent
	config   *member.Change // the last regular one
	changed  *member.Change // the transitional one that it is in
	peers    []netip.AddrPort
	seen     observed
	log      []entry
	changes  int // regular configurations that it entered, in all its lives
	cover    nodeCover
	answered answered

	session, parted        *order.Session // the present configuration's, and the one before it
	handOffs, handOffsHere uint64         // of the order, in this life and in that configuration
}

func (n *node) String() string { return fmt.Sprint("processor ", n.id) }

// life is what one life of a processor accepted, by number.
type life struct {
	who  wire.Member
	node *node
	salt uint64 // of its payloads
	sent []message
	back uint64 // own messages that it delivered
}

// memory is what a node's arenas divide; its lives use it one after the other.
type memory struct{ arrivals, control, ring, pool, queue []byte }

// arenas are watched for leaks.
type arenas struct {
	arrivals, control, ring *batch.Arena
	pool                    *batch.Pool
	free                    int // bytes of the pool when nothing is in use
}

func addressOf(id wire.ProcessorID) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, byte(id >> 16), byte(id >> 8), byte(id)}), 7000)
}

// largestJoined is the size of a block of the pool.
func (s *settings) largestJoined() int {
	least := int(s.message) + 1<<10
	if s.compress != wire.CodecNone {
		least = max(least, wire.MaxBatchBytes)
	}
	n := 1 << 10
	for n < least {
		n *= 2
	}
	return n
}

func (n *node) packing() batch.PackerConfig {
	s := &n.set
	return batch.PackerConfig{
		Datagram: int(s.datagram), MaxMessage: int(s.message), QueueBytes: int(s.queue), Compress: s.compress,
		LendFrom: 1, // messages are far shorter here than those that are worth it
	}
}

// equip gives a node its memory.
func (w *world) equip(n *node) {
	s, chunk, all := &n.set, batch.ChunkBytes, len(w.nodes)
	history := int(s.history * s.datagram) // of all senders together
	n.memory = memory{
		arrivals: w.bank.get(2*history + int(cmp.Or(s.spare, int64(8+4*all)))*chunk),
		control:  w.bank.get(2*int(s.history)*128 + (8+2*all)*chunk),
		ring:     w.bank.get(8 * chunk),
		pool:     w.bank.get(int(s.pool) * all * s.largestJoined()),
		queue:    w.bank.get(batch.QueueMemory(n.packing()) + 2*history + 16*chunk),
	}
}

// start begins a life.
func (w *world) start(n *node) {
	if n.up {
		return
	}
	s := &n.set
	n.life++
	n.up, n.paused, n.leaving, n.dying = true, false, false, -1
	n.known, n.early, n.config, n.changed = false, n.early[:0], nil, nil
	n.inbox, n.wanted = n.inbox[:0], n.wanted[:0]
	n.overruns, n.before, n.passAt, n.idle = 0, 0, never, 0
	n.who = wire.Member{ID: n.id, Incarnation: cmp.Or(n.given, max(n.who.Incarnation+1, uint64(n.clock.at(w.now)/1000)))}
	n.given = 0
	n.record = &life{who: n.who, node: n, salt: uint64(n.id)<<32 | uint64(n.life)}
	n.app = app{pace: n.app.pace, each: n.app.each}
	n.peers = nil
	n.seen, n.cover, n.handOffs, n.session, n.parted = observed{}, nodeCover{}, 0, nil, nil
	n.answered = answered{}
	n.door = wire.Door{Cluster: cluster}
	n.ring = nil
	a := &n.arenas
	a.arrivals, a.control = batch.NewArena(n.memory.arrivals), batch.NewArena(n.memory.control)
	if s.ring {
		a.ring = batch.NewArena(n.memory.ring)
		n.ring = batch.NewSlab(a.ring)
	}
	a.pool = batch.NewPool(n.memory.pool, s.largestJoined())
	a.free = a.pool.Free()
	var err error
	if n.queue, err = newQueue(n.packing(), n.memory.queue); err != nil {
		w.failf("queue", "%v", err)
		return
	}
	n.machine = member.New(w.memberConfig(n), &order.Memory{
		Arrivals: batch.NewSlab(a.arrivals), Control: batch.NewSlab(a.control), Pool: a.pool, Decoder: new(wire.Decoder),
	}, n.clock.at(w.now))
	w.cover.Lives++
	w.log("%v starts, life %d", n, n.life)
	w.wake(n, w.now)
	if n.drift > 0 {
		w.queue.Add(w.now+driftEvery, event{what: drifting, node: n, life: n.life})
	}
}

// inlineKeys is the room that the groups of a message may take beside it.
const inlineKeys = 8 * wire.GroupBytes

// cluster is the number of the world's cluster.
const cluster = 3

func (w *world) memberConfig(n *node) member.Config {
	s := &n.set
	c := member.Config{
		Self: n.who, Cluster: cluster, Unicast: s.unicast,
		Datagram: int(s.datagram), MaxMessage: uint32(s.message) + inlineKeys, Window: uint32(s.window), History: uint32(s.history),
		Addresses: []netip.AddrPort{n.address}, Fixed: s.fixed,
		Detect: int64(s.detect), JoinInterval: int64(s.join), Beacon: int64(s.beacon),
		Timers: order.Timers{
			Grace: int64(s.grace), Retry: int64(s.retry), Ack: int64(s.ack),
			Heartbeat: int64(s.heartbeat), RoundTrip: int64(s.roundtrip),
		},
	}
	for _, o := range w.nodes {
		if s.listed {
			c.Start = append(c.Start, o.id)
		}
		if s.unicast && o != n {
			c.Seeds = append(c.Seeds, o.address)
		}
	}
	return c
}

// end ends a life, without a word to anybody.
func (w *world) end(n *node) {
	if !n.up {
		return
	}
	w.settleIdentity(n)
	w.cover.life(n)
	n.up, n.paused, n.passAt = false, false, never
	n.machine, n.queue = nil, nil
	clear(n.inbox)
	n.inbox = n.inbox[:0]
	n.app.items, n.app.head = nil, 0
}

func (w *world) crash(n *node) {
	if n.up {
		w.cover.crash(n)
		w.log("%v crashes", n)
		s := n.machine.Session()
		partial := s != nil && (n.config == nil || s.Tag() != n.config.ID.Tag())
		w.end(n)
		if partial {
			w.checker.Partial(trace.Processor{ID: uint32(n.who.ID), Incarnation: n.who.Incarnation})
		}
	}
}

// wake sees to a pass at a time.
func (w *world) wake(n *node, at int64) {
	if at = max(at, w.now); n.up && !n.paused && at < n.passAt {
		n.passAt = at
		w.queue.Add(at, event{what: pass, node: n, life: n.life})
	}
}

// arrived puts a datagram into a processor's buffer.
func (w *world) arrived(n *node, p parcel) {
	switch {
	case !n.up || p.late && w.settled:
	case len(n.inbox) >= n.buffer:
		n.overruns++
		w.cover.Overruns++
	default:
		n.inbox = append(n.inbox, p)
		w.wake(n, w.now+n.cost)
	}
}

// pass is one turn of a processor's loop, in the order of package evs.
func (w *world) pass(n *node) {
	n.passAt = never
	local := n.clock.at(w.now)
	busy := len(n.inbox) > 0
	w.take(n)
	if s := n.machine.Session(); s != nil {
		s.Overruns(local, n.overruns-n.before)
	}
	n.machine.Consumed(n.app.consumed)
	told := n.app.consumed
	n.out.Reset()
	n.machine.Step(local, n.queue, &n.out)
	busy = busy || len(n.out.Trains) > 0
	leaving := n.leavingNow()
	if n.dying >= 0 && leaving > 0 && (leaving > n.dying || !n.later) {
		w.transmit(n, n.dying)
		w.drain(n) // its applications did not see it, but it was so: others may have heard of it
		w.crash(n)
		return
	}
	if n.dying >= 0 {
		n.dying -= leaving
	}
	w.transmit(n, leaving)
	busy = w.drain(n) || busy
	n.spoil()
	n.queue.release(n.machine.Returned())
	w.problems(n)
	w.inspect(n)
	w.accept(n)
	if n.leaving && n.machine.Left() {
		w.leave(n)
		return
	}
	n.app.short = n.machine.Cramped() || len(n.queue.lent) > 0
	w.again(n, local, busy, told)
}

// leavingNow is how many datagrams are in the burst.
func (n *node) leavingNow() (count int) {
	for i := range n.out.Trains {
		count += n.out.Trains[i].Count
	}
	return count
}

// again sees to the pass after a pass.
func (w *world) again(n *node, local int64, busy bool, told uint64) {
	if busy {
		n.idle = 0
	}
	if len(n.inbox) > 0 || n.app.short && n.app.consumed > told {
		w.wake(n, w.now+n.cost)
	}
	due := n.machine.Deadline()
	if due > local {
		w.wake(n, max(n.clock.when(due), w.now+n.cost))
		return
	}
	if n.idle++; n.idle > 10_000 {
		w.failf("spinning", "%v wants a step at once for ever: deadline %d, now %d", n, due, local)
	}
	w.wake(n, w.now+n.cost)
}

// problems that stop a processor do not come up where nobody makes mistakes.
func (w *world) problems(n *node) {
	for _, p := range n.machine.Problems() {
		if !p.Fatal {
			w.log("%v tells: processor %d at %v: %s", n, p.ID, p.Address, p.What)
			continue
		}
		w.failf("problem", "%v has a problem with processor %d at %v: %s", n, p.ID, p.Address, p.What)
	}
}

// leave ends a life as planned.
func (w *world) leave(n *node) {
	w.settleIdentity(n)
	if w.now-n.since >= int64(leaveLimit) {
		w.hurry(n)
	}
	w.trace(n, trace.Event{Kind: trace.Leave})
	w.log("%v has left", n)
	w.cover.Leaves++
	w.end(n)
}

// leaveLimit is more than a leaver waits for its own application, by its own
// clock.
const leaveLimit = 1500 * time.Millisecond

// hurry lets the application of a leaver that has waited for too long take
// everything that there is.
func (w *world) hurry(n *node) {
	for more := true; more && w.failure == nil; {
		n.app.consumed += uint64(len(n.app.items) - n.app.head)
		n.app.items, n.app.head = n.app.items[:0], 0
		n.machine.Consumed(n.app.consumed)
		more = w.drain(n)
	}
}

// accept hands messages that wait to the queue, as far as it has room.
func (w *world) accept(n *node) {
	for len(n.wanted) > 0 && !n.leaving {
		m := n.wanted[0]
		number := uint64(len(n.record.sent)) + 1
		w.payload = appendPayload(w.payload[:0], n.record.salt, number, m.size)
		set := &groupSets[m.set]
		got, err := n.hand(&batch.Message{Guarantee: m.guarantee, Origin: uint16(n.i), Keys: set.keys}, w.payload, m.lent)
		if err == batch.ErrFull {
			return
		}
		if err != nil || got != number {
			w.failf("number", "%v accepts message %d as %d: %v", n, number, got, err)
			return
		}
		n.wanted = n.wanted[1:]
		n.record.sent = append(n.record.sent, m)
		w.cover.Messages++
		w.trace(n, trace.Event{
			Kind: trace.Send, Message: trace.Message{Number: number},
			Guarantee: trace.Guarantee(m.guarantee), Groups: set.names,
		})
		if n.queue.armed {
			n.queue.armed = false
			w.wake(n, w.now+n.cost)
		}
	}
}

// hand gives one message to the queue.
func (n *node) hand(m *batch.Message, b []byte, lent bool) (uint64, error) {
	if lent {
		return n.queue.lend(m, b)
	}
	return n.queue.Append(m, [][]byte{b})
}
