package member

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"

	"stampede/wire"
)

// TestForming: processors come to one configuration, whatever is lost, with a
// list or without, and also when some restart while they are at it.
func TestForming(t *testing.T) {
	for k := range *seeds {
		seed := *firstSeed + uint64(k)
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 9))
			n := 1 + r.IntN(7)
			w := newWorld(t, seed, n)
			w.loss = float64(r.IntN(5)) * 0.1
			w.unicast = r.IntN(3) == 0
			var all []int
			for i := range n {
				all = append(all, i)
				if seed%2 == 0 {
					w.start = append(w.start, wire.ProcessorID(n-i))
				}
			}
			for _, i := range all {
				w.begin(i)
				w.run(r.Int64N(60*ms), nil)
			}
			for range r.IntN(3) {
				w.begin(r.IntN(n))
				w.run(r.Int64N(60*ms), nil)
			}
			w.meet(all...)
			if len(w.start) > 0 && len(w.nodes[n-1].events[0].Members) < n {
				t.Errorf("the first configuration is %s", text(w.nodes[n-1].events[0]))
			}
		})
	}
}

// three are processors 1, 2, 3 in one configuration.
func three(t *testing.T) *world {
	w := newWorld(t, 1, 4)
	w.start = []wire.ProcessorID{1, 2, 3}
	w.begin(0, 1, 2)
	w.meet(0, 1, 2)
	w.start = nil
	w.run(500*ms, nil)
	for i := range 3 {
		w.want(i, 0, "RG{1,2,3}-{}+{1,2,3}")
	}
	return w
}

func TestCrash(t *testing.T) {
	for dead := range 3 {
		w := three(t)
		w.nodes[dead] = nil
		rest := slices.DeleteFunc([]int{0, 1, 2}, func(i int) bool { return i == dead })
		at := w.now
		w.meet(rest...)
		if took := (w.now - at) / ms; took > 500 {
			t.Errorf("crash of %d: %d ms", dead+1, took)
		}
		w.run(5_000*ms, nil)
		a, b, c := rest[0]+1, rest[1]+1, dead+1
		for _, i := range rest {
			w.want(i, 1, fmt.Sprintf("TR{%d,%d}-{%d}+{} RG{%d,%d}-{%d}+{}", a, b, c, a, b, c))
		}
	}
}

func TestJoin(t *testing.T) {
	w := three(t)
	w.begin(3)
	at := w.now
	w.meet(0, 1, 2, 3)
	t.Logf("%d ms", (w.now-at)/ms)
	w.run(5_000*ms, nil)
	for i := range 3 {
		w.want(i, 1, "TR{1,2,3}-{}+{} RG{1,2,3,4}-{}+{4}")
	}
	w.want(3, 0, "RG{1,2,3,4}-{}+{1,2,3,4}")
}

// TestLeave: nobody waits for a silence.
func TestLeave(t *testing.T) {
	for leaver := range 3 {
		w := three(t)
		at := w.now
		w.nodes[leaver].m.Leave(w.now)
		if !w.run(5_000*ms, w.nodes[leaver].m.Left) {
			w.fatal("it does not leave")
		}
		w.nodes[leaver] = nil
		rest := slices.DeleteFunc([]int{0, 1, 2}, func(i int) bool { return i == leaver })
		w.meet(rest...)
		if took := (w.now - at) / ms; took > 150 {
			t.Errorf("leave of %d: %d ms", leaver+1, took)
		}
		w.run(5_000*ms, nil)
		a, b, c := rest[0]+1, rest[1]+1, leaver+1
		for _, i := range rest {
			w.want(i, 1, fmt.Sprintf("TR{%d,%d}-{%d}+{} RG{%d,%d}-{%d}+{}", a, b, c, a, b, c))
		}
	}
}

// TestRestart: a processor that was away for less than the detection takes is
// both left and joined.
func TestRestart(t *testing.T) {
	w := three(t)
	w.begin(2)
	w.meet(0, 1, 2)
	w.run(5_000*ms, nil)
	for i := range 2 {
		w.want(i, 1, "TR{1,2}-{3}+{} RG{1,2,3}-{3}+{3}")
	}
	w.want(2, 0, "RG{1,2,3}-{}+{1,2,3}")
}

func TestPartitionAndMerge(t *testing.T) {
	w := newWorld(t, 1, 5)
	w.begin(0, 1, 2, 3, 4)
	w.meet(0, 1, 2, 3, 4)
	w.run(500*ms, nil)
	var before [5]int
	for i := range w.nodes {
		before[i] = len(w.nodes[i].events)
	}
	w.split(true, []int{0, 3}, []int{1, 2, 4})
	w.meet(0, 3)
	w.meet(1, 2, 4)
	w.run(3_000*ms, nil)
	w.split(false, []int{0, 3}, []int{1, 2, 4})
	at := w.now
	w.meet(0, 1, 2, 3, 4)
	t.Logf("merge: %d ms", (w.now-at)/ms)
	w.run(5_000*ms, nil)
	for _, i := range []int{0, 3} {
		w.want(i, before[i], "TR{1,4}-{2,3,5}+{} RG{1,4}-{2,3,5}+{} TR{1,4}-{}+{} RG{1,2,3,4,5}-{}+{2,3,5}")
	}
	for _, i := range []int{1, 2, 4} {
		w.want(i, before[i], "TR{2,3,5}-{1,4}+{} RG{2,3,5}-{1,4}+{} TR{2,3,5}-{}+{} RG{1,2,3,4,5}-{}+{1,4}")
	}
}

// TestPartial is scenario 11: links that work for some do not make the others
// restless.
func TestPartial(t *testing.T) {
	w := three(t)
	w.split(true, []int{0}, []int{2})
	w.meet(0, 1)
	w.meet(2)
	w.run(60_000*ms, nil)
	w.want(0, 1, "TR{1,2}-{3}+{} RG{1,2}-{3}+{}")
	w.want(1, 1, "TR{1,2}-{3}+{} RG{1,2}-{3}+{}")
	w.want(2, 1, "TR{3}-{1,2}+{} RG{3}-{1,2}+{}")
	for i := range 3 {
		w.cut[[2]int{3, i}] = true // 4 hears all, nobody hears it
	}
	w.begin(3)
	w.meet(3)
	w.run(60_000*ms, nil)
	w.want(3, 0, "RG{4}-{}+{4}")
	w.want(0, 3, "")
	w.want(1, 3, "")
	w.want(2, 3, "")
	clear(w.cut)
	w.meet(0, 1, 2, 3)
	w.run(5_000*ms, nil)
	w.want(2, 3, "TR{3}-{}+{} RG{1,2,3,4}-{}+{1,2,4}")
}

// TestToggling is the rest of it: a newcomer whose only link comes and goes.
func TestToggling(t *testing.T) {
	w := newWorld(t, 1, 5)
	w.start = []wire.ProcessorID{2, 3, 4, 5}
	w.begin(1, 2, 3, 4)
	w.meet(1, 2, 3, 4)
	w.start = nil
	w.split(true, []int{0}, []int{2, 3, 4})
	w.begin(0)
	for k := range 30 {
		w.split(k%2 == 1, []int{0}, []int{1})
		w.run(1_000*ms, nil)
	}
	for i := 1; i < 5; i++ {
		w.want(i, 1, "")
	}
	clear(w.cut)
	w.meet(0, 1, 2, 3, 4)
	for i := 1; i < 5; i++ {
		w.want(i, 1, "TR{2,3,4,5}-{}+{} RG{1,2,3,4,5}-{}+{1}")
	}
}

// TestPause: who was not running accuses nobody, finds that the others went on
// without it, and comes back.
func TestPause(t *testing.T) {
	w := three(t)
	w.nodes[1].asleep = true
	w.run(200*ms, nil) // shorter than the detection
	w.nodes[1].asleep = false
	w.run(2_000*ms, nil)
	for i := range 3 {
		w.want(i, 1, "")
	}
	w.nodes[1].asleep = true
	w.meet(0, 2)
	w.run(2_000*ms, nil)
	w.nodes[1].asleep = false
	w.meet(0, 1, 2)
	w.run(2_000*ms, nil)
	w.want(0, 1, "TR{1,3}-{2}+{} RG{1,3}-{2}+{} TR{1,3}-{}+{} RG{1,2,3}-{}+{2}")
	w.want(1, 1, "TR{2}-{1,3}+{} RG{1,2,3}-{}+{1,3}")
}

// TestDuplicateID: two processors with one id are found out, and the others
// go on.
func TestDuplicateID(t *testing.T) {
	w := three(t)
	c := w.nodes[2].m.cfg
	c.Self.Incarnation++
	c.Addresses = slices.Clone(c.Addresses)
	c.Addresses[0] = address(3)
	w.nodes[3] = w.boot(c)
	problems := map[int][]Problem{}
	w.run(3_000*ms, func() bool {
		for i, n := range w.nodes {
			if n == nil {
				continue
			}
			problems[i] = append(problems[i], n.m.Problems()...)
			if slices.ContainsFunc(problems[i], func(p Problem) bool { return p.Fatal }) {
				w.nodes[i] = nil
			}
		}
		return false
	})
	if w.nodes[2] != nil || w.nodes[3] == nil {
		t.Fatalf("the processor with the lower incarnation did not stop: %v", problems)
	}
	p := problems[2][len(problems[2])-1]
	if want := fmt.Sprintf("processor id 3 is used at %v and at [%v]", address(3), address(2)); p.What != want {
		t.Errorf("it says %q, want %q", p.What, want)
	}
	w.meet(0, 1, 3)
}

// TestDuplicateElsewhere: two processors with one id that do not hear each
// other are found out by those who hear both.
func TestDuplicateElsewhere(t *testing.T) {
	w := three(t)
	w.split(true, []int{2}, []int{3})
	c := w.nodes[2].m.cfg
	c.Self.Incarnation++
	c.Addresses = []netip.AddrPort{address(3)}
	w.nodes[3] = w.boot(c)
	var told []Problem
	w.run(5_000*ms, func() bool {
		told = append(told, w.nodes[0].m.Problems()...)
		return false
	})
	want := fmt.Sprintf("processor id 3 is used at %v and at %v", address(3), address(2))
	if len(told) != 1 || told[0].What != want || told[0].Fatal {
		t.Errorf("processor 1 tells %v, want once %q", told, want)
	}
	if !w.together(0, 1, 3) {
		w.fatal("the others are not together")
	}
}
