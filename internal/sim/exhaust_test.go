package sim

import (
	"flag"
	"fmt"
	"testing"
)

var exhaustive = flag.Bool("exhaustive", false, "try every two losses and crashes, not one in seven")

// recovery is a change that is small enough for every fault in it to be tried:
// 4 is gone, and of what it and 1 sent some have this, some that. 3 has x, and 1
// has stamped it; y has its place at 1 only; z has none anywhere.
const recovery = `processors 1 2 3 4
set formation listed
set sequencer fixed
start all
until all together
wait 20ms
drop message x to 1 2 as a
drop message z to 1 as b
drop with stamp of 1 to 2 3 as c
send 4 agreed x
send 2 agreed y
send 3 safe z
wait 2ms
lift a
lift b
lift c
%s
crash 4
%s
`

// tried runs the recovery with faults, and counts.
type tried struct {
	t    *testing.T
	r    Runner
	runs int
}

func (e *tried) with(before, after string) *Runner {
	e.t.Helper()
	text := fmt.Sprintf(recovery, before, after)
	if res := e.r.Run(parse(e.t, text), Options{}); res.Failure != nil {
		e.t.Errorf("%s\n%v", text, res.Failure)
	}
	e.runs++
	return &e.r
}

// Every datagram of the recovery is lost, and every two of them, or one pair in
// seven unless -exhaustive is given.
func TestEveryLossInARecovery(t *testing.T) {
	e := tried{t: t}
	e.with("drop times 1 skip 100000", "until 1 2 3 together\nunsettled")
	last := 100_000 - e.r.w.rules[0].skip
	if last < 30 || last > 400 {
		t.Fatalf("the recovery takes %d datagrams", last)
	}
	step := 7
	switch {
	case *exhaustive:
		step = 1
	case testing.Short():
		step = last
	}
	for i := range last {
		e.with(fmt.Sprintf("drop skip %d times 1", i), "")
		for j := i + i%step; j < last && !t.Failed(); j += step {
			e.with(fmt.Sprintf("drop skip %d times 1\ndrop skip %d times 1", i, j), "")
		}
	}
	t.Logf("%d runs, a recovery of %d datagrams", e.runs, last)
}

// Every processor crashes at every point, and every two of them.
func TestEveryCrashInARecovery(t *testing.T) {
	e := tried{t: t}
	points := 12
	switch {
	case *exhaustive:
		points = 40
	case testing.Short():
		points = 4
	}
	for _, p := range []int{1, 2, 3} {
		for i := range points {
			e.with("", fmt.Sprintf("crash %d after %d", p, i))
			e.with("", fmt.Sprintf("crash %d after %d\nuntil %d gone\nwait 30ms\nrestart %d", p, i, p, p))
			for _, q := range []int{1, 2, 3} {
				for j := 0; j < points && q != p && !t.Failed(); j += 2 {
					e.with("", fmt.Sprintf("crash %d after %d\ncrash %d after %d", p, i, q, j))
				}
			}
		}
	}
	t.Logf("%d runs", e.runs)
}
