//go:build unix

package daemon

import (
	"context"
	"errors"
	"path/filepath"
	"runtime"
	"sync"
	"testing"

	"stampede/evs"
	"stampede/internal/ipc"
)

// TestEndOfAHolder: a program for which the group waits, and that has gone but for
// its event socket, which is full, is not kept.
func TestEndOfAHolder(t *testing.T) {
	r := newRig(t, ServerOptions{})
	s := r.stranger()
	h := ipc.Hello{Least: ipc.Version, Most: ipc.Version, Name: "holder"}
	s.say(ipc.Request{Op: ipc.OpHello, Flags: ipc.Hold}, h.AppendTo(nil))
	events, _ := passed(t, s.conn)
	defer events.Close()
	if a := s.hearAfter(ipc.Request{Op: ipc.OpJoin, Keys: []ipc.Key{group}}); a.Status != ipc.OK {
		t.Fatalf("%+v", a)
	}
	other, err := evs.Dial(testContext(t), r.socket, evs.HandleOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	ctx, stop := context.WithCancel(testContext(t))
	flooded := make(chan struct{})
	go func() {
		defer close(flooded)
		for ctx.Err() == nil {
			other.McastGroups(ctx, evs.Agreed, []evs.Group{group}, make([]byte, 50_000))
		}
	}()
	eventually(t, "a full socket", func() bool { return r.s.counters.Behind.Load() > 0 })
	s.conn.Close()
	eventually(t, "one client", func() bool { return r.s.Clients() == 1 })
	stop()
	<-flooded
}

// TestNobodyWritesBehindClose: what waits for a program is written by then, or is
// no more.
func TestNobodyWritesBehindClose(t *testing.T) {
	r := newRig(t, ServerOptions{})
	slow := r.dial(evs.HandleOptions{Name: "slow"})
	o := r.s.all()[0].outlet.Load()
	queued := func() int { bytes, _ := o.queued(); return bytes }
	for queued() < 4<<20 {
		if _, err := slow.McastJoined(testContext(t), evs.Agreed, make([]byte, 50_000)); err != nil {
			t.Fatal(err)
		}
	}
	r.s.Close()
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.busy {
		t.Errorf("%d bytes wait still", o.bytes)
	}
}

// TestStopOfAFlood: when the daemon is stopped, a program that sends all the while is
// given what the others are.
func TestStopOfAFlood(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "s")
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	done := running(t, ctx, socket)
	var all sync.WaitGroup
	flowing := make(chan struct{})
	ahead := make(chan struct{}, 1000) // messages: what is behind the end is soon taken
	ended := make(chan struct{})
	counts := make([]int, 2)
	var handles []*evs.Handle
	for i := range counts {
		h, err := evs.Dial(testContext(t), socket, evs.HandleOptions{})
		if err == nil {
			err = h.Join(group)
		}
		if err != nil {
			t.Fatal(err)
		}
		defer h.Close()
		handles = append(handles, h)
		all.Go(func() {
			if i == 1 {
				defer close(ended)
			}
			for e, err := range h.Events(context.Background()) {
				if err != nil {
					if !errors.Is(err, evs.ErrClosed) || errors.Is(err, evs.ErrSlow) {
						t.Error(err)
					}
					return
				}
				if e.Kind != evs.Deliver {
					continue
				}
				if counts[i]++; i == 0 && counts[i] == 5000 {
					close(flowing)
				} else if i == 1 {
					<-ahead
				}
			}
		})
	}
	all.Go(func() {
		for {
			select {
			case ahead <- struct{}{}:
			case <-ended:
				return
			}
			if _, err := handles[0].McastJoined(context.Background(), evs.Agreed, make([]byte, 1000)); err != nil {
				return
			}
		}
	})
	<-flowing
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
	all.Wait()
	if counts[0] != counts[1] {
		t.Errorf("the one that sent was given %d messages, the other %d", counts[0], counts[1])
	}
}

// TestClosedHandleIsGarbage: a context that lives on does not keep it.
func TestClosedHandleIsGarbage(t *testing.T) {
	r := newRig(t, ServerOptions{})
	ctx, gone := testContext(t), make(chan struct{})
	func() {
		h, err := evs.Dial(ctx, r.socket, evs.HandleOptions{})
		if err != nil {
			t.Fatal(err)
		}
		runtime.AddCleanup(h, func(c chan struct{}) { close(c) }, gone)
		events := make([]evs.Event, 1)
		if _, err := h.Receive(ctx, events); err != nil {
			t.Fatal(err)
		}
		waits, ended := h.Stats().Waits, make(chan error)
		go func() {
			_, err := h.Receive(ctx, events)
			ended <- err
		}()
		eventually(t, "a call that waits", func() bool { return h.Stats().Waits > waits })
		h.Close()
		if err := <-ended; !errors.Is(err, evs.ErrClosed) {
			t.Error(err)
		}
	}()
	collected(t, "the handle", gone)
}
