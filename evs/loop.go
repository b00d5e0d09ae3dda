package evs

import (
	"errors"
	"fmt"
	"net/netip"
	"time"

	"stampede/batch"
	"stampede/internal/member"
	"stampede/order"
	"stampede/wire"
)

// loop is the one goroutine that owns sockets and protocol. A pass takes in
// what has arrived, lets the protocol step, sends, and only then hands to the
// applications what became deliverable.
type loop struct {
	machine  *member.Machine
	door     wire.Door
	arrivals []batch.Arrival
	burst    batch.Burst
	header   wire.Header
	loans    []*batch.Loan
	emitted  uint64 // deliveries that the machine has made, over all configurations
	consumed uint64 // of them those that it knows to be given back
	told     int64  // when the statistics were last published
	waiting  int    // goroutines that wait
	leaving  bool   // the machine was told to leave
	fatal    error  // why this processor cannot go on
	counters LoopStats

	began int64 // when this pass began
	until int64 // when the wait before it was to end, 0 = there was none

	session  *order.Session // of the present configuration, as last seen
	overran  uint64         // overruns so far
	overran0 uint64         // overruns before this configuration
}

// arrivalsPerPass is how many messages one pass takes in at most: a pass is
// what a deadline, or an application on the loop's goroutine, may have to wait.
const arrivalsPerPass = 64

func (l *loop) init(p *Processor, mc member.Config) (err error) {
	l.door = wire.Door{Cluster: mc.Cluster, NoCheck: mc.NoCheck}
	l.machine = member.New(mc, &p.mem.Memory, p.now())
	l.arrivals = make([]batch.Arrival, arrivalsPerPass)
	l.burst.MaxSegments, l.burst.MaxBytes = p.facts.MaxSegments, p.facts.MaxTrainBytes
	p.out, err = newOutbox(p.cfg.queue(mc.Datagram), p.mem.send)
	return err
}

// now is the loop's clock in ns.
func (p *Processor) now() int64 { return int64(time.Since(p.start)) + 1 }

// run is the loop.
func (p *Processor) run() {
	unpin, err := pin(p.cfg.CPUs)
	if err == nil {
		err = p.loopUntilClosed()
		unpin()
	}
	p.fail(err)
	p.shut()
}

func (p *Processor) loopUntilClosed() error {
	for !p.closing.Load() {
		now := p.now()
		p.loop.clocked(now)
		n, err := p.pass(now)
		if err != nil {
			return err
		}
		if n == len(p.loop.arrivals) || p.short.Load() && p.consumed() > p.loop.consumed {
			continue // there may be more; or there is memory to give back
		}
		if err := p.sleep(now); err != nil {
			return err
		}
	}
	return nil
}

// clocked takes the one reading of the clock that a pass makes.
func (l *loop) clocked(now int64) {
	c := &l.counters
	if l.began != 0 {
		c.TurnTime.Record(now - l.began)
		switch {
		case l.until == 0:
			c.PassTime.Record(now - l.began)
		case now > l.until:
			c.Pauses.Record(now - l.until)
		}
	}
	l.began, l.until = now, 0
}

// sleep waits for an arrival, a sender or the next deadline.
func (p *Processor) sleep(now int64) error {
	d := p.loop.machine.Deadline()
	if p.loop.waiting > 0 {
		d = min(d, now+patience)
	}
	p.loop.counters.Waits++
	if d <= now {
		return p.net.Wait(0)
	}
	d = min(d, now+int64(time.Second))
	p.loop.until = d
	return p.net.Wait(time.Duration(d - now))
}

// overruns tells the order what the kernel dropped since the configuration began.
func (l *loop) overruns(now int64, total uint64) {
	l.overran = total
	if l.session != nil {
		l.session.Overruns(now, total-l.overran0)
	} else {
		l.overran0 = total
	}
}

// begun says whether a configuration has begun since it was last asked.
func (l *loop) begun() bool {
	s := l.machine.Session()
	if s == l.session {
		return false
	}
	l.session, l.overran0 = s, l.overran
	return true
}

// fail ends the processor for a reason that is not the application's.
func (p *Processor) fail(err error) {
	if err == nil || errors.Is(err, ErrClosed) && p.closing.Load() {
		return
	}
	p.log("failed", "error", err)
	p.mu.Lock()
	if p.problem == nil {
		p.problem = err
		close(p.failed)
	}
	p.mu.Unlock()
}

// pass does one round and returns the number of arrivals.
func (p *Processor) pass(now int64) (int, error) {
	l := &p.loop
	l.counters.Passes++
	n, err := p.net.Receive(l.arrivals)
	if err != nil {
		return 0, err
	}
	datagrams := int64(0)
	for i := range l.arrivals[:n] {
		datagrams += p.judge(now, &l.arrivals[i])
	}
	if n > 0 {
		l.counters.DatagramsPerReceive.Record(datagrams)
	}
	l.consumed = p.consumed()
	l.machine.Consumed(l.consumed)
	p.beginLeaving(now)
	l.burst.Reset()
	l.machine.Step(now, p.out, &l.burst)
	if l.begun() {
		p.provide(len(l.session.Members()))
		if !p.cfg.Multicast.IsValid() {
			p.net.SetPeers(l.machine.Peers())
		}
	}
	for i := range l.burst.Trains {
		l.counters.DatagramsPerTrain.Record(int64(l.burst.Trains[i].Count))
	}
	if len(l.burst.Trains) > 0 {
		if err := p.net.Send(&l.burst); err != nil {
			return 0, err
		}
	}
	p.distribute()
	p.serve()
	p.collect(now)
	p.publish(now)
	return n, l.fatal
}

// judge passes an arrival's datagrams through the door, to the protocol, and
// returns how many they are.
func (p *Processor) judge(now int64, a *batch.Arrival) (datagrams int64) {
	l := &p.loop
	chunk := a.Chunk
	if !keepable(a) {
		chunk = nil
		l.counters.Copied++
	}
	for rest := a.Bytes; len(rest) > 0; datagrams++ {
		var b []byte
		b, rest = a.Next(rest)
		v := l.door.Check(b, &l.header)
		l.counters.Verdicts[v]++
		if v == wire.OK {
			l.machine.Receive(now, &l.header, b, a.From, chunk)
		}
	}
	l.counters.DatagramsPerArrival.Record(datagrams)
	return datagrams
}

// distribute hands what became deliverable to the handles, configurations and
// messages in their order.
func (p *Processor) distribute() {
	l := &p.loop
	p.mu.Lock()
	for {
		change, deliveries := l.machine.Next()
		if change != nil {
			p.enter(change)
			continue
		}
		if len(deliveries) == 0 {
			break
		}
		p.offer(deliveries)
	}
	for _, h := range p.handles {
		h.handOver()
	}
	p.mu.Unlock()
	if problems := l.machine.Problems(); problems != nil {
		p.report(problems)
	}
}

// offer shows deliveries to every handle.
func (p *Processor) offer(deliveries []order.Delivery) {
	l := &p.loop
	for i := range deliveries {
		l.emitted++
		for _, h := range p.handles {
			h.offer(&deliveries[i], p.view, l.emitted)
		}
	}
}

// enter passes a configuration event to every handle. Deliveries behind a
// transitional one are still of the configuration before it.
func (p *Processor) enter(c *member.Change) {
	e := &ConfigChange{Kind: Regular, ID: c.ID, From: c.From, Members: c.Members, Left: c.Left, Joined: c.Joined}
	if c.Transitional {
		e.Kind = Transitional
		p.transition = e
	} else {
		p.begin(e, c.Peers)
	}
	for _, h := range p.handles {
		h.note(e)
	}
	p.log("configuration", "kind", e.Kind.String(), "id", c.ID.String(), "from", c.From.String(), "members", len(c.Members),
		"left", memberIDs(c.Left), "joined", memberIDs(c.Joined))
}

// begin makes a regular configuration the present one, with the addresses of the
// others.
func (p *Processor) begin(e *ConfigChange, others []netip.AddrPort) {
	p.current, p.transition = e, nil
	p.addresses = p.addresses[:0]
	for _, m := range e.Members {
		at := p.facts.Local
		if m.ID != p.cfg.ID {
			at, others = others[0], others[1:]
		}
		p.addresses = append(p.addresses, at)
	}
	p.view = &view{members: e.Members}
	select {
	case <-p.formed:
	default:
		p.self = p.loop.machine.Self()
		close(p.formed)
	}
}

func memberIDs(members []Member) []ProcessorID {
	ids := make([]ProcessorID, len(members))
	for i, m := range members {
		ids[i] = m.ID
	}
	return ids
}

// serve runs the applications that live on the loop's goroutine.
func (p *Processor) serve() {
	p.mu.Lock()
	handles := p.handles
	p.mu.Unlock()
	for _, h := range handles {
		if h.server.Load() != nil {
			p.serving.Lock()
			h.serve()
			p.serving.Unlock()
		}
	}
}

// collect gives back what applications are done with and wakes who waits.
func (p *Processor) collect(now int64) {
	l := &p.loop
	m := l.machine
	p.short.Store(p.out.lending() || m.Cramped())
	var more bool
	l.loans, more = p.out.release(m.Returned(), l.loans[:0])
	if len(l.loans) > 0 {
		p.released(l.loans)
	}
	if more {
		p.net.Wake() // for the next pass, which can send again
	}
	l.waiting = p.out.wakeWaiting(now, m.Ordered(), p.heldUp())
	if l.session == nil {
		p.awaitOthers()
	}
	p.endLeaving()
}

// heldUp says whether what is to be sent, or to be ordered, may be waiting for
// applications of this processor: they fill the history, or have not come to
// the present configuration yet.
func (p *Processor) heldUp() bool {
	s := p.loop.session
	return s != nil && (s.HeldUp() || p.current == nil || p.current.ID.Tag() != s.Tag())
}

// beginLeaving passes the application's wish on.
func (p *Processor) beginLeaving(now int64) {
	if l := &p.loop; !l.leaving && p.leaving.Load() {
		l.leaving = true
		l.machine.Leave(now)
	}
}

// endLeaving tells the application that the others were told.
func (p *Processor) endLeaving() {
	l := &p.loop
	if !l.leaving || !l.machine.Left() {
		return
	}
	select {
	case <-p.left:
		return
	default:
	}
	if s := l.session; s != nil && len(s.Members()) > 1 && (!s.Calm() || p.out.Backlog() > 0) {
		p.unsettled = true
	}
	close(p.left)
}

// consumed is the number of deliveries that every handle has given back.
func (p *Processor) consumed() uint64 {
	n := p.loop.emitted
	p.mu.Lock()
	for _, h := range p.handles {
		if done := h.done.Load(); done < h.last {
			n = min(n, done)
		}
	}
	p.mu.Unlock()
	return n
}

// released tells handles that their loans are over.
func (p *Processor) released(loans []*batch.Loan) {
	p.mu.Lock()
	for _, loan := range loans {
		for _, h := range p.handles {
			if uint32(h.origin) == loan.Handle {
				h.push(item{released: loan.Number})
				h.flush()
			}
		}
	}
	p.mu.Unlock()
	p.out.mu.Lock()
	p.out.loans = append(p.out.loans, loans...)
	p.out.lent -= len(loans)
	p.out.mu.Unlock()
}

// awaitOthers notes whom the first configuration is waiting for.
func (p *Processor) awaitOthers() {
	missing := p.loop.machine.Missing()
	p.missing.Store(&missing)
}

// report tells an operator; what is fatal ends the loop.
func (p *Processor) report(problems []member.Problem) {
	for _, pr := range problems {
		p.log("problem", "processor", pr.ID, "address", pr.Address, "what", pr.What)
		if pr.Fatal && p.loop.fatal == nil {
			p.loop.fatal = fmt.Errorf("%w: %s", ErrDoubleID, pr.What) // there is no other problem of that kind
		}
	}
}
