package bench

import (
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"
)

// ask is a request that lacks nothing.
func ask(change func(*Request)) *Request {
	q := &Request{Base: Default(), Engines: []string{"stampede"}, Repeat: 1}
	q.Base.Senders = 0
	if change != nil {
		change(q)
	}
	return q
}

func planOf(t *testing.T, change func(*Request)) *Plan {
	t.Helper()
	p, err := ask(change).Plan()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// briefly writes what distinguishes runs.
func briefly(runs []Scenario, of func(*Scenario) string) string {
	var words []string
	for i := range runs {
		words = append(words, of(&runs[i]))
	}
	return strings.Join(words, ", ")
}

func TestSuitesAreValid(t *testing.T) {
	for _, lab := range []bool{false, true} {
		for _, hosts := range []int{3, 5} {
			for _, suite := range Suites {
				p := planOf(t, func(q *Request) { q.Suites, q.Base.Hosts, q.Base.Lab = []string{suite.Name}, hosts, lab })
				subjects := map[string]bool{}
				for i := range p.Runs {
					s := &p.Runs[i]
					if err := s.Validate(); err != nil || s.Suite != suite.Name {
						t.Errorf("%s: %s: %v", suite.Name, s.Name, err)
					}
					subject := fmt.Sprint(s.Name, s.Engine, s.Size, s.Guarantee)
					if subjects[subject] {
						t.Errorf("%s: the name does not tell which run %s is", suite.Name, subject)
					}
					subjects[subject] = true
				}
			}
		}
	}
}

func TestLinesAreCombinations(t *testing.T) {
	p := planOf(t, func(q *Request) { q.Suites, q.Base.Hosts = []string{"flood"}, 2 })
	if len(p.Runs) != 4*4*2 {
		t.Errorf("%d floods of 4 sizes, 4 guarantees and 2 senders", len(p.Runs))
	}
	got := briefly(p.Runs[:5], func(s *Scenario) string { return fmt.Sprint(s.Size, " ", s.Guarantee, " ", s.Name) })
	if want := "64 agreed flood senders=1, 64 agreed flood senders=2, 64 safe flood senders=1, 64 safe flood senders=2, 64 fifo flood senders=1"; got != want {
		t.Errorf("%s", got)
	}
}

func TestAllHostsSendUnlessToldOtherwise(t *testing.T) {
	for senders, want := range map[int]string{0: "1/1, 2/2, 3/3, 4/4, 5/5, 6/6, 7/7, 8/8", 2: "2/2, 2/3, 2/4, 2/5, 2/6, 2/7, 2/8"} {
		p := planOf(t, func(q *Request) { q.Suites, q.Base.Senders = []string{"hosts"}, senders })
		got := briefly(p.Runs, func(s *Scenario) string { return fmt.Sprintf("%d/%d", s.Senders, s.Hosts) })
		if !strings.HasPrefix(got, want) {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

func TestSuitesTakeTurns(t *testing.T) {
	for repeat, want := range map[int]string{
		1: "0 stampede, 0 raw",
		2: "1 stampede, 1 raw, 2 stampede, 2 raw",
	} {
		p := planOf(t, func(q *Request) { q.Engines, q.Repeat = []string{"stampede", "raw"}, repeat })
		if got := briefly(p.Runs, func(s *Scenario) string { return fmt.Sprint(s.Repetition, " ", s.Engine) }); got != want {
			t.Errorf("%d times: %s, want %s", repeat, got, want)
		}
	}
	p := planOf(t, func(q *Request) { q.Suites, q.Repeat = []string{"loss"}, 2 })
	want := "1 64 B 0 %, 1 64 B 1 %, 1 64 B 5 %, 1 1350 B 0 %, 1 1350 B 1 %, 1 1350 B 5 %, 2 64 B 0 %"
	if got := briefly(p.Runs, func(s *Scenario) string { return fmt.Sprintf("%d %d B %g %%", s.Repetition, s.Size, s.Loss) }); !strings.HasPrefix(got, want) {
		t.Errorf("%s", got)
	}
}

// What an engine does not have makes no second run of it.
func TestNoRunTwice(t *testing.T) {
	p := planOf(t, func(q *Request) {
		q.Suites, q.Engines = []string{"latency"}, []string{"stampede", "raw"}
	})
	planned := map[int]int{}
	for _, s := range p.Runs {
		if s.Engine == "raw" && s.Rate == 100 {
			planned[s.Senders]++
		}
	}
	if !maps.Equal(planned, map[int]int{1: 1, 3: 1}) {
		t.Errorf("raw at 100/s was planned so many times, by senders: %v", planned)
	}
}

func TestWhatCannotBeIsLeftOutOfASuite(t *testing.T) {
	p := planOf(t, func(q *Request) { q.Suites, q.Engines = []string{"loss"}, []string{"stampede", "raw"} })
	if len(p.Runs) != 6+2 || len(p.LeftOut) != 2 || !strings.Contains(p.LeftOut[0], "2: loss 1 with engine raw") {
		t.Errorf("%d runs, left out %q", len(p.Runs), p.LeftOut)
	}
}

func TestRequestsAreJudged(t *testing.T) {
	for _, c := range []struct {
		change func(*Request)
		reason string
	}{
		{func(q *Request) { q.Repeat = 0 }, "repeat 0"},
		{func(q *Request) { q.Repeat = MaxRepeat + 1 }, "repeat 1001"},
		{func(q *Request) { q.Engines = nil }, "engine: none"},
		{func(q *Request) { q.Engines = []string{"raw", "raw"} }, "engine raw is named twice"},
		{func(q *Request) { q.Engines = []string{"spread"} }, `engine "spread" is none of`},
		{func(q *Request) { q.Suites = []string{"speed"} }, `suite "speed" is none of quick, flood`},
		{func(q *Request) { q.Suites = []string{"loss", "loss"} }, "suite loss is named twice"},
		{func(q *Request) { q.Suites = []string{"loss", "all"} }, "suite loss is named twice"},
		{func(q *Request) { q.Suites, q.Base.Hosts = []string{"loss"}, 0 }, "hosts 0"},
		{func(q *Request) { q.Suites, q.Engines = []string{"loss"}, []string{"stampede", "corosync-udp"} }, "needs lab"},
		{func(q *Request) { q.Suites, q.Base.Senders = []string{"failover"}, 1 }, "it is the one that dies"},
		{func(q *Request) { q.Suites, q.Base.Duration = []string{"failover"}, time.Millisecond }, "it takes 1s"},
	} {
		if p, err := ask(c.change).Plan(); err == nil || !strings.Contains(err.Error(), c.reason) {
			t.Errorf("%+v, %v, want %q", p, err, c.reason)
		}
	}
}

func TestSuitesDoNotShareTheirFlags(t *testing.T) {
	given := func(flags ...string) func(string) bool {
		return func(flag string) bool { return strings.Contains(strings.Join(flags, " "), flag) }
	}
	for _, c := range []struct {
		suite, flag, reason string
	}{
		{"flood", "size", "size with suite flood"},
		{"flood", "senders", "senders with suite flood"},
		{"flood", "hosts", ""},
		{"hosts", "hosts", "hosts with suite hosts"},
		{"latency", "hosts", ""}, // of the round trip two, and as many as are given
		{"loss", "guarantee", ""},
		{"all", "loss", "loss with suite loss"},
		{"peers", "engine", "engine with suite peers"},
	} {
		err := Conflict([]string{c.suite}, given(c.flag))
		if c.reason == "" && err != nil || c.reason != "" && (err == nil || !strings.Contains(err.Error(), c.reason)) {
			t.Errorf("--%s with %s: %v", c.flag, c.suite, err)
		}
	}
}

// What a newcomer sees first must not try his patience, and what tests run even less.
func TestShortSuitesAreShort(t *testing.T) {
	total := func(change func(*Request)) (sum time.Duration) {
		for _, s := range planOf(t, change).Runs {
			sum += s.total()
		}
		return sum
	}
	if sum := total(func(q *Request) { q.Suites = []string{"quick"} }); sum > 30*time.Second {
		t.Errorf("quick sends for %v", sum)
	}
	if sum := total(func(q *Request) { q.Suites, q.Smoke = []string{"all"}, true }); sum > 6*time.Second {
		t.Errorf("the smoke of all sends for %v", sum)
	}
}
