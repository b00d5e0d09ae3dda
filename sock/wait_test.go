package sock

import (
	"errors"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"stampede/batch"
)

// waits is every kind of waiting that works on this machine.
var waits = []Config{
	{Bind: home4, Wait: Block},
	{Bind: home4, Wait: Spin},
	{Bind: home4, Wait: Adaptive},
	{Bind: home4, Kind: Portable},
}

func eachWait(t *testing.T, f func(t *testing.T, s *Socket)) {
	for _, c := range waits {
		t.Run(c.Kind.String()+" "+c.Wait.String(), func(t *testing.T) { f(t, mustOpen(t, c)) })
	}
}

func mustWait(t testing.TB, s *Socket, d time.Duration) {
	t.Helper()
	if err := s.Wait(d); err != nil {
		t.Fatal(err)
	}
}

// hang fails the test with all stacks instead of letting it hang for ever.
func hang(t *testing.T) func() bool {
	return time.AfterFunc(6*testPatience, func() { panic(t.Name() + " hangs") }).Stop
}

func TestWaitLooks(t *testing.T) {
	eachWait(t, func(t *testing.T, s *Socket) {
		mustWait(t, s, 0)
		quiet(t, s)
		mustSend(t, s, burstOf(s.Local(), run(1, 10, 0)...))
		same(t, collect(t, s, 1), s.Local(), run(1, 10, 0))
	})
}

func TestWaitEndsWithTime(t *testing.T) {
	eachWait(t, func(t *testing.T, s *Socket) {
		defer hang(t)()
		for start, n := time.Now(), 0; n < 3; n++ {
			mustWait(t, s, time.Millisecond) // early is allowed, never is not
			if s.Facts().Wait == Spin && time.Since(start) < time.Millisecond {
				t.Error("a spinning wait has no reason to end early")
			}
		}
	})
}

func TestWaitEndsWithData(t *testing.T) {
	eachWait(t, func(t *testing.T, s *Socket) {
		defer hang(t)()
		other := mustOpen(t, Config{Bind: home4})
		var senders sync.WaitGroup
		defer senders.Wait()
		for i := range 20 {
			want := run(1, 10+i, 0)
			senders.Wait()
			senders.Go(func() {
				if err := other.Send(burstOf(s.Local(), want...)); err != nil {
					t.Error(err)
				}
			})
			dst := make([]batch.Arrival, 1)
			for n := 0; n == 0; {
				mustWait(t, s, -1)
				var err error
				if n, err = s.Receive(dst); err != nil {
					t.Fatal(err)
				}
			}
			same(t, split(&dst[0]), other.Local(), want)
		}
	})
}

// A wake before Wait is as good as one during it.
func TestWakeBefore(t *testing.T) {
	eachWait(t, func(t *testing.T, s *Socket) {
		defer hang(t)()
		for range 3 {
			s.Wake()
			s.Wake()
			mustWait(t, s, -1)
		}
		if n := s.Stats().Wakes; n != 0 {
			t.Errorf("%d system calls to wake who was awake", n)
		}
	})
}

// Producers count up and wake; the loop sleeps for ever each time. If one wake
// were lost, the loop would not come back.
func TestWakeLosesNothing(t *testing.T) {
	eachWait(t, func(t *testing.T, s *Socket) {
		defer hang(t)()
		const producers, rounds = 4, 2000
		var produced atomic.Int64
		var all sync.WaitGroup
		for range producers {
			all.Go(func() {
				for range rounds {
					produced.Add(1)
					s.Wake()
				}
			})
		}
		for produced.Load() < producers*rounds {
			mustWait(t, s, -1)
		}
		all.Wait()
	})
}

// One producer that waits for the loop each time finds it asleep, awake and
// in between.
func TestWakePingPong(t *testing.T) {
	eachWait(t, func(t *testing.T, s *Socket) {
		defer hang(t)()
		const rounds = 2000
		var asked, answered atomic.Int64
		gone := make(chan struct{})
		go func() {
			defer close(gone)
			for i := int64(1); i <= rounds; i++ {
				asked.Store(i)
				s.Wake()
				for answered.Load() < i {
					runtime.Gosched()
				}
			}
		}()
		for answered.Load() < rounds {
			mustWait(t, s, -1)
			answered.Store(asked.Load())
		}
		<-gone
	})
}

func TestClosed(t *testing.T) {
	eachWait(t, func(t *testing.T, s *Socket) {
		var wakers sync.WaitGroup
		for range 4 {
			wakers.Go(func() {
				for range 1000 {
					s.Wake()
				}
			})
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		wakers.Wait()
		if err := s.Close(); err != nil {
			t.Errorf("closing again: %v", err)
		}
		if err := s.Send(burstOf(home4, run(1, 1, 0)...)); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Send: %v", err)
		}
		if _, err := s.Receive(make([]batch.Arrival, 1)); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Receive: %v", err)
		}
		if err := s.Wait(-1); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Wait: %v", err)
		}
		s.Wake()
		s.Stats()
	})
}

// The doorbell by itself, with a sleep that lasts until it is written to.
func TestDoorbell(t *testing.T) {
	written := make(chan struct{}, 1)
	d := &doorbell{write: func() {
		select {
		case written <- struct{}{}:
		default:
		}
	}}
	if d.heard() {
		t.Error("rung from the start")
	}
	d.press()
	if d.sleep() {
		t.Error("fell asleep though somebody rang")
	}
	if !d.sleep() {
		t.Error("the ring was taken, sleep should follow")
	}
	d.press()
	d.press()
	select {
	case <-written:
	default:
		t.Error("nobody woke the sleeper")
	}
	if !d.rise() || d.rise() {
		t.Error("rise tells of a ring once")
	}
	if n := d.wakes.Load(); n != 1 {
		t.Errorf("%d writes, want 1", n)
	}
	freed := 0
	if !d.close(func() { freed++ }) || d.close(func() { freed++ }) || freed != 1 {
		t.Errorf("closed twice, freed %d times", freed)
	}
	d.press()
	if len(written) != 0 {
		t.Error("wrote after close")
	}
}
