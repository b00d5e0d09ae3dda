package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"syscall"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Host is one host of a run: it does what it reads from in and tells on out
// how that went. It returns when in ends, or on a failure, which it has told.
func Host(ctx context.Context, in io.Reader, out io.Writer) error {
	return host(ctx, in, out, openEvs)
}

func host(ctx context.Context, in io.Reader, out io.Writer, open opener) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	h := &hosting{lines: newLines(in, out), orders: make(chan order)}
	go h.listen(ctx, cancel)
	err := h.run(ctx, open)
	if err != nil && ctx.Err() == nil {
		h.write(report{Failed: &failure{err.Error(), errors.Is(err, syscall.EADDRINUSE)}})
	}
	if ctx.Err() != nil {
		return nil // the parent is done with it
	}
	return err
}

// hosting is one host's part of the conversation.
type hosting struct {
	*lines
	orders chan order

	assignment assignment
	schedule   schedule
	engine     engine
	source     *source
	sink       *sink

	sending, receiving chan error // one value each, when it ends; sending is nil thereafter
	ended              chan struct{}
	warm, end          mark
}

// listen reads orders. The end of the input ends the host.
func (h *hosting) listen(ctx context.Context, cancel context.CancelFunc) {
	defer cancel()
	for {
		var o order
		if err := h.read(&o); err != nil {
			return
		}
		select {
		case h.orders <- o:
		case <-ctx.Done():
			return
		}
	}
}

// next is the next order, which must be what is expected.
func (h *hosting) next(ctx context.Context, expected func(*order) bool) (order, error) {
	select {
	case o := <-h.orders:
		if !expected(&o) {
			return o, errors.New("bench: an order out of turn")
		}
		return o, nil
	case <-ctx.Done():
		return order{}, ctx.Err()
	}
}

func (h *hosting) run(ctx context.Context, open opener) error {
	o, err := h.next(ctx, func(o *order) bool { return o.Assignment != nil })
	if err != nil {
		return err
	}
	h.assignment = *o.Assignment
	if err := h.assignment.Scenario.Validate(); err != nil {
		return err
	}
	if h.engine, err = open(ctx, &h.assignment); err != nil {
		return err
	}
	defer h.engine.Close()
	if err := h.write(report{Ready: true}); err != nil {
		return err
	}
	o, err = h.next(ctx, func(o *order) bool { return o.Schedule != nil })
	if err != nil {
		return err
	}
	h.schedule = *o.Schedule
	return h.work(ctx)
}

func (h *hosting) work(ctx context.Context) error {
	receiving, stop := context.WithCancel(ctx)
	defer stop()
	sending, cut := context.WithCancel(ctx)
	defer cut()
	h.start(sending, receiving)
	if err := h.measure(ctx); err != nil {
		return err
	}
	if err := h.drain(ctx); err != nil {
		return err
	}
	if err := h.write(report{Drained: true}); err != nil {
		return err
	}
	if _, err := h.next(ctx, func(o *order) bool { return o.Collect }); err != nil {
		return err
	}
	stop()
	cut() // a sender that is still not through
	for _, ending := range []chan error{h.receiving, h.sending} {
		if ending == nil {
			continue
		}
		select {
		case <-ending:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	out, err := h.outcome()
	if err != nil {
		return err
	}
	if err := h.write(report{Outcome: out}); err != nil {
		return err
	}
	<-ctx.Done() // others may still need this host's processor
	return nil
}

// start starts the goroutines that send and receive.
func (h *hosting) start(sending, receiving context.Context) {
	s, t := &h.assignment.Scenario, &h.schedule
	h.source, h.sink = newSource(h.engine, s), newSink(&h.assignment, t)
	h.sending, h.receiving = make(chan error, 1), make(chan error, 1)
	h.ended = make(chan struct{})
	serve := s.via() == viaServe
	go func() {
		if serve {
			h.receiving <- h.sink.serve(receiving, h.engine, h.source.pump)
		} else {
			h.receiving <- h.sink.receive(receiving, h.engine)
		}
	}()
	go func() {
		switch {
		case !h.assignment.sends():
			h.sending <- nil
		case s.Rate > 0:
			interval := 1e9 / s.Rate
			own := t.Start + int64(interval*float64(h.assignment.Host-1)/float64(s.Senders)) // hosts take turns
			h.sending <- h.source.paced(sending, own, t.End, interval)
		case serve:
			h.sending <- h.source.pumped(sending, t.Start, h.ended)
		default:
			h.sending <- h.source.flood(sending, t.Start)
		}
	}()
}

// tell is the time between two lines of progress.
const tell = 200 * time.Millisecond

// measure tells of progress and takes the two marks, at the second of which
// floods end.
func (h *hosting) measure(ctx context.Context) error {
	at := func(t int64) *time.Timer { return time.NewTimer(time.Duration(t - now())) }
	warm, end := at(h.schedule.Warm), at(h.schedule.End)
	ticks := time.NewTicker(tell)
	defer ticks.Stop()
	for {
		select {
		case <-warm.C:
			h.warm = h.mark()
		case <-end.C:
			h.end = h.mark()
			h.source.stop.Store(true)
			close(h.ended)
			return nil
		case <-ticks.C:
			m := h.mark()
			if err := h.write(report{Progress: &m.progress}); err != nil {
				return err
			}
		case err := <-h.sending:
			if err != nil {
				return fmt.Errorf("bench: sending: %w", err)
			}
			h.sending = nil
		case err := <-h.receiving:
			return fmt.Errorf("bench: receiving: %w", err)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (h *hosting) mark() mark {
	return mark{progress{now(), h.sink.delivered.Load()}, cpuTime()}
}

// A host waits for what was sent until nothing has come for stalled, and since
// slow progress is progress else until it has waited for drainPatience.
const (
	stalled       = 10 * time.Second
	drainPatience = 60 * time.Second
)

// drain waits until all that was sent is here, or will not come. What then
// lacks is found by comparison with what the senders sent.
func (h *hosting) drain(ctx context.Context) error {
	ticks := time.NewTicker(tell)
	defer ticks.Stop()
	began, last := now(), h.mark()
	for complete := h.sink.complete; h.sending != nil || complete != nil; {
		select {
		case err := <-h.sending:
			if err != nil {
				return fmt.Errorf("bench: sending: %w", err)
			}
			h.sending = nil
		case <-complete:
			complete = nil
		case err := <-h.receiving:
			return fmt.Errorf("bench: receiving: %w", err)
		case <-ticks.C:
			m := h.mark()
			if m.Delivered > last.Delivered {
				last = m
			}
			if m.At-last.At > int64(h.schedule.Stalled) || m.At-began > int64(drainPatience) {
				return nil
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// outcome gathers what the ended goroutines know.
func (h *hosting) outcome() (*outcome, error) {
	own, err := encode(h.sink.own)
	if err != nil {
		return nil, err
	}
	all, err := encode(h.sink.all)
	if err != nil {
		return nil, err
	}
	out := &outcome{
		Warm: h.warm, End: h.end,
		Changes: max(h.sink.changes, 1) - 1, // the first is the handle's beginning
		Order:   h.sink.check.digest(),
		Own:     own, All: all,
		Engine:     h.engine.state(),
		Deliveries: h.sink.count,
	}
	if h.assignment.sends() {
		out.Sent = h.source.sequence + 1
	}
	return out, nil
}

// encode is nil for a histogram of nothing.
func encode(h *hdrhistogram.Histogram) ([]byte, error) {
	if h.TotalCount() == 0 {
		return nil, nil
	}
	return h.Encode(hdrhistogram.V2CompressedEncodingCookieBase)
}
