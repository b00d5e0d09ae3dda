package console

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"stampede/evs"
)

// LeastPing is how many bytes a ping has at least.
const LeastPing = 8

// Pinger measures round trips: a message to a group of its own goes out, takes
// its place in the order of the whole cluster, and is delivered here again. The
// way to the daemon and back is in it.
type Pinger struct {
	h       *evs.Handle
	payload []byte
	number  uint64
	events  []evs.Event
}

// NewPinger returns a Pinger with messages of size bytes, at least LeastPing. It
// takes the handle for itself.
func NewPinger(h *evs.Handle, size int) (*Pinger, error) {
	own, err := evs.GroupOf(fmt.Sprintf("ping %d %d", h.Self().ID, h.Origin()))
	if err == nil {
		err = h.Join(own)
	}
	return &Pinger{h: h, payload: make([]byte, max(size, LeastPing)), events: make([]evs.Event, 16)}, err
}

// Ping sends one message and waits until it is delivered, or ctx ends. One
// that comes later than that is not taken for another.
func (p *Pinger) Ping(ctx context.Context, g evs.Guarantee) (time.Duration, error) {
	p.number++
	binary.LittleEndian.PutUint64(p.payload, p.number)
	begin := time.Now()
	if _, err := p.h.McastJoined(ctx, g, p.payload); err != nil {
		return 0, err
	}
	for {
		n, err := p.h.Receive(ctx, p.events)
		if err != nil {
			return 0, err
		}
		took := time.Since(begin)
		for i := range p.events[:n] {
			if p.is(&p.events[i]) {
				return took, nil
			}
		}
	}
}

// is says whether e is the ping that is on its way.
func (p *Pinger) is(e *evs.Event) bool {
	return e.Kind == evs.Deliver && e.Sender == p.h.Self().ID && e.Origin == p.h.Origin() &&
		len(e.Payload) >= LeastPing && binary.LittleEndian.Uint64(e.Payload) == p.number
}

// Trips are the round trips of one guarantee.
type Trips struct {
	guarantee        evs.Guarantee
	sent, came       uint64
	least, most, sum time.Duration
	histogram        *hdrhistogram.Histogram // ns
}

// longestTrip is the longest that is told apart from longer ones.
const longestTrip = time.Hour

// NewTrips returns none yet.
func NewTrips(g evs.Guarantee) *Trips {
	return &Trips{guarantee: g, histogram: hdrhistogram.New(1, int64(longestTrip), 3)}
}

// Guarantee is that of the pings.
func (t *Trips) Guarantee() evs.Guarantee { return t.guarantee }

// Came counts a ping that came back.
func (t *Trips) Came(took time.Duration) {
	if t.came == 0 || took < t.least {
		t.least = took
	}
	t.most = max(t.most, took)
	t.sent++
	t.came++
	t.sum += took
	t.histogram.RecordValue(int64(min(max(took, 1), longestTrip)))
}

// Lost counts a ping that did not.
func (t *Trips) Lost() { t.sent++ }

// TripSummary is what the round trips of one guarantee came to.
type TripSummary struct {
	Guarantee string `json:"guarantee"`
	Sent      uint64 `json:"sent"`
	Received  uint64 `json:"received"`
	Lost      uint64 `json:"lost"`
	Min       int64  `json:"min_ns"`
	Avg       int64  `json:"avg_ns"`
	P50       int64  `json:"p50_ns"`
	P99       int64  `json:"p99_ns"`
	Max       int64  `json:"max_ns"`
}

// Summary is taken at any time. Its quantiles are right to three digits.
func (t *Trips) Summary() TripSummary {
	s := TripSummary{Guarantee: t.guarantee.String(), Sent: t.sent, Received: t.came, Lost: t.sent - t.came}
	if t.came > 0 {
		quantile := func(q float64) int64 { // within what was seen
			return min(max(t.histogram.ValueAtQuantile(q), int64(t.least)), int64(t.most))
		}
		s.Min, s.Max, s.Avg = int64(t.least), int64(t.most), int64(t.sum)/int64(t.came)
		s.P50, s.P99 = quantile(50), quantile(99)
	}
	return s
}

// Write writes the summary for people.
func (s *TripSummary) Write(w io.Writer) error {
	share := 0.0
	if s.Sent > 0 {
		share = 100 * float64(s.Lost) / float64(s.Sent)
	}
	_, err := fmt.Fprintf(w, "%s: %d sent, %d received, %.3g%% lost\n", s.Guarantee, s.Sent, s.Received, share)
	if err != nil || s.Received == 0 {
		return err
	}
	_, err = fmt.Fprintf(w, "%s: min/avg/p50/p99/max = %s/%s/%s/%s/%s\n", s.Guarantee, Latency(time.Duration(s.Min)),
		Latency(time.Duration(s.Avg)), Latency(time.Duration(s.P50)), Latency(time.Duration(s.P99)), Latency(time.Duration(s.Max)))
	return err
}
