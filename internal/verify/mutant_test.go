package verify

import (
	"strings"
	"testing"
)

// mutants are worlds in which one rule is not kept, and the promises of which
// at least one is then found to be broken.
var mutants = []struct {
	name, rules string
	tune        func(w *world) // makes worlds in which it matters less rare
}{
	{name: "deliver past a hole", rules: "no-gap agreed fifo causal"},
	{name: "skip the transitional event", rules: "change-order"},
	{name: "safe is delivered as agreed", rules: "safe safe-entered"},
	{name: "a member that was not heard does not count", rules: "safe-entered"},
	{name: "all is stable at a cut", rules: "safe safe-entered"},
	{name: "lose a recovered message", rules: "atomicity self-delivery fifo no-gap agreed safe causal"},
	{name: "lose a delivery", rules: "atomicity self-delivery fifo no-gap agreed safe causal"},
	{name: "reuse a configuration id", rules: "same-view entered-once one-configuration exact-change sent"},
	{name: "deliver twice", rules: "delivered-once"},
	{name: "FIFO as unordered", rules: "fifo"},
	{name: "early messages wait for the transition", rules: "atomicity"},
	{name: "send after the answer", rules: "self-delivery atomicity fifo sent safe no-gap agreed causal"},
	{name: "late datagrams count", rules: "atomicity agreed no-gap"},
	{name: "no obligations", rules: "safe"},
	{name: "obliged to those of the attempt only", rules: "safe", tune: func(w *world) { w.attempts = 60 }},
	{name: "an attempt that failed clears obligations", rules: "safe"},
	{name: "past a hole anything goes", rules: "no-gap fifo causal", tune: func(w *world) {
		w.unheard, w.deaf, w.arrivals, w.attempts = 2+uint32(w.rng.IntN(4)), 0, 99, 4
	}},
	{name: "walk past the end", rules: "no-gap agreed fifo causal atomicity"},
	{name: "the rest in any order", rules: "agreed"},
	{name: "the rest of everybody", rules: "fifo causal no-gap"},
	{name: "a restart is not noticed", rules: "exact-change"},
	{name: "joined is told from the old members", rules: "exact-change"},
}

func TestMutantWorldsAreCaught(t *testing.T) {
	seed := seeds(t)
	for _, m := range mutants {
		caught := map[string]int{}
		tried := uint64(0)
		for ; len(caught) == 0 && tried < 100000; tried++ {
			w := newWorld(seed+tried, m.name)
			if m.tune != nil {
				m.tune(w)
			}
			w.run(50 + w.rng.IntN(1000))
			for _, v := range w.script().judge(t, New(Options{Exact: w.exact})) {
				if strings.Contains(" "+m.rules+" ", " "+v.Rule.String()+" ") {
					caught[v.Rule.String()]++
				}
			}
		}
		if len(caught) == 0 {
			t.Errorf("%s: not caught in %d worlds", m.name, tried)
		}
		t.Logf("%s: caught after %d worlds by %v", m.name, tried, caught)
	}
}
