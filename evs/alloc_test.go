package evs

import (
	"context"
	"runtime"
	"sync/atomic"
	"testing"
)

// TestNoAllocations holds that a message costs no allocation, in any form of
// sending and receiving, over real sockets: the mallocs of the whole process
// over 100,000 messages, after a warm-up of as many.
func TestNoAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	payload := make([]byte, 100)
	large := make([]byte, 20000)
	ctx := context.Background()
	to := []Group{testGroup}
	many := []Group{testGroup, {1}, {2}, {3}}
	forms := []struct {
		name  string
		count int
		send  func(h *Handle) error
	}{
		{"McastJoined", 100_000, func(h *Handle) error { _, err := h.McastJoined(ctx, Agreed, payload); return err }},
		{"McastJoined/parts", 100_000, func(h *Handle) error { _, err := h.McastJoined(ctx, Agreed, payload[:10], payload[10:]); return err }},
		{"McastGroups", 100_000, func(h *Handle) error {
			_, err := h.McastGroups(ctx, Safe, many, payload[:50], payload[50:])
			return err
		}},
		{"McastGroups/large", 5000, func(h *Handle) error { _, err := h.McastGroups(ctx, Agreed, to, large, payload); return err }},
		{"Unordered", 100_000, func(h *Handle) error { _, err := h.McastGroups(ctx, Unordered, to, payload); return err }},
		{"FIFO", 100_000, func(h *Handle) error { _, err := h.McastGroups(ctx, FIFO, to, payload); return err }},
		{"TryMcastJoined", 100_000, func(h *Handle) error {
			for {
				if _, err := h.TryMcastJoined(Agreed, payload); err != ErrAgain {
					return err
				}
				runtime.Gosched()
			}
		}},
		{"TryMcastGroups", 100_000, func(h *Handle) error {
			for {
				if _, err := h.TryMcastGroups(Agreed, to, payload, payload); err != ErrAgain {
					return err
				}
				runtime.Gosched()
			}
		}},
	}
	_, hs := cluster(t, 2, multicast)
	for _, f := range forms {
		t.Run(f.name, func(t *testing.T) {
			receive := receivers(t, hs)
			round := func() {
				target := receive.count.Load() + uint64(f.count*len(hs))
				for range f.count {
					if err := f.send(hs[0]); err != nil {
						t.Error(err)
						return
					}
				}
				for receive.count.Load() < target {
					runtime.Gosched()
				}
			}
			round()
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			round()
			runtime.ReadMemStats(&after)
			receive.stop()
			// A handful for the runtime's own doings (timers, the collector).
			if n := after.Mallocs - before.Mallocs; n > 100 {
				t.Errorf("%d allocations for %d messages", n, f.count)
			}
		})
	}
}

// receiving counts what a cluster's handles receive.
type receiving struct {
	count atomic.Uint64
	stop  func()
}

func receivers(t *testing.T, hs []*Handle) *receiving {
	r := new(receiving)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{}, len(hs))
	for _, h := range hs {
		go func() {
			defer func() { ended <- struct{}{} }()
			buf := make([]Event, 256)
			for {
				n, err := h.Receive(ctx, buf)
				if err != nil {
					return
				}
				for i := range buf[:n] {
					if buf[i].Kind == Deliver {
						r.count.Add(1)
					}
				}
			}
		}()
	}
	r.stop = func() {
		cancel()
		for range hs {
			<-ended
		}
	}
	return r
}
