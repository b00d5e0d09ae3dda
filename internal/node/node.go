package node

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sync/atomic"
	"syscall"
	"time"

	"stampede/evs"
	"stampede/internal/trace"
)

// node is one processor at work.
type node struct {
	o      Options
	p      *evs.Processor // nil: it is a daemon's
	h      *evs.Handle
	record *recorder
	group  evs.Group

	number uint64 // of the newest message handed in; the sending goroutine's
	sent   uint64 // messages to the group; the sending goroutine's

	delivered atomic.Uint64 // messages of the group
	enough    chan struct{} // closed with delivery o.Expect
	own       uint64        // own messages delivered; the receiving goroutine's
	home      chan struct{} // closed with own delivery o.Count
}

// Run runs a node until it has done its part or ctx ends: both are no error,
// and in both it leaves the cluster first. While the trace's file blocks, so
// does the end.
func Run(ctx context.Context, o Options) (err error) {
	o = o.withDefaults()
	if err := o.validate(); err != nil {
		return err
	}
	n := &node{o: o, enough: make(chan struct{}), home: make(chan struct{})}
	if n.group, err = evs.GroupOf(o.Group); err != nil {
		return err
	}
	if n.record, err = openRecorder(o.Trace, n.group); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, n.record.close()) }()
	if err = n.open(ctx); err != nil {
		if ctx.Err() != nil {
			o.Logger.Warn("stopped", "error", err)
			return nil
		}
		return err
	}
	return n.run(ctx)
}

// open opens a processor, or a handle at a daemon's, for which it waits.
func (n *node) open(ctx context.Context) (err error) {
	if n.o.Dial == "" {
		n.p, n.h, err = evs.OpenHandle(ctx, n.o.Config, evs.HandleOptions{}, n.group)
		return err
	}
	for {
		n.h, err = evs.Dial(ctx, n.o.Dial, evs.HandleOptions{Confirm: true, Name: ClientName})
		if err == nil {
			return n.h.Join(n.group)
		}
		if !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ECONNREFUSED) {
			return err
		}
		if err := pause(ctx, dialAgain); err != nil {
			return err
		}
	}
}

// ClientName is what a node is called among a daemon's clients.
const ClientName = "node"

// dialAgain is the time between two looks for a daemon.
const dialAgain = 5 * time.Millisecond

// leave takes the processor out of the cluster, or the program out of the daemon.
func (n *node) leave() error {
	if n.p == nil {
		return n.h.Close()
	}
	return n.p.Leave(context.Background())
}

// run is the life of an open processor.
func (n *node) run(ctx context.Context) error {
	self := n.h.Self()
	n.record.self = trace.Processor{ID: uint32(self.ID), Incarnation: self.Incarnation}
	n.o.Logger.Info("running", "group", n.o.Group, "rate", n.o.Rate, "size", n.o.Size, "trace", n.o.Trace)
	if err := n.record.write(&trace.Event{Kind: trace.Start}); err != nil {
		return errors.Join(err, n.leave())
	}
	defer context.AfterFunc(ctx, func() { n.o.Logger.Info("stopping") })()
	working, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	received := make(chan error, 1)
	go func() {
		err := n.receive()
		stop(err)
		received <- err
	}()
	err := n.work(working)
	if ctx.Err() != nil {
		err = nil // it was told to stop
	}
	if e := n.leave(); e != nil {
		n.o.Logger.Warn("left", "error", e)
	}
	if e := <-received; !errors.Is(e, evs.ErrClosed) {
		return e // which is also what ended the work
	}
	n.o.Logger.Info("left", "sent", n.sent, "delivered", n.delivered.Load())
	if err != nil {
		return err
	}
	if n.p == nil {
		return nil // its processor goes on
	}
	return n.record.write(&trace.Event{Kind: trace.Leave})
}

// work is what the sending goroutine does; it returns when the node is to leave.
func (n *node) work(ctx context.Context) error {
	if n.o.Rate > 0 {
		if err := n.send(ctx); err != nil {
			return err
		}
	}
	if n.o.Expect > 0 {
		if err := await(ctx, n.enough); err != nil {
			return err
		}
	} else if n.o.Rate == 0 {
		return await[struct{}](ctx, nil)
	}
	if err := patiently(ctx, func() error { return n.h.Flush(ctx) }); err != nil {
		return err
	}
	if n.o.Count > 0 {
		return await(ctx, n.home)
	}
	return nil
}

// send sends by the clock: the slots of messages that are late are not left out.
func (n *node) send(ctx context.Context) error {
	payload := newPayload(n.o.Size)
	start := time.Now()
	turn := time.NewTimer(0)
	defer turn.Stop()
	for {
		if n.o.Count > 0 && n.sent == n.o.Count || n.o.Count == 0 && isClosed(n.enough) {
			return nil
		}
		slot := start.Add(time.Duration(float64(n.sent) * float64(time.Second) / n.o.Rate))
		turn.Reset(time.Until(slot))
		if err := await(ctx, turn.C); err != nil {
			return err
		}
		g := n.o.Guarantees[n.sent%uint64(len(n.o.Guarantees))]
		label(payload, n.number+1)
		if err := n.record.send(n.number+1, g); err != nil {
			return err
		}
		if err := n.mcast(ctx, g, payload); err != nil {
			return err
		}
		n.sent++
	}
}

// mcast hands a message in. Its number is known beforehand, since nobody else
// sends: the trace says it before the message exists.
func (n *node) mcast(ctx context.Context, g evs.Guarantee, payload []byte) error {
	var number uint64
	err := patiently(ctx, func() (err error) {
		number, err = n.h.McastJoined(ctx, g, payload)
		return err
	})
	if err != nil {
		return fmt.Errorf("node: %w", err)
	}
	n.number++
	if number != n.number {
		return fmt.Errorf("node: message %d was recorded as number %d", number, n.number)
	}
	return nil
}

// patiently repeats what would wait for the own handle's events: the receiving
// goroutine takes them, it is only behind.
func patiently(ctx context.Context, f func() error) error {
	for {
		err := f()
		if !errors.Is(err, evs.ErrWouldBlock) {
			return err
		}
		if err := pause(ctx, time.Millisecond); err != nil {
			return err
		}
	}
}

// await waits until there is something in until; with nil until ctx ends.
func await[T any](ctx context.Context, until <-chan T) error {
	select {
	case <-until:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
