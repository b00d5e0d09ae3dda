package verify

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"stampede/internal/trace"
)

// Traces are written here as scripts, one life a line:
//
//	1: +5.1{1,2,3} !1A 1.1A 2.1S ~6.1{1,2} 2.2A +6.1{1,2} end
//
// A life is its processor's id, with "/" and its incarnation if that is not 1.
//
//	!1A           send message 1, agreed (U, F, A, S)
//	2.1S          deliver message 1 of processor 2, safe
//	+5.1{1,2}     enter regular configuration 5.1; left and joined are what they
//	              should be, and {1,2}-2 says that 2 left too: it was restarted
//	~6.1{1}       the transitional event that leads to configuration 6.1
//	leave         as planned
//	settled       still running, and nothing is under way any more
//	partial       crashed before it had seen all that it was in
//	end           nothing: the record ends here
type script struct {
	lives   []trace.Processor
	events  [][]trace.Event // by life
	settled []bool
	partial []trace.Processor
}

func parseScript(t *testing.T, text string) *script {
	t.Helper()
	s := &script{}
	for _, line := range strings.Split(strings.TrimSpace(text), "\n") {
		name, rest, ok := strings.Cut(line, ":")
		if !ok {
			t.Fatalf("no life is named in %q", line)
		}
		w := scriptLife{who: parseLife(t, strings.TrimSpace(name))}
		w.add(trace.Event{Kind: trace.Start})
		settled := false
		for _, word := range strings.Fields(rest) {
			switch word {
			case "settled":
				settled = true
			case "partial":
				s.partial = append(s.partial, w.who)
			default:
				w.word(t, word)
			}
		}
		s.lives = append(s.lives, w.who)
		s.events = append(s.events, w.events)
		s.settled = append(s.settled, settled)
	}
	return s
}

type scriptLife struct {
	who     trace.Processor
	events  []trace.Event
	here    trace.Config
	members []uint32
	along   []uint32
}

func (w *scriptLife) add(e trace.Event) {
	e.Who, e.Time = w.who, int64(len(w.events)+1)
	w.events = append(w.events, e)
}

func (w *scriptLife) word(t *testing.T, word string) {
	switch {
	case word == "end":
	case word == "leave":
		w.add(trace.Event{Kind: trace.Leave})
	case word[0] == '!':
		number, g := parseMessage(t, word[1:])
		w.add(trace.Event{Kind: trace.Send, Message: trace.Message{Sender: w.who, Number: number}, Guarantee: g, Groups: []string{"g"}})
	case word[0] == '+':
		id, members, more := parseView(t, word[1:])
		w.add(trace.Event{
			Kind: trace.Change, View: trace.Regular, Config: id, From: w.here, Members: members,
			Left: slices.Sorted(slices.Values(append(minus(w.members, members), more...))), Joined: minus(members, w.along),
		})
		w.here, w.members, w.along = id, members, nil
	case word[0] == '~':
		id, members, _ := parseView(t, word[1:])
		w.add(trace.Event{Kind: trace.Change, View: trace.Transitional, Config: id, From: w.here, Members: members, Left: minus(w.members, members)})
		w.along = members
	default:
		sender, rest, _ := strings.Cut(word, ".")
		number, g := parseMessage(t, rest)
		w.add(trace.Event{Kind: trace.Deliver, Message: trace.Message{Sender: parseLife(t, sender), Number: number}, Guarantee: g, Groups: []string{"g"}, Config: w.here})
	}
}

func parseLife(t *testing.T, s string) trace.Processor {
	t.Helper()
	id, inc, ok := strings.Cut(s, "/")
	if !ok {
		inc = "1"
	}
	return trace.Processor{ID: uint32(atoi(t, id)), Incarnation: atoi(t, inc)}
}

func parseMessage(t *testing.T, s string) (uint64, trace.Guarantee) {
	t.Helper()
	g := strings.IndexByte("UFAS", s[len(s)-1])
	if g < 0 {
		t.Fatalf("no guarantee in %q", s)
	}
	return atoi(t, s[:len(s)-1]), trace.Guarantee(g)
}

// parseView reads 5.1{1,2} and 5.1{1,2}-2.
func parseView(t *testing.T, s string) (id trace.Config, members, more []uint32) {
	t.Helper()
	name, rest, _ := strings.Cut(s, "{")
	epoch, rep, _ := strings.Cut(name, ".")
	id = trace.Config{Epoch: atoi(t, epoch), Rep: uint32(atoi(t, rep))}
	list, extra, _ := strings.Cut(rest, "}")
	for _, m := range strings.Split(list, ",") {
		members = append(members, uint32(atoi(t, m)))
	}
	for _, m := range strings.Split(strings.TrimPrefix(extra, "-"), "-") {
		if m != "" {
			more = append(more, uint32(atoi(t, m)))
		}
	}
	return id, members, more
}

func atoi(t *testing.T, s string) uint64 {
	t.Helper()
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func minus(all, without []uint32) (rest []uint32) {
	for _, id := range all {
		if !slices.Contains(without, id) {
			rest = append(rest, id)
		}
	}
	return rest
}

// judgeScript judges with a checker, which is reset first.
func (s *script) judge(t *testing.T, c *Checker) []Violation {
	t.Helper()
	c.Reset()
	for i := range s.events {
		for j := range s.events[i] {
			if err := c.Add(&s.events[i][j]); err != nil {
				t.Fatal(err)
			}
		}
		if s.settled[i] {
			if err := c.Settle(s.lives[i]); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, p := range s.partial {
		c.Partial(p)
	}
	return c.Finish()
}

// event returns the nth event of a kind in the life that is named, to change it.
func (s *script) event(t *testing.T, life string, k trace.Kind, n int) *trace.Event {
	t.Helper()
	for i := range s.lives {
		if s.lives[i] != parseLife(t, life) {
			continue
		}
		for j := range s.events[i] {
			if s.events[i][j].Kind != k {
				continue
			}
			if n--; n == 0 {
				return &s.events[i][j]
			}
		}
	}
	t.Fatalf("life %s has no such event", life)
	return nil
}

// broken are the names of the rules that were broken, each once, sorted.
func broken(violations []Violation) string {
	var names []string
	for _, v := range violations {
		names = append(names, v.Rule.String())
	}
	slices.Sort(names)
	return strings.Join(slices.Compact(names), " ")
}

func tell(violations []Violation) string {
	var b strings.Builder
	for i := range violations {
		fmt.Fprintln(&b, violations[i].String())
	}
	return b.String()
}
