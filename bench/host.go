package bench

import (
	"context"
	"errors"
	"io"
	"syscall"
	"time"

	"stampede/bench/corosync"
)

// Host is one host of a run: it does what it reads from in and tells on out
// how that went. It returns when in ends, or on a failure, which it has told.
func Host(ctx context.Context, in io.Reader, out io.Writer) error {
	return host(ctx, in, out, openSystem)
}

func host(ctx context.Context, in io.Reader, out io.Writer, open opener) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	h := &hosting{lines: newLines(in, out), orders: make(chan order)}
	go h.listen(ctx, cancel)
	err := h.run(ctx, open)
	if err != nil && ctx.Err() == nil {
		h.write(report{Failed: &failure{err.Error(), errors.Is(err, syscall.EADDRINUSE) || errors.Is(err, corosync.ErrStart)}})
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
	system     system
	warm, end  mark
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
	if h.system, err = open(ctx, &h.assignment); err != nil {
		return err
	}
	defer h.system.Close()
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
	if err := h.system.start(ctx, &h.schedule); err != nil {
		return err
	}
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
	out, err := h.system.collect(ctx)
	if err != nil {
		return err
	}
	out.Warm, out.End = h.warm, h.end
	if err := h.write(report{Outcome: out}); err != nil {
		return err
	}
	<-ctx.Done() // others may still need this host's processor
	return nil
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
			h.system.halt()
			return nil
		case <-ticks.C:
			m := h.mark()
			if err := h.write(report{Progress: &m.progress}); err != nil {
				return err
			}
		case err := <-h.system.failed():
			return err
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (h *hosting) mark() mark {
	return mark{progress{now(), h.system.delivered()}, h.system.cpu()}
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
	for {
		select {
		case <-h.system.complete():
			return nil
		case err := <-h.system.failed():
			return err
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
}
