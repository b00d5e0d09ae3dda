package verify

import (
	"strings"
	"testing"
)

// mutants are worlds in which one rule is not kept, and the promises of which
// at least one is then found to be broken.
var mutants = []struct{ name, rules string }{
	{"deliver past a hole", "no-gap agreed fifo causal"},
	{"skip the transitional event", "change-order"},
	{"safe is delivered as agreed", "safe safe-entered"},
	{"a member that was not heard does not count", "safe-entered"},
	{"all is stable at a cut", "safe safe-entered"},
	{"lose a recovered message", "atomicity self-delivery fifo no-gap agreed safe causal"},
	{"lose a delivery", "atomicity self-delivery fifo no-gap agreed safe causal"},
	{"reuse a configuration id", "same-view entered-once one-configuration exact-change sent"},
	{"deliver twice", "delivered-once"},
	{"FIFO as unordered", "fifo"},
	{"early messages wait for the transition", "atomicity"},
	{"send after the answer", "self-delivery atomicity fifo sent safe no-gap agreed causal"},
	{"late datagrams count", "atomicity agreed no-gap"},
	{"no obligations", "safe"},
	{"obliged to those of the attempt only", "safe"},
	{"an attempt that failed clears obligations", "safe"},
	{"past a hole anything goes", "no-gap fifo causal"},
	{"walk past the end", "no-gap agreed fifo causal atomicity"},
	{"the rest in any order", "agreed"},
	{"the rest of everybody", "fifo causal no-gap"},
	{"a restart is not noticed", "exact-change"},
	{"joined is told from the old members", "exact-change"},
}

func TestMutantWorldsAreCaught(t *testing.T) {
	seed := seeds(t)
	for _, m := range mutants {
		caught := map[string]int{}
		tried := uint64(0)
		for ; len(caught) == 0 && tried < 100000; tried++ {
			w := newWorld(seed+tried, m.name)
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
