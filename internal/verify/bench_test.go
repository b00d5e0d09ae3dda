package verify

import (
	"math/rand/v2"
	"testing"

	"stampede/internal/trace"
)

// BenchmarkChecker is a flood: five processors deliver messages of all of them
// in one order, with a configuration change after every 100,000 messages that
// leaves 1,000 for the transitional configuration. It tells ns for one event.
func BenchmarkChecker(b *testing.B) {
	const processors = 5
	c := New(Options{})
	b.ReportAllocs()
	for done := 0; done < b.N; {
		c.Reset()
		flood(b, c, processors, min(max(b.N-done, 1000), 10_000_000)/(processors+1))
		done += c.Summary().Events
		if v := c.Finish(); len(v) > 0 {
			b.Fatal(tell(v[:1]))
		}
	}
}

func flood(tb testing.TB, c *Checker, processors, messages int) {
	add := func(e trace.Event) {
		if err := c.Add(&e); err != nil {
			tb.Fatal(err)
		}
	}
	who := func(i int) trace.Processor { return trace.Processor{ID: uint32(i + 1), Incarnation: 1} }
	var members []uint32
	for i := range processors {
		members = append(members, uint32(i+1))
	}
	config := trace.Config{Epoch: 1, Rep: 1}
	for i := range processors {
		add(trace.Event{Who: who(i), Kind: trace.Start})
		add(trace.Event{Who: who(i), Kind: trace.Change, View: trace.Regular, Config: config, Members: members, Joined: members})
	}
	message := func(n int) trace.Message {
		return trace.Message{Sender: who(n % processors), Number: uint64(n/processors) + 1}
	}
	sent := 0
	for n := range messages {
		ahead := n // what is sent by now
		if n%100_000 == 99_000 {
			ahead += 1000
		}
		for ; sent <= ahead; sent++ {
			add(trace.Event{Who: message(sent).Sender, Kind: trace.Send, Message: message(sent), Guarantee: trace.Agreed})
		}
		next := trace.Config{Epoch: config.Epoch + 1, Rep: 1}
		for i := range processors {
			if n%100_000 == 99_001 {
				add(trace.Event{Who: who(i), Kind: trace.Change, View: trace.Transitional, Config: next, From: config, Members: members})
			}
			add(trace.Event{Who: who(i), Kind: trace.Deliver, Message: message(n), Guarantee: trace.Agreed, Config: config})
			if n%100_000 == 99_999 {
				add(trace.Event{Who: who(i), Kind: trace.Change, View: trace.Regular, Config: next, From: config, Members: members})
			}
		}
		if n%100_000 == 99_999 {
			config = next
		}
	}
}

// BenchmarkWorld is one small random world, as a simulator makes them by the thousand.
func BenchmarkWorld(b *testing.B) {
	var scripts []*script
	for i := range uint64(200) {
		w := newWorld(i, "")
		w.run(50 + w.rng.IntN(1000))
		scripts = append(scripts, w.script())
	}
	c := New(Options{})
	rng := rand.New(rand.NewPCG(1, 1))
	b.ReportAllocs()
	for b.Loop() {
		s := scripts[rng.IntN(len(scripts))]
		c.Reset()
		for i := range s.events {
			for j := range s.events[i] {
				if err := c.Add(&s.events[i][j]); err != nil {
					b.Fatal(err)
				}
			}
		}
		c.Finish()
	}
}
