package verify

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"stampede/internal/trace"
)

// The order in which lives are added, and how they are interleaved, must not matter.
func TestLivesMayBeInterleavedInAnyWay(t *testing.T) {
	seed := seeds(t)
	for i := range uint64(300) {
		w := newWorld(seed+i, "")
		w.run(20 + w.rng.IntN(300))
		s := w.script()
		if i%2 == 0 {
			s.mutate(w.rng)
		}
		want := len(s.judge(t, New(Options{Exact: w.exact}))) == 0
		c := New(Options{Exact: w.exact})
		next := make([]int, len(s.events))
		for left := len(s.events); left > 0; {
			i := w.rng.IntN(len(s.events))
			if next[i] == len(s.events[i]) {
				continue
			}
			if err := c.Add(&s.events[i][next[i]]); err != nil {
				t.Fatal(err)
			}
			if next[i]++; next[i] == len(s.events[i]) {
				left--
			}
		}
		for i, l := range s.lives {
			if s.settled[i] {
				c.Settle(l)
			}
		}
		if got := len(c.Finish()) == 0; got != want {
			t.Fatalf("seed %d: accepted life by life: %v, interleaved: %v", seed+i, want, got)
		}
	}
}

func TestEventsThatMakeNoSenseAreErrors(t *testing.T) {
	one, other := trace.Processor{ID: 1, Incarnation: 1}, trace.Processor{ID: 2, Incarnation: 1}
	start := trace.Event{Who: one, Kind: trace.Start, File: "x", Line: 1}
	for _, c := range []struct {
		events []trace.Event
		want   string
	}{
		{[]trace.Event{{Who: one, Kind: trace.Leave}}, "verify: processor 1.1: has no start"},
		{[]trace.Event{start, start}, "x:1: processor 1.1 starts again"},
		{[]trace.Event{start, {Who: one, Kind: trace.Leave, File: "y", Line: 7}}, "y:7: processor 1.1 has events in two files"},
		{[]trace.Event{start, {Who: one, Kind: trace.Leave, File: "x", Line: 2}, {Who: one, Kind: trace.Leave, File: "x", Line: 3}}, "x:3: processor 1.1 goes on after it left"},
		{[]trace.Event{start, {Who: one, Kind: 77, File: "x", Line: 2}}, "no known kind"},
		{[]trace.Event{{Kind: trace.Start}}, "processor 0"},
		{[]trace.Event{start, {Who: one, Kind: trace.Send, Message: trace.Message{Sender: other, Number: 1}}}, "named as another's"},
	} {
		checker := New(Options{})
		var err error
		for i := range c.events {
			err = checker.Add(&c.events[i])
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v gave %v, want %q", c.events, err, c.want)
		}
	}
}

func TestOnlyALifeThatRunsCanSettle(t *testing.T) {
	c := New(Options{})
	one := trace.Processor{ID: 1, Incarnation: 1}
	if err := c.Settle(one); err == nil {
		t.Error("one that never started has settled")
	}
	c.Add(&trace.Event{Who: one, Kind: trace.Start})
	if err := c.Settle(one); err != nil {
		t.Error(err)
	}
	c.Add(&trace.Event{Who: one, Kind: trace.Leave})
	if err := c.Settle(one); err == nil {
		t.Error("one that left has settled")
	}
}

func TestViolationsBeyondTheLimitAreCounted(t *testing.T) {
	s := parseScript(t, `1: +5.1{1} !1A 1.1A `+strings.Repeat("1.1A ", 10))
	c := New(Options{MaxViolations: 3})
	if v := s.judge(t, c); len(v) != 3 || c.More() != 7 {
		t.Errorf("%d violations and %d more", len(v), c.More())
	}
	if v := parseScript(t, `1: +5.1{1}`).judge(t, c); len(v) != 0 || c.More() != 0 {
		t.Errorf("after a reset %d violations and %d more", len(v), c.More())
	}
}

func TestSummaryCounts(t *testing.T) {
	c := New(Options{})
	parseScript(t, `
		1:   +5.1{1,2,9} !1A 1.1A leave
		2:   +5.1{1,2,9} 1.1A
		2/2: +7.2{2} !1U`).judge(t, c)
	if got, want := c.Summary(), (Summary{Events: 11, Processors: 2, Lives: 3, Configurations: 2, Messages: 2, Deliveries: 2}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if got := c.Untraced(); len(got) != 1 || got[0] != 9 {
		t.Errorf("untraced: %v", got)
	}
}

// Wild numbers must not cost more than the messages that have them.
func TestWildNumbersTakeNoMemory(t *testing.T) {
	var n numbers
	rng := rand.New(rand.NewPCG(1, 1))
	want := map[uint64]int32{}
	for m := range int32(20000) {
		number := rng.Uint64() >> (rng.UintN(64))
		if _, ok := want[number]; ok {
			continue
		}
		if got := n.find(number); got != none {
			t.Fatalf("number %d is message %d before it was added", number, got)
		}
		n.add(number, m)
		want[number] = m
	}
	for number, m := range want {
		if got := n.find(number); got != m {
			t.Fatalf("number %d is message %d, want %d", number, got, m)
		}
	}
	if len(n.list) > 5*len(want)+64 {
		t.Errorf("%d messages made a list of %d", len(want), len(n.list))
	}
}

func TestACheckerThatIsUsedAgainAllocatesLittle(t *testing.T) {
	w := newWorld(1, "")
	w.run(2000)
	s := w.script()
	c := New(Options{Exact: w.exact})
	s.judge(t, c)
	if n := testing.AllocsPerRun(20, func() { s.judge(t, c) }); n > float64(20+20*len(c.stays)) {
		t.Errorf("%d events in %d stays cost %v allocations", c.Summary().Events, len(c.stays), n)
	}
}

func TestFilesStopsWithItsContext(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	if err := os.WriteFile(path, text(parseScript(t, `1: +5.1{1}`)), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	if r, err := Files(ctx, []string{path}, Options{}); err != nil || r.Events != 2 {
		t.Errorf("%+v, %v", r, err)
	}
	cancel()
	if _, err := Files(ctx, []string{path}, Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("after cancel: %v", err)
	}
}

// text is the script as a trace file.
func text(s *script) (b []byte) {
	for i := range s.events {
		for j := range s.events[i] {
			b = s.events[i][j].AppendTo(b)
		}
	}
	return b
}

// Whatever a Reader returns can be judged.
func FuzzChecker(f *testing.F) {
	for i, g := range good {
		f.Add(text(parseScript(&testing.T{}, g.text)), i%2 == 0)
	}
	for i, b := range bad {
		f.Add(text(parseScript(&testing.T{}, b.text)), i%2 == 0)
	}
	f.Fuzz(func(t *testing.T, lines []byte, settle bool) {
		c := New(Options{Exact: settle})
		r := trace.NewReader(bytes.NewReader(lines), "x")
		var e trace.Event
		for {
			err := r.Next(&e)
			if err != nil {
				if damage := (*trace.Error)(nil); err != io.EOF && !errors.As(err, &damage) {
					t.Fatal(err)
				}
				break
			}
			if c.Add(&e) != nil {
				break
			}
		}
		for i := range c.lives {
			if settle && i%2 == 0 {
				c.Settle(c.lives[i].who)
			}
		}
		for _, v := range c.Finish() {
			if v.Rule == 0 || v.Text == "" || strings.Contains(v.String(), "%!") {
				t.Errorf("%+v", v)
			}
		}
	})
}
