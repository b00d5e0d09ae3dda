package evs

import (
	"context"
	"runtime"
	"strings"
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
	lent, lentLarge := [][]byte{large[:700], large[700:1300]}, [][]byte{large}
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
		{"LendGroups", 20_000, func(h *Handle) error { _, err := h.LendGroups(ctx, Agreed, to, lent); return err }},
		{"LendGroups/large", 5000, func(h *Handle) error { _, err := h.LendGroups(ctx, Agreed, to, lentLarge); return err }},
	}
	var hs []*Handle
	for _, p := range open(t, configs(t, 2, multicast)) {
		h := openAt(t, p, HandleOptions{WhenFull: HoldGroup})
		if err := h.Join(testGroup); err != nil {
			t.Fatal(err)
		}
		hs = append(hs, h)
	}
	for _, f := range forms {
		if *home == "daemon" && strings.HasPrefix(f.name, "Lend") {
			continue // it waits for an answer, and the daemon keeps a copy
		}
		t.Run(f.name, func(t *testing.T) {
			measure(t, hs, receiveForms["Receive"], f.count, f.send)
		})
	}
	for name, receive := range receiveForms {
		t.Run("to "+name, func(t *testing.T) {
			measure(t, hs, receive, 100_000, forms[0].send)
		})
	}
}

// measure counts the allocations of a number of messages, after as many that
// are not counted. What recurs with messages is there in each round; queues that
// grow to a length that no round before has reached are not, so the least of
// some rounds counts.
func measure(t *testing.T, hs []*Handle, receive receiveForm, count int, send func(h *Handle) error) {
	received := receivers(hs, receive)
	defer received.stop()
	round := func() {
		target := received.count.Load() + uint64(count*len(hs))
		for range count {
			if err := send(hs[0]); err != nil {
				t.Error(err)
				return
			}
		}
		for received.count.Load() < target {
			runtime.Gosched()
		}
	}
	round()
	limit := uint64(max(count/1000, 100)) // for the runtime's own doings
	var made []uint64
	for range 5 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		round()
		runtime.ReadMemStats(&after)
		made = append(made, after.Mallocs-before.Mallocs)
		if after.Mallocs-before.Mallocs <= limit {
			return
		}
	}
	t.Errorf("%d allocations in rounds of %d messages", made, count)
}

// receiveForm receives until ctx ends and counts messages.
type receiveForm func(ctx context.Context, h *Handle, count *atomic.Uint64)

func countMessages(es []Event, count *atomic.Uint64) {
	for i := range es {
		if es[i].Kind == Deliver {
			count.Add(1)
		}
	}
}

var receiveForms = map[string]receiveForm{
	"Receive": func(ctx context.Context, h *Handle, count *atomic.Uint64) {
		buf := make([]Event, 256)
		for {
			n, err := h.Receive(ctx, buf)
			if err != nil {
				return
			}
			countMessages(buf[:n], count)
		}
	},
	"TryReceive": func(ctx context.Context, h *Handle, count *atomic.Uint64) {
		buf := make([]Event, 256)
		for ctx.Err() == nil {
			n, err := h.TryReceive(buf)
			if err != nil {
				return
			}
			countMessages(buf[:n], count)
			runtime.Gosched()
		}
	},
	"Events": func(ctx context.Context, h *Handle, count *atomic.Uint64) {
		for e, err := range h.Events(ctx) {
			if err == nil && e.Kind == Deliver {
				count.Add(1)
			}
		}
	},
	"Serve": func(ctx context.Context, h *Handle, count *atomic.Uint64) {
		h.Serve(ctx, func(es []Event) error {
			countMessages(es, count)
			return nil
		})
	},
}

// receiving counts what a cluster's handles receive.
type receiving struct {
	count atomic.Uint64
	stop  func()
}

func receivers(hs []*Handle, receive receiveForm) *receiving {
	r := new(receiving)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{}, len(hs))
	for _, h := range hs {
		go func() {
			receive(ctx, h, &r.count)
			ended <- struct{}{}
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
