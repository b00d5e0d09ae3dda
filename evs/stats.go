package evs

import (
	"sync"

	"stampede/internal/member"
	"stampede/order"
	"stampede/perf"
	"stampede/sock"
	"stampede/wire"
)

// Stats are counters of a processor since it was opened, of its order since
// the present configuration began.
type Stats struct {
	Sequencer ProcessorID // whose stream is the order; 0 = in no configuration yet
	Loop      LoopStats
	Queues    QueueStats
	Member    member.Counters
	Order     order.Counters
	Sock      sock.Stats // zero when Config.Network has none
}

// LoopStats count what the loop did, and measure it. Times are in ns, and
// between the readings of the clock that passes begin with: there is no other.
type LoopStats struct {
	Passes   uint64
	Waits    uint64
	Verdicts [wire.NumVerdicts]uint64 // datagrams by what the door said of them
	Copied   uint64                   // arrivals whose datagrams are copied if they are kept: small, or memory runs short

	DatagramsPerArrival perf.Histogram // of one message received: 1, or a train
	DatagramsPerReceive perf.Histogram // of a pass that something arrived in
	DatagramsPerTrain   perf.Histogram // sent

	// TurnTime is from the beginning of a pass to that of the next one, the wait
	// between them included. Under load there is next to none.
	TurnTime perf.Histogram
	// PassTime is TurnTime of those passes that the loop did not wait after,
	// since it had more to do: what a pass takes.
	PassTime perf.Histogram
	// Pauses are how much later than it was to the loop came back from a wait,
	// one value for each wait that did not end before its time. Some 50 µs are
	// the kernel's timer, and the pass before the wait is in it; more is time
	// in which the loop was not run.
	Pauses perf.Histogram
}

// QueueStats count what happened at the processor's queue of messages to be
// sent, and at the queues of events of all its handles.
type QueueStats struct {
	Full       uint64 // sends that found the send queue full, each try counted
	Waiting    int    // goroutines that wait for room in it, or in Flush
	Backlog    int    // datagrams in it
	Bytes      int    // of messages in it
	Lent       int    // loans that are out
	Events     int    // runs of messages and other events that wait in handles
	EventBytes int    // of messages in them
	FullEvents int    // handles with as many bytes waiting as they may, or more
}

// published is the loop's latest copy of its counters.
type published struct {
	mu sync.Mutex
	Stats
}

// statsInterval is how old published counters may become, while the loop runs.
const statsInterval = 5_000_000

// publish copies the counters for others to read. The loop calls it.
func (p *Processor) publish(now int64) {
	l := &p.loop
	if now-l.told < statsInterval {
		return
	}
	l.told = now
	queues := p.queues()
	s := &p.stats
	s.mu.Lock()
	s.Queues = queues
	s.Loop = l.counters
	s.Member = l.machine.Counters
	if session := l.machine.Session(); session != nil {
		s.Order, s.Sequencer = session.Counters, session.Sequencer()
	}
	if n, ok := p.net.(interface{ Stats() sock.Stats }); ok {
		s.Sock = n.Stats()
		p.loop.overruns(now, s.Sock.Overruns)
	}
	s.mu.Unlock()
	if n, ok := p.net.(interface{ Degradations() []sock.Degradation }); ok {
		for _, d := range n.Degradations() {
			p.log("degraded", "what", d.What, "cause", d.Cause)
		}
	}
}

// queues looks at the queues.
func (p *Processor) queues() (q QueueStats) {
	o := p.out
	o.mu.Lock()
	q.Full, q.Waiting, q.Lent = o.refused, len(o.waiting)+len(o.flushing), o.lent
	q.Backlog, q.Bytes = o.queue.Backlog(), o.queue.Queued()
	o.mu.Unlock()
	p.mu.Lock()
	for _, h := range p.handles {
		s := h.Stats()
		q.Events += s.Queued
		q.EventBytes += s.Bytes
		if h.full.Load() {
			q.FullEvents++
		}
	}
	p.mu.Unlock()
	return q
}

// Stats returns the counters, not older than a heartbeat.
func (p *Processor) Stats() Stats {
	p.stats.mu.Lock()
	defer p.stats.mu.Unlock()
	return p.stats.Stats
}
