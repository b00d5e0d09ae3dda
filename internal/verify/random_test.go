package verify

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"stampede/internal/trace"
)

var (
	firstSeed = flag.Uint64("seed", 0, "of the random worlds (default random)")
	worlds    = flag.Int("worlds", 1000, "how many random worlds")
)

// seeds prints the first of the seeds that a test uses.
func seeds(t *testing.T) uint64 {
	seed := *firstSeed
	if seed == 0 {
		seed = rand.Uint64() >> 32
	}
	t.Logf("-seed %d", seed)
	return seed
}

func TestRandomWorldsAreAccepted(t *testing.T) {
	seed := seeds(t)
	checkers := map[bool]*Checker{true: New(Options{Exact: true}), false: New(Options{})}
	var all Summary
	for i := range uint64(*worlds) {
		w := newWorld(seed+i, "")
		w.run(50 + w.rng.IntN(1000))
		c := checkers[w.exact]
		if violations := w.script().judge(t, c); len(violations) > 0 {
			t.Fatalf("-seed %d -worlds 1: rejected:\n%s", seed+i, tell(violations))
		}
		s := c.Summary()
		all.Events += s.Events
		all.Lives += s.Lives
		all.Configurations += s.Configurations
		all.Deliveries += s.Deliveries
	}
	t.Logf("%d worlds: %+v", *worlds, all)
}

// mutations change one thing in the events of a life; some leave a good trace good.
var mutations = []struct {
	name  string
	kinds []trace.Kind // of the event that is changed
	do    func(rng *rand.Rand, events []trace.Event, at int) []trace.Event
}{
	{"drop", []trace.Kind{trace.Deliver, trace.Send, trace.Change}, func(_ *rand.Rand, events []trace.Event, at int) []trace.Event {
		return slices.Delete(events, at, at+1)
	}},
	{"swap", []trace.Kind{trace.Deliver, trace.Send, trace.Change}, func(_ *rand.Rand, events []trace.Event, at int) []trace.Event {
		if at+1 < len(events) && events[at+1].Kind != trace.Leave {
			events[at], events[at+1] = events[at+1], events[at]
		}
		return events
	}},
	{"swap messages", []trace.Kind{trace.Deliver}, func(rng *rand.Rand, events []trace.Event, at int) []trace.Event {
		if i := 1 + rng.IntN(len(events)-1); events[i].Kind == trace.Deliver {
			a, b := &events[at], &events[i]
			a.Message, a.Guarantee, b.Message, b.Guarantee = b.Message, b.Guarantee, a.Message, a.Guarantee
		}
		return events
	}},
	{"move", []trace.Kind{trace.Deliver, trace.Deliver, trace.Send, trace.Change}, func(rng *rand.Rand, events []trace.Event, at int) []trace.Event {
		e := events[at]
		events = slices.Delete(events, at, at+1)
		to := 1 + rng.IntN(len(events))
		if events[to-1].Kind == trace.Leave {
			to--
		}
		if e.Kind == trace.Deliver { // it says what is there
			for _, before := range events[:to] {
				if before.Kind == trace.Change && before.View == trace.Regular {
					e.Config = before.Config
				}
			}
		}
		return slices.Insert(events, to, e)
	}},
	{"repeat", []trace.Kind{trace.Deliver, trace.Send, trace.Change}, func(_ *rand.Rand, events []trace.Event, at int) []trace.Event {
		return slices.Insert(events, at, events[at])
	}},
	{"cut short", []trace.Kind{trace.Deliver, trace.Send, trace.Change}, func(_ *rand.Rand, events []trace.Event, at int) []trace.Event {
		return events[:at]
	}},
	{"another guarantee", []trace.Kind{trace.Deliver, trace.Send}, func(rng *rand.Rand, events []trace.Event, at int) []trace.Event {
		events[at].Guarantee = trace.Guarantee(rng.IntN(4))
		return events
	}},
	{"another message", []trace.Kind{trace.Deliver}, func(rng *rand.Rand, events []trace.Event, at int) []trace.Event {
		e := &events[at]
		if rng.IntN(2) == 0 {
			e.Message.Number += uint64(rng.IntN(3)) - 1
		} else {
			e.Message.Sender.ID = 1 + uint32(rng.IntN(4))
		}
		return events
	}},
	{"another configuration", []trace.Kind{trace.Deliver, trace.Change, trace.Change}, func(rng *rand.Rand, events []trace.Event, at int) []trace.Event {
		c := &events[at].Config
		if rng.IntN(3) == 0 && events[at].From.Rep != 0 {
			c = &events[at].From
		}
		c.Epoch += uint64(rng.IntN(3)) - 1
		c.Rep = max(1, c.Rep+uint32(rng.IntN(3))-1)
		return events
	}},
	{"another list", []trace.Kind{trace.Change}, func(rng *rand.Rand, events []trace.Event, at int) []trace.Event {
		e := &events[at]
		list := []*[]uint32{&e.Members, &e.Left, &e.Joined}[rng.IntN(3)]
		id := 1 + uint32(rng.IntN(5))
		if changed := minus(*list, []uint32{id}); len(changed) == len(*list) {
			*list = append(changed, id)
			slices.Sort(*list)
		} else {
			*list = changed
		}
		if len(e.Members) == 0 {
			e.Members = []uint32{id}
		}
		return events
	}},
}

// reorder exchanges two messages wherever they are delivered after one
// transitional event, or everywhere else: those who made the cut still agree.
func (s *script) reorder(rng *rand.Rand) string {
	type tail struct {
		cut  [2]trace.Config
		list []trace.Event
	}
	var tails []tail
	for i := range s.events {
		var cut *tail
		for _, e := range s.events[i] {
			switch {
			case e.Kind == trace.Change:
				cut = nil
				if e.View == trace.Transitional {
					tails = append(tails, tail{cut: [2]trace.Config{e.From, e.Config}})
					cut = &tails[len(tails)-1]
				}
			case e.Kind == trace.Deliver && e.Guarantee >= trace.Agreed && cut != nil:
				cut.list = append(cut.list, e)
			}
		}
	}
	tails = slices.DeleteFunc(tails, func(t tail) bool { return len(t.list) < 2 })
	if len(tails) == 0 {
		return "nothing"
	}
	t := tails[rng.IntN(len(tails))]
	a := rng.IntN(len(t.list) - 1)
	b := a + 1 + rng.IntN(min(2, len(t.list)-1-a))
	elsewhere := rng.IntN(3) == 0
	for i := range s.events {
		s.events[i] = slices.Clone(s.events[i])
		var cut [2]trace.Config
		for j := range s.events[i] {
			e := &s.events[i][j]
			switch {
			case e.Kind == trace.Change:
				cut = [2]trace.Config{e.From, e.Config}
			case e.Kind == trace.Deliver && (cut == t.cut) != elsewhere && e.Message == t.list[a].Message:
				e.Message, e.Guarantee = t.list[b].Message, t.list[b].Guarantee
			case e.Kind == trace.Deliver && (cut == t.cut) != elsewhere && e.Message == t.list[b].Message:
				e.Message, e.Guarantee = t.list[a].Message, t.list[a].Guarantee
			}
		}
	}
	return fmt.Sprintf("reorder: %v and %v, elsewhere: %v", t.list[a].Message, t.list[b].Message, elsewhere)
}

// mutate changes one thing, and returns what.
func (s *script) mutate(rng *rand.Rand) string {
	if rng.IntN(3) == 0 {
		return s.reorder(rng)
	}
	for {
		m := &mutations[rng.IntN(len(mutations))]
		i := rng.IntN(len(s.lives))
		at := rng.IntN(len(s.events[i]))
		if !slices.Contains(m.kinds, s.events[i][at].Kind) {
			if rng.IntN(100) == 0 {
				return "nothing"
			}
			continue
		}
		text := fmt.Sprintf("%s: event %d of %v", m.name, at+1, s.lives[i])
		s.events[i] = m.do(rng, slices.Clone(s.events[i]), at)
		return text
	}
}

// A mutated trace is accepted by the Checker if and only if it is accepted by
// the reference.
func TestMutatedTracesAreJudgedAsTheReferenceDoes(t *testing.T) {
	seed := seeds(t)
	c := map[bool]*Checker{true: New(Options{Exact: true}), false: New(Options{})}
	verdicts := map[string][2]int{}
	for i := range uint64(*worlds) {
		w := newWorld(seed+i, "")
		w.run(20 + w.rng.IntN(200))
		s := w.script()
		if !s.accepts(w.exact) {
			t.Fatalf("-seed %d -worlds 1: the reference rejects a good trace", seed+i)
		}
		for range 10 {
			mutant := w.script()
			text := mutant.mutate(w.rng)
			violations := mutant.judge(t, c[w.exact])
			good := mutant.accepts(w.exact)
			if (len(violations) == 0) != good {
				t.Fatalf("-seed %d -worlds 1: %s: accepted by the reference: %v, exact: %v, and the checker says\n%s%s",
					seed+i, text, good, w.exact, tell(violations), mutant.show())
			}
			name, _, _ := strings.Cut(text, ":")
			v := verdicts[name]
			v[min(1, len(violations))]++
			verdicts[name] = v
		}
	}
	for name, v := range verdicts {
		t.Logf("%s: %d still good, %d rejected", name, v[0], v[1])
		if v[1] == 0 && name != "nothing" {
			t.Errorf("%s: nothing was ever rejected", name)
		}
	}
}

// show gives the script as parseScript reads it, near enough.
func (s *script) show() string {
	var b strings.Builder
	for i, l := range s.lives {
		fmt.Fprintf(&b, "%v:", l)
		for _, e := range s.events[i] {
			switch e.Kind {
			case trace.Send:
				fmt.Fprintf(&b, " !%d%c", e.Message.Number, "UFAS"[e.Guarantee])
			case trace.Deliver:
				fmt.Fprintf(&b, " %v.%d%c", e.Message.Sender, e.Message.Number, "UFAS"[e.Guarantee])
			case trace.Change:
				fmt.Fprintf(&b, " %c%v%v-%v+%v", " +~"[e.View], e.Config, e.Members, e.Left, e.Joined)
			case trace.Leave:
				b.WriteString(" leave")
			}
		}
		fmt.Fprintln(&b, map[bool]string{true: " settled", false: " end"}[s.settled[i]])
	}
	return b.String()
}
