package daemon

import (
	"bytes"
	"context"
	"errors"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"stampede/evs"
)

// TestManyClients: 200 programs share one processor, and see one order.
func TestManyClients(t *testing.T) {
	const clients, each = 200, 20
	r := newRig(t, ServerOptions{})
	before := takeCensus(t)
	hs := make([]*evs.Handle, clients)
	for i := range hs {
		hs[i] = r.dial(evs.HandleOptions{})
	}
	if n := r.s.Clients(); n != clients {
		t.Errorf("%d clients", n)
	}
	var wg sync.WaitGroup
	got := make([][]string, clients)
	for i, h := range hs {
		wg.Go(func() { send(t, h, each) })
		wg.Go(func() { got[i] = receive(t, h, clients*each) })
	}
	wg.Wait()
	for i := range got {
		if !slices.Equal(got[i], got[0]) {
			t.Fatalf("clients %d and 0 saw different sequences", i)
		}
	}
	for _, h := range hs {
		h.Close()
	}
	before.restored(t)
}

// TestConnectCycles: ten thousand programs come and go, while others work.
func TestConnectCycles(t *testing.T) {
	cycles := 10_000
	if testing.Short() {
		cycles = 500
	}
	r := newRig(t, ServerOptions{})
	witness := r.dial(evs.HandleOptions{})
	cycle := func() {
		h, err := evs.Dial(t.Context(), r.socket, evs.HandleOptions{})
		if err == nil {
			err = h.Join(group)
		}
		if err == nil {
			_, err = h.McastJoined(t.Context(), evs.Agreed, []byte("hello"))
		}
		if err != nil {
			t.Fatal(err)
		}
		h.Close()
	}
	for range 50 {
		cycle()
	}
	receive(t, witness, 50)
	eventually(t, "one client", func() bool { return r.s.Clients() == 1 })
	before, heap := takeCensus(t), heapNow()
	var wg sync.WaitGroup
	wg.Go(func() {
		if got := receive(t, witness, cycles); slices.ContainsFunc(got, func(m string) bool { return m != "hello" }) {
			t.Error("a message that nobody sent")
		}
	})
	for range cycles {
		cycle()
	}
	wg.Wait()
	eventually(t, "one client", func() bool { return r.s.Clients() == 1 })
	before.restored(t)
	if now := heapNow(); now > heap+4<<20 {
		t.Errorf("the heap grew from %d to %d bytes", heap, now)
	}
}

// TestBriefClients: programs that go before the daemon has begun to deliver to
// them leave nothing, where there is nobody else.
func TestBriefClients(t *testing.T) {
	r := newRig(t, ServerOptions{})
	before := takeCensus(t)
	for range 1000 {
		s := r.stranger()
		s.hello(0)
		s.conn.Close()
	}
	eventually(t, "no client", func() bool { return r.s.Clients() == 0 })
	before.restored(t)
}

func heapNow() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// TestStuckClient: a program that takes nothing is disconnected at its limit,
// told why, and nobody else notices; what it sends is accepted all the while.
func TestStuckClient(t *testing.T) {
	r := newRig(t, ServerOptions{})
	stuck := r.dial(evs.HandleOptions{QueueBytes: 1 << 20})
	other := r.dial(evs.HandleOptions{})
	const size, n = 10_000, 1000
	var wg sync.WaitGroup
	wg.Go(func() {
		if got := receive(t, other, n); len(got) != n {
			t.Errorf("%d messages", len(got))
		}
	})
	sent := 0
	for ; sent < n/2; sent++ {
		if _, err := stuck.McastJoined(testContext(t), evs.Agreed, make([]byte, size)); err != nil {
			break
		}
	}
	for range n - sent { // what the stuck one could not send any more, and the rest
		if _, err := other.McastJoined(testContext(t), evs.Agreed, make([]byte, size)); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "the end of the stuck client", func() bool { return r.s.counters.Slow.Load() == 1 })
	var err error
	received := 0
	for buf := make([]evs.Event, 100); err == nil; {
		var k int
		k, err = stuck.Receive(testContext(t), buf)
		received += k
	}
	if !errors.Is(err, evs.ErrSlow) || !errors.Is(err, evs.ErrClosed) || !strings.Contains(err.Error(), "1048576") {
		t.Errorf("after %d events: %v", received, err)
	}
	if _, err := stuck.McastJoined(testContext(t), evs.Agreed, nil); !errors.Is(err, evs.ErrSlow) {
		t.Errorf("sending: %v", err)
	}
	// Some of what it sent last may have been in its own buffer when it was
	// disconnected; the other must not wait for that.
	lost := n - int(r.s.counters.Messages.Load())
	for range lost {
		other.McastJoined(testContext(t), evs.Agreed, make([]byte, size))
	}
	wg.Wait()
}

// TestPatientClient: one that is slow, but within its limit, misses nothing.
func TestPatientClient(t *testing.T) {
	r := newRig(t, ServerOptions{})
	slow, other := r.dial(evs.HandleOptions{}), r.dial(evs.HandleOptions{})
	const n = 10_000
	var wg sync.WaitGroup
	wg.Go(func() { receive(t, other, n) })
	send(t, other, n)
	wg.Wait() // the other has everything: now the slow one begins
	if got := receive(t, slow, n); len(got) != n {
		t.Errorf("%d messages", len(got))
	}
}

// TestHoldGroup: a program that may hold up the group does, and nothing is lost.
func TestHoldGroup(t *testing.T) {
	r := newRig(t, ServerOptions{})
	slow := r.dial(evs.HandleOptions{WhenFull: evs.HoldGroup})
	other := r.dial(evs.HandleOptions{})
	const n, size = 600, 50_000 // 30 MB: more than the history, and than any queue
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		for k := range n {
			b := make([]byte, size)
			b[0] = byte(k)
			if _, err := other.McastJoined(testContext(t), evs.Agreed, b); err != nil {
				t.Error(err)
				return
			}
		}
		other.Flush(testContext(t))
	}()
	var wg sync.WaitGroup
	wg.Go(func() { receive(t, other, n) })
	defer wg.Wait()
	select {
	case <-sent:
		t.Fatal("all was ordered, though nobody took it")
	case <-time.After(500 * time.Millisecond): // long enough to see that it waits
	}
	for k, m := range receive(t, slow, n) {
		if len(m) != size || m[0] != byte(k) {
			t.Fatalf("message %d has %d bytes and begins with %d", k, len(m), m[0])
		}
	}
	<-sent
}

// TestSizes: messages of every kind of length come through whole, and what is too
// large is refused before it is sent.
func TestSizes(t *testing.T) {
	r := newRig(t, ServerOptions{})
	for _, confirm := range []bool{false, true} {
		h := r.dial(evs.HandleOptions{Confirm: confirm})
		for _, size := range []int{0, 1, 7, 8, 9, 1350, 64 << 10, 256<<10 - 17, 256 << 10, 1 << 20} {
			b := bytes.Repeat([]byte("abcdefg"), size/7+1)[:size]
			if _, err := h.McastJoined(testContext(t), evs.Agreed, b[:size/3], nil, b[size/3:]); err != nil {
				t.Fatal(err)
			}
			if got := receive(t, h, 1); len(got) != 1 || got[0] != string(b) {
				t.Errorf("%d bytes came back as %d", size, len(got[0]))
			}
		}
		if _, err := h.McastJoined(testContext(t), evs.Agreed, make([]byte, 1<<20+1)); err != evs.ErrTooLarge {
			t.Errorf("a message that is too large: %v", err)
		}
		h.Close()
	}
}

// TestCancelled: contexts end blocked calls through a daemon too, and the calls
// after them work.
func TestCancelled(t *testing.T) {
	r := newRig(t, ServerOptions{})
	h := r.dial(evs.HandleOptions{Confirm: true})
	buf := make([]evs.Event, 10)
	if n, err := h.Receive(testContext(t), buf); n != 1 || err != nil || buf[0].Kind != evs.Regular {
		t.Fatalf("%d, %v, %+v", n, err, buf[0])
	}
	for i := range 50 {
		ctx, cancel := context.WithCancel(context.Background())
		blocked := make(chan error, 1)
		go func() { _, err := h.Receive(ctx, buf); blocked <- err }()
		if i%2 == 0 {
			runtime.Gosched()
		}
		cancel()
		if err := <-blocked; err != context.Canceled {
			t.Fatal(err)
		}
		if n, err := h.TryReceive(buf); n != 0 || err != nil {
			t.Fatalf("%d, %v", n, err)
		}
		number, err := h.McastJoined(testContext(t), evs.Safe, []byte("x"))
		if err != nil {
			t.Fatal(err)
		}
		if n, err := h.Receive(testContext(t), buf); n != 1 || err != nil || buf[0].Number != number || buf[0].Origin != h.Origin() || buf[0].Sender != h.Self().ID {
			t.Fatalf("%d, %v, %+v", n, err, buf[0])
		}
	}
}

// TestFloodingItself: a program that sends faster than it takes what it sent is
// slowed down, not disconnected, as long as it takes something.
func TestFloodingItself(t *testing.T) {
	r := newRig(t, ServerOptions{})
	h := r.dial(evs.HandleOptions{QueueBytes: 24 << 20})
	const n, size = 3000, 100_000
	var wg sync.WaitGroup
	wg.Go(func() {
		if got := receive(t, h, n); len(got) != n {
			t.Errorf("%d messages", len(got))
		}
	})
	b := make([]byte, size)
	for range n {
		if _, err := h.McastJoined(testContext(t), evs.Agreed, b); err != nil {
			t.Fatal(err)
		}
	}
	wg.Wait()
}

// TestCloseDuringHello: a server that is closed while programs come ends them,
// welcomed or not.
func TestCloseDuringHello(t *testing.T) {
	for range 20 {
		t.Run("", func(t *testing.T) {
			r := newRig(t, ServerOptions{})
			var wg sync.WaitGroup
			for range 10 {
				wg.Go(func() {
					h, err := evs.Dial(testContext(t), r.socket, evs.HandleOptions{})
					if err != nil {
						return
					}
					defer h.Close()
					for _, err := range h.Events(testContext(t)) {
						if err != nil {
							if !errors.Is(err, evs.ErrClosed) {
								t.Error(err)
							}
							return
						}
					}
				})
			}
			eventually(t, "a client", func() bool { return r.s.counters.Connected.Load() > 0 })
			r.s.Close()
			wg.Wait()
		})
	}
}
