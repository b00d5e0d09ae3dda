package evs

import (
	"sync"

	"stampede/internal/member"
	"stampede/order"
	"stampede/sock"
)

// Stats are counters of a processor since it was opened, of its order since
// the present configuration began.
type Stats struct {
	Loop   LoopStats
	Member member.Counters
	Order  order.Counters
	Sock   sock.Stats // zero when Config.Network has none
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
	s := &p.stats
	s.mu.Lock()
	s.Loop = l.counters
	s.Member = l.machine.Counters
	if session := l.machine.Session(); session != nil {
		s.Order = session.Counters
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

// Stats returns the counters, not older than a heartbeat.
func (p *Processor) Stats() Stats {
	p.stats.mu.Lock()
	defer p.stats.mu.Unlock()
	return p.stats.Stats
}
