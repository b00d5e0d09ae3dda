package sim

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"stampede/internal/trace"
)

func parse(t *testing.T, text string) *Script {
	t.Helper()
	s, err := Parse("script", text)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return s
}

// traced is all that a script does.
func traced(r *Runner, s *Script) ([]byte, Result) {
	var b []byte
	res := r.Run(s, Options{
		Trace: func(e *trace.Event) { b = e.AppendTo(b) },
		Log:   func(line string) { b = append(append(b, line...), '\n') },
	})
	return b, res
}

func TestAScriptDoesTheSameAlways(t *testing.T) {
	var used Runner
	for seed := uint64(1); seed <= 25; seed++ {
		text := Draw(seed, Shape{})
		if again := Draw(seed, Shape{}); again != text {
			t.Fatalf("seed %d draws two worlds", seed)
		}
		first, _ := traced(&used, parse(t, text))
		second, _ := traced(new(Runner), parse(t, text))
		if len(first) == 0 || !bytes.Equal(first, second) {
			t.Fatalf("seed %d did something else in memory that was used before: %d and %d bytes", seed, len(first), len(second))
		}
	}
}

func TestSeedsDiffer(t *testing.T) {
	var r Runner
	first, _ := traced(&r, parse(t, Draw(1, Shape{})))
	second, _ := traced(&r, parse(t, Draw(2, Shape{})))
	if bytes.Equal(first, second) {
		t.Error("two seeds are one world")
	}
}

func TestClocksNeverRunBackwards(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	c := newClock(origin, 77)
	now, local := origin, c.at(origin)
	for range 10_000 {
		now += rng.Int64N(1_000_000)
		if rng.IntN(10) == 0 {
			c.turn(now, million+rng.Int64N(200_000)-100_000)
		}
		at := c.at(now)
		if at < local {
			t.Fatalf("at %d the clock shows %d, after %d", now, at, local)
		}
		local = at
		due := local + rng.Int64N(50_000_000)
		if w := c.when(due); c.at(w) < due || w > now+1 && c.at(w-1) >= due {
			t.Fatalf("%d comes at %d, when the clock shows %d, and %d just before", due, w, c.at(w), c.at(w-1))
		}
	}
}

// formed is the beginning of scripts with processors 1, 2 and 3 in one
// configuration.
const formed = `processors 1 2 3
set formation listed
set sequencer fixed
start all
until all together
wait 20ms
begin
`

// What the network does to datagrams, in the language itself.
func TestNetwork(t *testing.T) {
	for name, script := range map[string]string{
		"a cut works in one direction": `
			cut 1>2
			send 1 unordered a
			send 2 unordered b
			until 1 3 delivered a and 1 3 delivered b
			wait 500us
			require not 2 delivered a
			mend 1>2
			until 2 delivered a`,
		"a partition has sides": `
			partition 1 | 2 3
			send 1 unordered a
			send 3 unordered c
			wait 5ms
			require 2 3 delivered c and not 1 delivered c
			require 1 delivered a and not 2 delivered a and not 3 delivered a`,
		"nothing comes through total loss": `
			network loss 100%
			send 1 unordered a
			wait 20ms
			require not 2 delivered a and not 3 delivered a`,
		"a link loses by itself": `
			link 1>2 loss 100%
			send 1 unordered a
			wait 500us
			require not 2 delivered a and 3 delivered a
			heal
			until 2 delivered a`,
		"damaged datagrams stay outside": `
			network corrupt 100%
			send 1 unordered a
			wait 20ms
			require not 2 delivered a and not 3 delivered a
			require not 2 received stream and not 3 received ack`,
		"a delay is a delay": `
			network delay 3ms jitter 0s
			send 1 unordered a
			wait 2900us
			require not 2 delivered a
			wait 200us
			require 2 3 delivered a`,
		"a rule drops so many of the datagrams that it names": `
			drop stream of 1 from 1 to 2 skip 1 times 1
			send 1 unordered a
			wait 500us
			send 1 unordered b
			wait 500us
			send 1 unordered c
			wait 500us
			require 3 delivered a and 3 delivered b and 3 delivered c
			require 2 delivered a and not 2 delivered b and 2 delivered c
			until 2 delivered b`,
		"a rule knows messages": `
			drop message b to 2 as r
			send 1 unordered a
			wait 500us
			send 1 unordered b
			wait 20ms
			require 2 delivered a and not 2 delivered b and 3 delivered b
			lift r
			until 2 delivered b`,
		"what is held comes when the rule is lifted": `
			hold from 1 to 2 as r
			send 1 unordered a
			wait 50ms
			require not 2 delivered a and 3 delivered a
			lift r
			wait 500us
			require 2 delivered a`,
		"what is delayed comes later": `
			delay 30ms stream of 1 to 2 as r
			send 1 unordered a
			wait 29ms
			require not 2 delivered a and 3 delivered a
			wait 3ms
			require 2 delivered a`,
		"a paused processor does nothing and loses what its buffer does not hold": `
			buffer 2 holds 1
			pause 2
			send 1 unordered a
			wait 500us
			send 1 unordered b
			wait 500us
			drop stream of 1 to 2 as repairs
			resume 2
			wait 5ms
			require not 2 delivered b and 3 delivered b
			lift repairs
			until 2 delivered b`,
		"a crash may interrupt a burst": `
			crash 1 sending 0
			send 1 unordered a
			wait 1ms
			require 1 gone
			require not 2 delivered a and not 3 delivered a
			until 2 3 together
			require not 2 delivered a and not 3 delivered a`,
		"something is done when a condition comes true": `
			when 2 delivered a do send 2 fifo b
			send 1 fifo a
			until 3 delivered b
			expect 3: a b`,
		"a leave is no failure": `
			leave 3
			until 3 gone within 90ms
			until 1 2 together within 90ms`,
		"a stopped application holds nothing up that has credit": `
			app 3 stopped
			send 1 safe a
			until all delivered a`,
	} {
		t.Run(name, func(t *testing.T) {
			res := new(Runner).Run(parse(t, formed+strings.ReplaceAll(script, "\t", "")), Options{})
			if res.Failure != nil {
				t.Error(res.Failure)
			}
		})
	}
}

func TestEveryLinkKeepsItsOrderUnlessItReorders(t *testing.T) {
	for _, quality := range []string{"jitter 5ms", "jitter 5ms reorder 100%"} {
		s := parse(t, formed+"network "+quality+"\nsend 1 unordered m times 40 every 100us\nuntil 2 delivered m1 and 2 delivered m40\nwait 50ms\n")
		var r Runner
		if res := r.Run(s, Options{}); res.Failure != nil {
			t.Fatal(res.Failure)
		}
		inOrder := r.w.nodes[1].history() == "m1..m40"
		if inOrder == strings.Contains(quality, "reorder") {
			t.Errorf("%s: %s", quality, r.w.nodes[1].history())
		}
	}
}

func TestFailuresAreFound(t *testing.T) {
	verb := func(name string, do func(*world)) {
		verbs[name] = func(*words, *Line) func(*world) { return do }
		t.Cleanup(func() { delete(verbs, name) })
	}
	verb("leak", func(w *world) { w.nodes[1].arenas.arrivals.Take(); w.nodes[1].arenas.arrivals.Take() })
	verb("leakpool", func(w *world) { w.nodes[1].arenas.pool.Get(100) })
	verb("die", func(w *world) { w.nodes[1].machine.Receive(0, nil, nil, addressOf(1), nil) })
	verb("forget", func(w *world) { w.nodes[0].record.sent = nil })
	verb("scribble", func(w *world) {
		for i := range w.nodes[1].app.items {
			it := &w.nodes[1].app.items[i]
			it.Frames[len(it.Frames)-1]++
		}
	})
	verb("double", func(w *world) {
		n := w.nodes[1]
		w.trace(n, trace.Event{
			Kind: trace.Deliver, Config: configOf(n.config.ID), Guarantee: trace.Agreed,
			Groups:  groupSets[0].names,
			Message: trace.Message{Sender: trace.Processor{ID: 1, Incarnation: w.nodes[0].who.Incarnation}, Number: 1},
		})
	})
	for script, class := range map[string]string{
		"leak":     "memory",
		"leakpool": "memory",
		"die":      "panic in internal/member.(*Machine).Receive",
		"send 1 agreed a\nuntil all delivered a\ndouble":                         "delivered-once",
		"send 1 agreed a\nforget":                                                "delivery",
		"app 2 stopped\nsend 1 agreed a\nuntil 2 delivered a\nscribble":          "changed",
		"require 1 delivered nothing":                                            "require",
		"until 1 delivered nothing within 1ms":                                   "until",
		"expect 1: a":                                                            "expect",
		"network loss 100%\nwhen 1 in {1} do pause 1\nuntil 1 in {1}\nexpect 1:": "expect",
	} {
		res := new(Runner).Run(parse(t, formed+script), Options{})
		if res.Failure == nil || res.Failure.Class != class {
			t.Errorf("%q: found %v, want %s", script, res.Failure, class)
		}
	}
}

func TestTheBoundIsHeld(t *testing.T) {
	s := parse(t, formed+"cut 1-2\nwait 1s\n")
	// A rule that survives the healing would be a fault that never ends.
	var r Runner
	if res := r.Run(s, Options{}); res.Failure != nil || res.Meet <= 0 || res.Meet > res.Bound {
		t.Fatalf("%v: together after %v, bound %v", res.Failure, res.Meet, res.Bound)
	}
	verbs["never"] = func(*words, *Line) func(*world) {
		return func(w *world) { w.nodes[0].buffer, w.nodes[0].set.buffer = 0, -1 }
	}
	defer delete(verbs, "never")
	res := r.Run(parse(t, formed+"never\n"), Options{})
	if res.Failure == nil || res.Failure.Class != "together" || res.Failure.At < res.Bound {
		t.Errorf("a processor that hears nothing: %+v", res.Failure)
	}
}

func TestExpectationsAreRewritten(t *testing.T) {
	text := formed + "send 1 agreed m times 5\nsend 2 agreed x\nuntil all delivered x and all delivered m5\nwait 1ms\n" +
		"at 1s expect 1: nothing of that\nexpect 2:\n"
	res := new(Runner).Run(parse(t, text), Options{Rewrite: true})
	if res.Failure != nil {
		t.Fatal(res.Failure)
	}
	again := strings.Join(res.Rewritten, "\n")
	if !strings.Contains(again, "\nat 1s expect 1: m1..m5 x") && !strings.Contains(again, "\nat 1s expect 1: x m1..m5") {
		t.Errorf("rewritten is\n%s", again)
	}
	if res := new(Runner).Run(parse(t, again), Options{}); res.Failure != nil {
		t.Errorf("what was rewritten fails: %v", res.Failure)
	}
}

func TestATraceCanBeJudged(t *testing.T) {
	var b bytes.Buffer
	w := trace.NewWriter(&b)
	res := new(Runner).Run(parse(t, Draw(8, Shape{})), Options{Trace: func(e *trace.Event) {
		if err := w.Write(e); err != nil {
			t.Fatal(err)
		}
	}})
	if err := w.Flush(); err != nil || res.Failure != nil {
		t.Fatal(err, res.Failure)
	}
	if lines := bytes.Count(b.Bytes(), []byte("\n")); lines != res.Events {
		t.Errorf("%d lines of %d events", lines, res.Events)
	}
}

func TestTimeIsTheWorlds(t *testing.T) {
	began := time.Now()
	res := new(Runner).Run(parse(t, "processors 1\nstart 1\nuntil 1 in {1}\nat 20m require 1 in {1}\n"), Options{})
	if res.Failure != nil || res.Virtual < 20*time.Minute {
		t.Errorf("%v in %v", res.Failure, res.Virtual)
	}
	if took := time.Since(began); took > 10*time.Minute {
		t.Errorf("twenty minutes took %v", took)
	}
}

func BenchmarkWorld(b *testing.B) {
	var r Runner
	for i := range b.N {
		s, err := Parse("", Draw(uint64(i%100)+1, Shape{}))
		if err != nil {
			b.Fatal(err)
		}
		if res := r.Run(s, Options{}); res.Failure != nil {
			b.Fatal(fmt.Errorf("seed %d: %w", i%100+1, res.Failure))
		}
	}
}
