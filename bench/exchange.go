package bench

import (
	"context"
	"fmt"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// exchange is the system of an engine with a handle: a source that sends and
// a sink that takes deliveries, each a goroutine.
type exchange struct {
	assignment *assignment
	engine     engine
	source     *source
	sink       *sink

	stop                    context.CancelFunc // of both goroutines
	sending, receiving, all chan struct{}      // closed when it has ended; when all is here
	ended                   chan struct{}      // closed by halt
	broken                  chan error
}

// openExchange opens an engine.
func openExchange(ctx context.Context, a *assignment, open func(context.Context, *assignment) (engine, error)) (system, error) {
	e, err := open(ctx, a)
	if err != nil {
		return nil, err
	}
	return &exchange{
		assignment: a, engine: e, source: newSource(e, &a.Scenario), stop: func() {},
		sending: make(chan struct{}), receiving: make(chan struct{}), all: make(chan struct{}),
		ended: make(chan struct{}), broken: make(chan error, 2),
	}, nil
}

func (x *exchange) start(ctx context.Context, t *schedule) error {
	x.sink = newSink(x.assignment, t)
	ctx, x.stop = context.WithCancel(ctx)
	go func() {
		defer close(x.receiving)
		x.broken <- fmt.Errorf("bench: receiving: %w", x.receive(ctx))
	}()
	go func() {
		defer close(x.sending)
		if err := x.send(ctx, t); err != nil {
			x.broken <- fmt.Errorf("bench: sending: %w", err)
			return
		}
		select {
		case <-x.sink.complete:
			close(x.all)
		case <-ctx.Done():
		}
	}()
	return nil
}

func (x *exchange) receive(ctx context.Context) error {
	if x.assignment.Scenario.via() == viaServe {
		return x.sink.serve(ctx, x.engine, x.source.pump)
	}
	return x.sink.receive(ctx, x.engine)
}

func (x *exchange) send(ctx context.Context, t *schedule) error {
	s := &x.assignment.Scenario
	switch {
	case !x.assignment.sends():
		return nil
	case s.Rate > 0:
		return x.source.paced(ctx, x.assignment.first(t), t.End, x.assignment.interval())
	case s.via() == viaServe:
		return x.source.pumped(ctx, t.Start, x.ended)
	default:
		return x.source.flood(ctx, t.Start)
	}
}

func (x *exchange) halt() {
	x.source.stop.Store(true)
	close(x.ended)
}

func (x *exchange) complete() <-chan struct{} { return x.all }
func (x *exchange) failed() <-chan error      { return x.broken }
func (x *exchange) delivered() uint64         { return x.sink.delivered.Load() }
func (x *exchange) cpu() int64                { return cpuTime() }

// collect gathers what the ended goroutines know.
func (x *exchange) collect(ctx context.Context) (*outcome, error) {
	x.stop() // also a sender that is still not through
	for _, ended := range []chan struct{}{x.receiving, x.sending} {
		select {
		case <-ended:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	out := &outcome{
		Changes:    max(x.sink.changes, 1) - 1, // the first is the handle's beginning
		Order:      x.sink.check.digest(),
		Engine:     x.engine.state(),
		Deliveries: x.sink.count,
		Gap:        x.sink.gap,
	}
	if x.assignment.sends() {
		out.Sent = x.source.sequence + 1
	}
	return out, out.time(x.sink.own, x.sink.all)
}

func (x *exchange) Close() error {
	x.stop()
	return x.engine.Close()
}

// time puts the histograms in.
func (o *outcome) time(own, all *hdrhistogram.Histogram) (err error) {
	if o.Own, err = encode(own); err != nil {
		return err
	}
	o.All, err = encode(all)
	return err
}

// encode is nil for a histogram of nothing, and for none.
func encode(h *hdrhistogram.Histogram) ([]byte, error) {
	if h == nil || h.TotalCount() == 0 {
		return nil, nil
	}
	return h.Encode(hdrhistogram.V2CompressedEncodingCookieBase)
}
