package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"stampede/evs"
)

// short is a run of some hundred messages.
func short() Scenario {
	s := Default()
	s.Warmup, s.Duration = 10*time.Millisecond, 50*time.Millisecond
	return s.Named()
}

func TestRunCountsAndAgrees(t *testing.T) {
	for _, c := range []func(*Scenario){
		func(s *Scenario) {},
		func(s *Scenario) { s.Via = "receive" },
		func(s *Scenario) { s.Rate = 500 },
		func(s *Scenario) { s.Rate, s.Via = 500, "serve" },
		func(s *Scenario) { s.Size = 0 },
		func(s *Scenario) { s.Size = 7 },
		func(s *Scenario) { s.Size = 16 },
		func(s *Scenario) { s.Senders = 1 },
		func(s *Scenario) { s.Hosts, s.Senders = 1, 1 },
		func(s *Scenario) { s.Guarantee = "fifo" },
		func(s *Scenario) { s.Guarantee = "unordered" },
		func(s *Scenario) { s.Guarantee = "safe" },
		func(s *Scenario) { s.Warmup = 0 },
	} {
		s := short()
		c(&s)
		t.Run(fmt.Sprintf("%s, %d B, %s, %d of %d", s.Name, s.Size, s.Guarantee, s.Senders, s.Hosts), func(t *testing.T) {
			r := newTestRunner(newHub(s.Hosts).launcher()).run(t.Context(), nowhere{}, &s)
			if err := r.Wrong(); err != nil {
				t.Fatal(err)
			}
			wantPlausible(t, &s, &r)
		})
	}
}

// wantPlausible checks what must hold of every good result.
func wantPlausible(t *testing.T, s *Scenario, r *Result) {
	t.Helper()
	if !r.OrderOK || r.DeliveredPerS < 0 || r.MBPerS != r.DeliveredPerS*float64(s.Size)/1e6 {
		t.Errorf("order %v, %g messages/s, %g MB/s", r.OrderOK, r.DeliveredPerS, r.MBPerS)
	}
	if len(r.PerHost) != s.Hosts {
		t.Fatalf("results of %d hosts", len(r.PerHost))
	}
	var sent uint64
	for _, h := range r.PerHost {
		if (h.Sent > 0) != (h.Host <= s.Senders) {
			t.Errorf("host %d of %d senders sent %d", h.Host, s.Senders, h.Sent)
		}
		sent += h.Sent
	}
	for _, h := range r.PerHost {
		if want := sent - uint64(s.Senders); h.Delivered != want || want == 0 { // but for the markers
			t.Errorf("host %d delivered %d of %d", h.Host, h.Delivered, want)
		}
		if h.DeliveredPerS < r.DeliveredPerS {
			t.Errorf("host %d delivered %g/s, less than the least, %g/s", h.Host, h.DeliveredPerS, r.DeliveredPerS)
		}
	}
	// A busy machine may keep a flood waiting all the measured time; slots it cannot.
	if s.Rate > 0 && (r.LatencyUS == nil || r.LatencyAllUS == nil) || s.Size < stampEnd && r.LatencyUS != nil {
		t.Errorf("latency %v, %v", r.LatencyUS, r.LatencyAllUS)
	}
	if l := r.LatencyUS; l != nil && (l.P50 <= 0 || l.P50 > l.P90 || l.P90 > l.P99 || l.P99 > l.P999 || l.P999 > l.Max) {
		t.Errorf("latency %+v", *l)
	}
}

func TestPacedSourceSendsEverySlot(t *testing.T) {
	s := short()
	s.Rate, s.Warmup, s.Duration = 400, 0, 200*time.Millisecond
	r := newTestRunner(newHub(s.Hosts).launcher()).run(t.Context(), nowhere{}, &s)
	if err := r.Wrong(); err != nil {
		t.Fatal(err)
	}
	for i, h := range r.PerHost {
		// Host i begins i thirds of an interval after the first.
		if want := uint64(80 + 1); h.Sent != want {
			t.Errorf("host %d sent %d, want %d with the marker", i+1, h.Sent, want)
		}
	}
	if n := r.LatencyUS.Count; n != 3*80 {
		t.Errorf("%d messages were timed, want all 240", n)
	}
	if n := r.LatencyAllUS.Count; n != 3*3*80 {
		t.Errorf("%d deliveries were timed, want all 720", n)
	}
}

func TestSlotsOfHighRatesAreBursts(t *testing.T) {
	if got := slotAt(7, 60_000, 3); got != 7+180_000 {
		t.Errorf("slot %d", got)
	}
	const interval = 1e9 / 300_000. // 15 in a burst
	slots := map[int64]int{}
	for n := range uint64(300) {
		slots[slotAt(7, interval, n)]++
	}
	for at, n := range slots {
		if (at-7)%burst != 0 || n < 14 || n > 16 {
			t.Errorf("%d messages at %d", n, at)
		}
	}
}

// wrongs are ways to deliver to host 2 what was not sent or promised.
var wrongs = []struct {
	name             string
	wrong            func(n int, e evs.Event, kept *[]evs.Event) []evs.Event
	lost, duplicates uint64
	fine             []string // guarantees that allow it
}{
	{"swapped with the next", func(n int, e evs.Event, kept *[]evs.Event) []evs.Event {
		switch n {
		case 100:
			*kept = append(*kept, e)
			return nil
		case 101:
			return append([]evs.Event{e}, *kept...)
		}
		return []evs.Event{e}
	}, 0, 0, []string{"unordered"}},
	{"lost", func(n int, e evs.Event, _ *[]evs.Event) []evs.Event {
		if n == 100 || n == 102 {
			return nil
		}
		return []evs.Event{e}
	}, 2, 0, nil},
	{"twice", func(n int, e evs.Event, _ *[]evs.Event) []evs.Event {
		if n == 100 {
			return []evs.Event{e, e}
		}
		return []evs.Event{e}
	}, 0, 1, nil},
	{"damaged at its end", func(n int, e evs.Event, _ *[]evs.Event) []evs.Event {
		if n == 100 {
			e.Payload = slices.Clone(e.Payload)
			e.Payload[len(e.Payload)-1] ^= 1
		}
		return []evs.Event{e}
	}, 0, 0, nil},
	{"cut", func(n int, e evs.Event, _ *[]evs.Event) []evs.Event {
		if n == 100 {
			e.Payload = e.Payload[:len(e.Payload)-1]
		}
		return []evs.Event{e}
	}, 0, 0, nil},
}

func TestRunFindsWhatIsWrong(t *testing.T) {
	for _, w := range wrongs {
		for _, g := range guarantees {
			t.Run(w.name+"/"+g.word, func(t *testing.T) {
				s := short()
				s.Guarantee, s.Senders = g.word, 1 // all swaps are of one sender
				h := newHub(s.Hosts)
				var kept []evs.Event
				h.wrong = func(host, n int, e evs.Event) []evs.Event {
					if host != 2 {
						return []evs.Event{e}
					}
					return w.wrong(n, e, &kept)
				}
				r := newTestRunner(h.launcher())
				if w.lost > 0 { // which is waited for
					r.stalled = 500 * time.Millisecond
				}
				wantWrong(t, r.run(t.Context(), nowhere{}, &s), w.lost, w.duplicates, slices.Contains(w.fine, g.word))
			})
		}
	}
}

func wantWrong(t *testing.T, r Result, lost, duplicates uint64, fine bool) {
	t.Helper()
	if r.Error != "" {
		t.Fatal(r.Error)
	}
	if r.Lost != lost || r.Duplicates != duplicates {
		t.Errorf("lost %d, twice %d; want %d, %d", r.Lost, r.Duplicates, lost, duplicates)
	}
	if (r.Wrong() == nil) != fine {
		t.Errorf("wrong: %v, want fine %v", r.Wrong(), fine)
	}
	if !fine && lost == 0 && r.OrderOK {
		t.Error("the order is called right")
	}
	if !fine && (r.DeliveredPerS != 0 || r.MBPerS != 0 || r.CPUNsPerDelivery != 0 || r.LatencyUS != nil || r.latency != nil || r.PerHost[0].DeliveredPerS != 0) {
		t.Errorf("it has figures: %+v", r)
	}
}

// Two messages of two senders in another order at one host only: just the
// guarantees of one order for all forbid it.
func TestRunFindsTwoOrders(t *testing.T) {
	for guarantee, fine := range map[string]bool{"agreed": false, "safe": false, "fifo": true, "unordered": true} {
		t.Run(guarantee, func(t *testing.T) {
			s := short()
			s.Guarantee = guarantee
			h := newHub(s.Hosts)
			var kept []evs.Event // one, behind which the next of another sender goes first
			swapped := false
			h.wrong = func(host, n int, e evs.Event) []evs.Event {
				events := []evs.Event{e}
				if host != 3 || n < 100 || swapped {
					return events
				}
				events, kept = kept, events
				if len(events) == 1 && events[0].Sender != e.Sender {
					swapped = true
					return append(kept, events...)
				}
				return events
			}
			wantWrong(t, newTestRunner(h.launcher()).run(t.Context(), nowhere{}, &s), 0, 0, fine)
			if !swapped {
				t.Error("no two messages were swapped")
			}
		})
	}
}

func TestRunTellsHowAHostFailed(t *testing.T) {
	s := short()
	h := newHub(s.Hosts)
	for _, c := range []struct {
		name string
		bad  launcher
		want string
	}{
		{"dies", func(context.Context, int) (*conn, error) {
			return &conn{in: discard{}, out: strings.NewReader(""), wait: func() error { return errors.New("signal: killed: out of luck") }}, nil
		}, "host 2 died: signal: killed: out of luck"},
		{"ends", func(context.Context, int) (*conn, error) {
			return &conn{in: discard{}, out: strings.NewReader(""), wait: func() error { return nil }}, nil
		}, "host 2 died: it ended before its time"},
		{"babbles", func(context.Context, int) (*conn, error) {
			return &conn{in: discard{}, out: strings.NewReader("hello\n"), wait: func() error { return nil }}, nil
		}, "host 2 died: it wrote something that is no report"},
		{"does not start", func(context.Context, int) (*conn, error) {
			return nil, errors.New("no such file")
		}, "host 2: no such file"},
		{"fails", goroutines(func(context.Context, *assignment) (engine, error) {
			return nil, errors.New("evs: Config.MTU: not today")
		}), "host 2: evs: Config.MTU: not today"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newTestRunner(func(ctx context.Context, n int) (*conn, error) {
				if n == 2 {
					return c.bad(ctx, n)
				}
				return h.launcher()(ctx, n)
			}).run(t.Context(), nowhere{}, &s)
			if !strings.Contains(r.Error, c.want) || r.Wrong() == nil || r.OrderOK {
				t.Errorf("error %q, want %q", r.Error, c.want)
			}
		})
	}
}

// discard is an input that nobody reads.
type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }
func (discard) Close() error                { return nil }

func TestRunTriesAgainWhenAnAddressIsTaken(t *testing.T) {
	for _, c := range []struct {
		taken int // times
		ok    bool
	}{{tries - 1, true}, {tries, false}} {
		s := short()
		h := newHub(s.Hosts)
		try := 0
		r := newTestRunner(func(ctx context.Context, n int) (*conn, error) {
			if n == 1 {
				try++
			}
			if try > c.taken {
				return h.launcher()(ctx, n)
			}
			return goroutines(func(ctx context.Context, a *assignment) (engine, error) {
				if a.Host == 1 {
					return nil, fmt.Errorf("sock: bind: %w", syscall.EADDRINUSE)
				}
				<-ctx.Done() // the others wait for host 1
				return nil, ctx.Err()
			})(ctx, n)
		}).run(t.Context(), nowhere{}, &s)
		if ok := r.Wrong() == nil; ok != c.ok {
			t.Errorf("address taken %d times: %v", c.taken, r.Wrong())
		}
	}
}

func TestCancelledRunEnds(t *testing.T) {
	s := short()
	s.Duration = time.Hour
	h := newHub(s.Hosts)
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("enough")
	h.wrong = func(_, n int, e evs.Event) []evs.Event {
		if n == 1000 {
			cancel(why)
		}
		return []evs.Event{e}
	}
	results, err := newTestRunner(h.launcher()).runAll(ctx, []Scenario{s, s}, io.Discard)
	if !errors.Is(err, why) || len(results) != 0 {
		t.Errorf("%d results, %v", len(results), err)
	}
}

func TestRunEndsWhereItHasNoPlace(t *testing.T) {
	s := short()
	h := newHub(s.Hosts)
	r := newTestRunner(h.launcher())
	none, places := errors.New("no lab today"), 0
	r.newPlace = func(context.Context, *Scenario) (place, error) {
		if places++; places > 1 {
			return nil, none
		}
		return nowhere{}, nil
	}
	results, err := r.runAll(t.Context(), []Scenario{s, s, s}, io.Discard)
	if !errors.Is(err, none) || len(results) != 1 || results[0].Wrong() != nil {
		t.Errorf("%d results, %v", len(results), err)
	}
}

func TestRunShowsRowsAndProgress(t *testing.T) {
	s := short()
	s.Duration = 600 * time.Millisecond // progress is told five times a second
	for _, live := range []bool{false, true} {
		var table, line bytes.Buffer
		r := newTestRunner(newHub(s.Hosts).launcher())
		r.show = newProgress(&line, live)
		if _, err := r.runAll(t.Context(), []Scenario{s}, &table); err != nil {
			t.Fatal(err)
		}
		rows := strings.Split(strings.TrimSpace(table.String()), "\n")
		last := strings.Fields(rows[len(rows)-1])
		if last[0] != "flood" || last[len(last)-1] != "ok" {
			t.Errorf("table:\n%s", &table)
		}
		if !strings.Contains(line.String(), "messages/s") || live != strings.HasSuffix(line.String(), eraseLine) {
			t.Errorf("live %v: progress %q", live, &line)
		}
	}
}
