package sim

import (
	"fmt"
	"math/bits"
	"time"

	"stampede/internal/trace"
)

// settle ends all faults, and waits until everybody is together and has
// everything that was promised. It then looks on for a while: nothing may
// happen any more.
func (w *world) settle() {
	w.settled = true
	w.log("all faults end")
	w.net.heal()
	w.whens = nil
	w.lift(func(*rule) bool { return true })
	for _, n := range w.nodes {
		n.buffer, n.dying = n.set.bufferSize(len(w.nodes)), -1
		n.app.pace = prompt
		w.resume(n)
		w.rouse(n)
	}
	healed, before := w.now, w.changesByNode()
	w.bound = int64(w.convergence() + w.draining())
	// What the faults have already set off comes to its end first: a suspicion
	// of the last moment, a gathering that it leads to.
	w.advance(w.now + int64(w.aftermath()))
	look := int64(w.longest(func(s *settings) time.Duration { return s.heartbeat })/4) + 1
	for w.failure == nil {
		missing := w.missing()
		if missing == nil {
			break
		}
		if w.now-healed > w.bound {
			w.failure = missing
			w.failure.At = time.Duration(w.now - origin)
			w.failure.Text += fmt.Sprintf(", %v after all faults ended", time.Duration(w.now-healed))
			return
		}
		w.advance(w.now + look)
	}
	w.meet = w.now - healed
	w.lookOn(before)
}

// lookOn waits for two intervals of the failure detection and of the beacons,
// in which no configuration may begin.
func (w *world) lookOn(before []int) {
	changes := w.changes
	quiet := 2*w.longest(func(s *settings) time.Duration { return s.detect }) + 2*w.longest(func(s *settings) time.Duration { return s.beacon })
	w.advance(w.now + int64(quiet))
	if w.failure != nil {
		return
	}
	if w.changes != changes {
		w.failf("unrest", "a configuration begins though nothing happens and all are together")
	}
	most := 4 + 2*bits.Len(uint(len(w.nodes)))
	for i, n := range w.changesByNode() {
		if n -= before[i]; n > most {
			w.failf("unrest", "%v enters %d configurations after all faults ended, more than %d", w.nodes[i], n, most)
		}
	}
}

func (w *world) changesByNode() []int {
	out := make([]int, len(w.nodes))
	for i, n := range w.nodes {
		out[i] = n.changes
	}
	return out
}

// longest is the greatest of all processors' values of an interval.
func (w *world) longest(of func(*settings) time.Duration) (d time.Duration) {
	for _, n := range w.nodes {
		d = max(d, of(&n.set))
	}
	return d
}

// convergence is within what time all are together when the network is
// perfect; the package documentation explains it.
func (w *world) convergence() time.Duration {
	detect := w.longest(func(s *settings) time.Duration { return s.detect })
	beacon := w.longest(func(s *settings) time.Duration { return s.beacon })
	join := w.longest(func(s *settings) time.Duration { return s.join })
	delay := w.net.quality.delay + w.net.quality.jitter
	n := time.Duration(len(w.nodes))
	return w.aftermath() + 3*detect + 5*beacon + 40*join + 40*delay + n*(join+2*time.Millisecond)
}

// aftermath is how long a change may still begin because of a fault: a silence
// is noticed, what others told of who is gone is forgotten, and a gathering
// comes to its end.
func (w *world) aftermath() time.Duration {
	detect := w.longest(func(s *settings) time.Duration { return s.detect })
	beacon := w.longest(func(s *settings) time.Duration { return s.beacon })
	join := w.longest(func(s *settings) time.Duration { return s.join })
	return 5*detect/2 + 3*beacon + 10*join
}

// draining is within what time everything that waits is delivered then: no
// datagram waits longer than for an acknowledgement of the one before.
func (w *world) draining() time.Duration {
	heartbeat := w.longest(func(s *settings) time.Duration { return s.heartbeat })
	delay := w.net.quality.delay + w.net.quality.jitter
	datagrams := 0
	for _, n := range w.nodes {
		if !n.up {
			continue
		}
		room := int(n.set.datagram) / 2
		datagrams += n.queue.Backlog() + int(n.set.history)
		for i := range n.wanted {
			datagrams += 1 + n.wanted[i].size/room
		}
	}
	return time.Duration(datagrams) * (heartbeat + 4*delay)
}

// missing is what is not yet as it must become, or nil.
func (w *world) missing() *Failure {
	if !w.together(w.script.Processors) {
		return &Failure{Class: "together", Text: "not all are in one configuration: " + w.whereabouts()}
	}
	for _, n := range w.nodes {
		if !n.up || w.waits(n) {
			continue
		}
		if f := n.missing(); f != nil {
			return f
		}
	}
	return nil
}

func (w *world) whereabouts() (s string) {
	for _, n := range w.nodes {
		switch {
		case !n.up:
			s += fmt.Sprintf("%d is down; ", n.id)
		case n.config == nil:
			s += fmt.Sprintf("%d is in none; ", n.id)
		default:
			s += fmt.Sprintf("%d is in %v%s; ", n.id, n.config.ID, braces(n.config.Members))
		}
	}
	return s[:max(len(s)-2, 0)]
}

func (n *node) missing() *Failure {
	short := func(class, format string, args ...any) *Failure {
		return &Failure{Class: class, Text: fmt.Sprintf("%v ", n) + fmt.Sprintf(format, args...)}
	}
	waits := n.queue.Backlog()
	a := &n.arenas
	switch {
	case n.leaving:
		return short("leave", "has not left")
	case len(n.wanted) > 0 || waits > 0:
		return short("sending", "has %d messages and %d datagrams left to send", len(n.wanted), waits)
	case n.record.back < uint64(len(n.record.sent)):
		return short("delivery", "has delivered %d of its %d messages", n.record.back, len(n.record.sent))
	case n.app.head < len(n.app.items):
		return short("delivery", "has %d deliveries that its application did not take", len(n.app.items)-n.app.head)
	case a.arrivals.Len()-a.arrivals.Free() > 1:
		return short("memory", "keeps %d chunks of arrivals", a.arrivals.Len()-a.arrivals.Free())
	case a.control.Len()-a.control.Free() > 1:
		return short("memory", "keeps %d chunks of control datagrams", a.control.Len()-a.control.Free())
	case a.ring != nil && a.ring.Len()-a.ring.Free() > 1:
		return short("memory", "keeps %d chunks of the receive ring", a.ring.Len()-a.ring.Free())
	case a.pool.Free() != a.free:
		return short("memory", "keeps %d bytes of the reassembly pool", a.free-a.pool.Free())
	case len(n.queue.lent) > 0:
		return short("memory", "keeps %d loans", len(n.queue.lent))
	case n.queue.used() > 1:
		return short("memory", "keeps %d chunks of the send queue", n.queue.used())
	}
	return nil
}

// inspect holds a machine to what is true after every step.
func (w *world) inspect(n *node) {
	if n.queue.bad {
		w.failf("loan", "%v: lent memory changed, or came back twice", n)
	}
	s := n.machine.Session()
	if s == nil {
		return
	}
	if n.session != s {
		n.parted, n.session, n.handOffsHere = n.session, s, 0
	}
	n.handOffs += s.Counters.HandOffs - n.handOffsHere
	n.handOffsHere = s.Counters.HandOffs
	if c := &s.Counters; c.Invalid+c.Undecodable > 0 {
		w.failf("invalid", "%v finds datagrams of honest senders impossible: %d, undecodable: %d", n, c.Invalid, c.Undecodable)
	}
	// The last deliveries of a configuration may come while the next one runs.
	// In them a batch may lack its group set, which nobody holds who is left.
	if p := n.parted; p != nil && p.Counters.Undecodable > 0 {
		w.failf("invalid", "%v cannot decode %d messages of honest senders", n, p.Counters.Undecodable)
	}
}

// judge asks the checker.
func (w *world) judge() {
	for _, n := range w.nodes {
		if n.up && w.failure == nil {
			w.settleIdentity(n)
			if w.settled && !w.waits(n) {
				if err := w.checker.Settle(trace.Processor{ID: uint32(n.who.ID), Incarnation: n.who.Incarnation}); err != nil {
					w.failf("trace", "%v", err)
				}
			}
		}
	}
	if w.failure != nil {
		return
	}
	if vs := w.checker.Finish(); len(vs) > 0 {
		w.failf(vs[0].Rule.String(), "%s", vs[0].String())
	}
}
