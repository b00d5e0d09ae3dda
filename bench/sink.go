package bench

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"stampede/evs"
)

// sink takes a host's deliveries. Only delivered and complete are for others
// than its own goroutine.
type sink struct {
	delivered atomic.Uint64 // messages, published once a batch
	complete  chan struct{} // closed when all is there that was sent

	self     evs.ProcessorID
	check    *check
	count    uint64
	changes  uint64 // configurations
	from, to int64  // slots of the messages that are timed
	own, all *hdrhistogram.Histogram
	done     bool

	pausing bool  // gaps are looked for
	last    int64 // when something was delivered
	gap     int64 // the longest that began in the measured time
}

// longest is the latency that the histograms go to; what is longer counts as
// this.
const longest = int64(time.Hour)

func newSink(a *assignment, t *schedule) *sink {
	s := &a.Scenario
	k := &sink{
		complete: make(chan struct{}),
		self:     evs.ProcessorID(a.Host),
		check:    newCheck(s.Size, s.Senders, s.clients(), guarantees.of(s.Guarantee)),
		from:     t.Warm, to: t.End,
		own: hdrhistogram.New(1, longest, 3), all: hdrhistogram.New(1, longest, 3),
	}
	if doomed := s.doomed(); doomed > 0 {
		k.pausing = true
		k.check.spare(doomed)
	}
	return k
}

// receive takes deliveries until ctx ends.
func (k *sink) receive(ctx context.Context, from handle) error {
	buf := make([]evs.Event, 512)
	for {
		n, err := from.Receive(ctx, buf)
		if err != nil {
			return err
		}
		k.take(buf[:n])
	}
}

// serve takes deliveries on the loop's goroutine until ctx ends, and runs also
// after each batch of them.
func (k *sink) serve(ctx context.Context, from handle, also func() error) error {
	return from.Serve(ctx, func(events []evs.Event) error {
		k.take(events)
		return also()
	})
}

func (k *sink) take(events []evs.Event) {
	before := k.count
	var at int64 // now, once it is asked for
	for i := range events {
		e := &events[i]
		if e.Kind != evs.Deliver {
			if e.Kind == evs.Regular {
				k.changes++
			}
			continue
		}
		if !k.check.deliver(e) {
			continue
		}
		k.count++
		slot := slotOf(e.Payload)
		if slot < k.from || slot >= k.to {
			continue
		}
		if at == 0 {
			at = now()
		}
		k.time(e, min(max(1, at-slot), longest))
	}
	k.delivered.Store(k.count)
	if k.pausing && k.count > before {
		k.pause(now())
	}
	if !k.done && k.check.complete() {
		k.done = true
		close(k.complete)
	}
}

// pause notes the time since the delivery before.
func (k *sink) pause(at int64) {
	if k.last >= k.from && k.last < k.to {
		k.gap = max(k.gap, at-k.last)
	}
	k.last = at
}

func (k *sink) time(e *evs.Event, ns int64) {
	// The only error is a value beyond the limits, and those are kept.
	k.all.RecordValue(ns)
	if e.Sender == k.self {
		k.own.RecordValue(ns)
	}
}
