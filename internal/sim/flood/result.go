package flood

import (
	"context"
)

// Result is what a run came to, in the measured time.
type Result struct {
	Run
	Delivered float64 `json:"delivered_per_s"`          // messages, at the host that got least
	Megabytes float64 `json:"mb_per_s"`                 // 10⁶ bytes of payload
	Sent      float64 `json:"datagrams_sent_per_s"`     // by a host, on average
	Received  float64 `json:"datagrams_received_per_s"` // by a host, on average
	AckShare  float64 `json:"ack_share"`                // of the datagrams received, in all
	Train     float64 `json:"datagrams_per_train"`      // received
	CPU       float64 `json:"cpu_share"`                // of a core, of a host on average
	CPUMost   float64 `json:"cpu_share_most"`           // of the host that is busiest
	LinkMost  float64 `json:"link_share_most"`          // of the link that carries most
	Nanos     float64 `json:"cpu_ns_per_delivery"`      // of all hosts, by the deliveries of all
	Overruns  int64   `json:"overruns"`                 // trains that a socket buffer had no room for
	Repairs   int64   `json:"repairs"`                  // datagrams sent again
	Limit     string  `json:"limit"`                    // what is used up: processor, link, or neither: the window

	// Shares of processor time by step: of all hosts, and of the busiest one.
	Shares  map[string]float64 `json:"cpu_by_step"`
	Busiest map[string]float64 `json:"cpu_by_step_most"`
	// BusiestAcks are the acknowledgements that the busiest host gets in a second.
	BusiestAcks float64 `json:"acks_received_per_s_most"`
}

// tally is what is counted from the beginning.
type tally struct {
	delivered, accepted, busy int64
	work                      Work
	sent, got                 traffic
	timed                     [NumSteps]int64
	overruns                  int64
	repairs                   int64
}

func (h *host) tally() tally {
	return tally{h.delivered, h.accepted, h.busy, h.work, h.sent, h.got, h.timed, int64(h.overruns), int64(h.session.Counters.Retransmits)}
}

// Do runs a flood. A run that lost or doubled a message, whose hosts delivered
// in different orders, or that did not end, has an error and no figures.
func Do(ctx context.Context, r Run, c *Costs) (Result, error) {
	if err := r.Check(); err != nil {
		return Result{}, err
	}
	w, before, after, err := play(ctx, r.withDefaults(), c)
	if err != nil {
		return Result{}, err
	}
	return w.result(before, after), nil
}

// play runs a flood and judges it; before and after are each host's tallies at
// the ends of the measured time.
func play(ctx context.Context, r Run, c *Costs) (w *world, before, after []tally, err error) {
	w = newWorld(r, c)
	if !w.advance(ctx, w.now+formation, w.formed) {
		w.failf("%d hosts form no configuration", r.Hosts)
		return w, nil, nil, w.failure
	}
	for _, h := range w.hosts {
		if h.sender {
			w.queue.Add(w.now+w.rng.Int64N(millisecond), event{kind: beginning, host: h})
		}
	}
	w.advance(ctx, w.now+r.Warmup, nil)
	before = w.tallies()
	w.advance(ctx, w.now+r.Measure, nil)
	after = w.tallies()
	w.ended = true
	if !w.advance(ctx, w.now+draining, w.drained) {
		w.failf("not all messages were delivered")
	}
	w.compare()
	return w, before, after, w.failure
}

func (w *world) tallies() []tally {
	var all []tally
	for _, h := range w.hosts {
		all = append(all, h.tally())
	}
	return all
}

// compare sees that all delivered the same in the same order.
func (w *world) compare() {
	first := w.hosts[0]
	for _, h := range w.hosts {
		if h.delivered != first.delivered || h.chain != first.chain {
			w.failf("hosts %d and %d delivered in different orders", first.id, h.id)
		}
		if len(h.session.Members()) != len(w.hosts) {
			w.failf("host %d has left the configuration", h.id)
		}
	}
}

func (w *world) result(before, after []tally) Result {
	r := Result{Run: w.run}
	seconds, n := float64(w.run.Measure)/1e9, float64(len(w.hosts))
	least := int64(never)
	var deliveries, busy int64
	var work Work
	var got, sent, acks int64
	for i := range after {
		a, b := &after[i], &before[i]
		least = min(least, a.delivered-b.delivered)
		deliveries += a.delivered - b.delivered
		busy += a.busy - b.busy
		done := since(&a.work, &b.work)
		work.add(done)
		if share := float64(a.busy-b.busy) / float64(w.run.Measure); share > r.CPUMost {
			r.CPUMost, r.Busiest = share, w.costs.shares(done)
			r.BusiestAcks = float64(a.got.acks-b.got.acks) / seconds
		}
		got += a.got.datagrams - b.got.datagrams
		acks += a.got.acks - b.got.acks
		sent += a.sent.datagrams - b.sent.datagrams
		r.Overruns += a.overruns - b.overruns
		r.Repairs += a.repairs - b.repairs
		r.LinkMost = max(r.LinkMost, w.linkShare(a, b))
	}
	r.Delivered = float64(least) / seconds
	r.Megabytes = r.Delivered * float64(w.run.Size) / 1e6
	r.Sent, r.Received = float64(sent)/n/seconds, float64(got)/n/seconds
	r.CPU = float64(busy) / n / float64(w.run.Measure)
	r.AckShare = ratio(acks, got)
	r.Train = ratio(got, work[Receive].Count)
	r.Nanos = ratio(busy, deliveries)
	r.Shares = w.costs.shares(&work)
	r.Limit = w.limit(&r)
	return r
}

func ratio(a, b int64) float64 { return float64(a) / float64(max(b, 1)) }

// linkShare is how much of its link, in the direction that is fuller, a host used.
func (w *world) linkShare(a, b *tally) float64 {
	if w.run.Link == 0 {
		return 0
	}
	bits := func(bytes, datagrams int64) float64 { return 8 * float64(bytes+datagrams*(headers+frame)) }
	in := bits(a.work[Receive].Bytes-b.work[Receive].Bytes, a.got.datagrams-b.got.datagrams)
	out := bits(a.work[Send].Bytes-b.work[Send].Bytes, a.sent.datagrams-b.sent.datagrams)
	return max(in, out) / (w.run.Link * float64(w.run.Measure) / 1e9)
}

// limit names what is used up.
func (w *world) limit(r *Result) string {
	const full = 0.97
	busiest := r.CPUMost
	if w.run.Shared > 0 {
		busiest = r.CPU * float64(len(w.hosts)) / float64(w.run.Shared)
	}
	switch {
	case r.LinkMost >= full:
		return "link"
	case busiest >= full:
		return "processor"
	}
	return "window"
}
