package libevs

import (
	"fmt"
	"slices"
	"testing"

	"stampede/internal/trace"
)

// section is what a program was told in one configuration.
type section struct {
	of      string
	config  trace.Config
	regular []trace.Message // delivered before the transitional event
	rest    []trace.Message // and after it
	next    string          // where it went from there, and with whom; empty: it ended there
	whole   bool            // it came there from another configuration, and missed nothing
}

// sections are those of a whole record, in their order.
func sections(w *witness) (all []section) {
	var s *section
	for i := range w.events {
		e := &w.events[i]
		switch {
		case e.Kind == trace.Start:
			s = nil
		case e.Kind == trace.Deliver && s != nil && s.next == "":
			s.regular = append(s.regular, e.Message)
		case e.Kind == trace.Deliver && s != nil:
			s.rest = append(s.rest, e.Message)
		case e.Kind == trace.Change && e.View == trace.Transitional && s != nil:
			s.next = fmt.Sprint(e.Config, " with ", e.Members)
		case e.Kind == trace.Change && e.View == trace.Regular:
			all = append(all, section{of: w.name, config: e.Config, whole: s != nil})
			s = &all[len(all)-1]
		}
	}
	return all
}

// judgeVisitors tells what is wrong with the records of programs that come and go
// at daemons that go on, of messages in agreed and safe order. What verify takes
// for granted, that a record begins and ends with a processor's life, is not so
// for these: they may begin and end anywhere.
func judgeVisitors(records []*witness) (wrong []string) {
	configs, changes := map[trace.Config][]section{}, map[string][]section{}
	for _, w := range records {
		for _, s := range sections(w) {
			configs[s.config] = append(configs[s.config], s)
			if s.next != "" {
				changes[fmt.Sprint(s.config, " to ", s.next)] = append(changes[fmt.Sprint(s.config, " to ", s.next)], s)
			}
			wrong = append(wrong, gaps(&s)...)
		}
	}
	for config, all := range configs {
		wrong = append(wrong, judgeOrder(config, all)...)
	}
	for change, all := range changes {
		wrong = append(wrong, judgeChange(change, all)...)
	}
	return append(wrong, judgeSends(records)...)
}

// judgeOrder puts together the one order of which each program was told a
// stretch without gaps.
func judgeOrder(config trace.Config, all []section) (wrong []string) {
	all = slices.DeleteFunc(slices.Clone(all), func(s section) bool { return len(s.regular) == 0 })
	slices.SortStableFunc(all, func(a, b section) int { return len(b.regular) - len(a.regular) })
	if len(all) == 0 {
		return nil
	}
	order, others := slices.Clone(all[0].regular), all[1:]
	for len(others) > 0 {
		left := others[:0:0]
		for _, s := range others {
			whole, ok := overlay(order, s.regular)
			if !ok {
				left = append(left, s)
			}
			order = whole
		}
		if len(left) == len(others) {
			for _, s := range left {
				wrong = append(wrong, fmt.Sprintf("configuration %v: what %s was told is no stretch of the order", config, s.of))
			}
			return wrong
		}
		others = left
	}
	for _, s := range all {
		if s.whole && s.regular[0] != order[0] {
			wrong = append(wrong, fmt.Sprintf("configuration %v: %s was not told the beginning", config, s.of))
		}
	}
	return wrong
}

// overlay makes one order of two that have a stretch in common, if they do not
// contradict each other.
func overlay(a, b []trace.Message) (whole []trace.Message, ok bool) {
	at := slices.Index(a, b[0])
	if at < 0 {
		if at = slices.Index(b, a[0]); at < 0 {
			return a, false
		}
		a, b = b, a
	}
	n := min(len(a)-at, len(b))
	if !slices.Equal(a[at:at+n], b[:n]) {
		return a, false
	}
	return append(slices.Clip(a), b[n:]...), true
}

// judgeChange: who goes from one configuration to the next together was told the
// same in the first, from where the later one began on.
func judgeChange(change string, all []section) (wrong []string) {
	told := func(s *section) []trace.Message { return slices.Concat(s.regular, s.rest) }
	most := told(&all[0])
	for i := range all {
		if t := told(&all[i]); len(t) > len(most) {
			most = t
		}
	}
	for i := range all {
		if t := told(&all[i]); all[i].whole && len(t) < len(most) || !slices.Equal(t, most[len(most)-len(t):]) {
			wrong = append(wrong, fmt.Sprintf("configuration %s: %s was not told what another one was", change, all[i].of))
		}
	}
	return wrong
}

// gaps: of each sender, no message is left out of the middle of a configuration.
func gaps(s *section) (wrong []string) {
	last := map[trace.Processor]uint64{}
	for _, m := range s.regular {
		before, there := last[m.Sender]
		if there && m.Number != before+1 && (m.Number <= before || m.Number%visitorMessages != 1) {
			wrong = append(wrong, fmt.Sprintf("%s: %v follows number %d", s.of, m, before))
		}
		last[m.Sender] = m.Number
	}
	return wrong
}

// judgeSends: what was told was sent; and who was there to the end got all of its
// own, once.
func judgeSends(records []*witness) (wrong []string) {
	sent := map[trace.Message]bool{}
	for _, w := range records {
		for i := range w.events {
			if w.events[i].Kind == trace.Send {
				sent[w.events[i].Message] = true
			}
		}
	}
	for _, w := range records {
		open := map[trace.Message]bool{} // of the present life
		told := map[trace.Message]bool{}
		for i := range w.events {
			e := &w.events[i]
			switch e.Kind {
			case trace.Start:
				clear(open)
			case trace.Send:
				open[e.Message] = true
			case trace.Deliver:
				if !sent[e.Message] || told[e.Message] {
					wrong = append(wrong, fmt.Sprintf("%s was told %v; sent: %v, told before: %v", w.name, e.Message, sent[e.Message], told[e.Message]))
				}
				told[e.Message] = true
				delete(open, e.Message)
			}
		}
		if len(open) > 0 && !w.killed {
			wrong = append(wrong, fmt.Sprintf("%s did not get %d messages of its own", w.name, len(open)))
		}
	}
	return wrong
}

// told makes a record: messages by number, all of processor 1's life 1; 0 is a
// change of the configuration.
func told(name string, numbers ...uint64) *witness {
	w := &witness{name: name, killed: true}
	config := trace.Config{Epoch: 1, Rep: 1}
	w.events = []trace.Event{{Kind: trace.Start}, {Kind: trace.Change, View: trace.Regular, Config: config}}
	for _, n := range numbers {
		e := trace.Event{Kind: trace.Deliver, Message: trace.Message{Sender: trace.Processor{ID: 1, Incarnation: 1}, Number: n}}
		if n == 0 {
			config.Epoch++
			e = trace.Event{Kind: trace.Change, View: trace.Transitional, Config: config}
			w.events = append(w.events, e)
			e.View = trace.Regular
		}
		w.events = append(w.events, e)
	}
	return w
}

// sender sends what told tells of.
func sender(most uint64) *witness {
	w := &witness{name: "sender", killed: true}
	for n := range most {
		w.events = append(w.events, trace.Event{Kind: trace.Send, Message: trace.Message{Sender: trace.Processor{ID: 1, Incarnation: 1}, Number: n + 1}})
	}
	return w
}

// The judge finds what is wrong, and nothing else.
func TestVisitorsAreJudged(t *testing.T) {
	for _, c := range []struct {
		what string
		good bool
		a, b []uint64
	}{
		{"the same", true, []uint64{1, 2, 3}, []uint64{1, 2, 3}},
		{"one came later and went earlier", true, []uint64{1, 2, 3, 4}, []uint64{2, 3}},
		{"one went before the other ended", true, []uint64{1, 2, 3}, []uint64{3, 4}},
		{"with a change", true, []uint64{1, 2, 0, 3}, []uint64{2, 0, 3, 4}},
		{"a change after two beginnings", true, []uint64{2, 0, 3, 4}, []uint64{1, 2, 0, 3}},
		{"one less after a change", false, []uint64{1, 0, 2, 3}, []uint64{1, 0, 3}},
		{"nothing in common", false, []uint64{1, 2}, []uint64{3, 4}},
		{"one is missing", false, []uint64{1, 2, 3}, []uint64{1, 3}},
		{"another order", false, []uint64{1, 2, 3}, []uint64{1, 3, 2}},
		{"twice", false, []uint64{1, 2, 2}, nil},
		{"never sent", false, []uint64{1, 2, 3, 4, 5, 6}, nil},
		{"one less before a change", false, []uint64{1, 2, 3, 0, 4}, []uint64{1, 2, 0, 4}},
		{"in another configuration", false, []uint64{1, 2, 0, 3}, []uint64{1, 0, 2, 3}},
	} {
		found := judgeVisitors([]*witness{sender(5), told("a", c.a...), told("b", c.b...)})
		if c.good != (len(found) == 0) {
			t.Errorf("%s: %v", c.what, found)
		}
	}
	w := sender(2)
	if w.killed = false; len(judgeVisitors([]*witness{w, told("a", 1, 2)})) == 0 {
		t.Error("whoever did not get its own messages is not told")
	}
}
