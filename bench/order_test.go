package bench

import (
	"math/rand/v2"
	"slices"
	"testing"

	"stampede/evs"
)

// sent is what senders 1 to n send: count messages and a marker each, taking
// turns by chance.
func sent(chance *rand.Rand, senders, count, size int) []evs.Event {
	var all []evs.Event
	left := make([]uint64, senders) // sent so far
	for len(all) < senders*(count+1) {
		i := chance.IntN(senders)
		if left[i] == uint64(count)+1 {
			continue
		}
		p := newMarker(size, uint64(count))
		if left[i] < uint64(count) {
			p = newPayload(size, letters)
			label(p, left[i], 0)
		}
		left[i]++
		all = append(all, evs.Event{Kind: evs.Deliver, Sender: evs.ProcessorID(i + 1), Number: left[i], Payload: p})
	}
	return all
}

const (
	testSenders = 3
	testCount   = 30
)

// judged has one host deliver events as they were sent and another as changed.
func judged(g evs.Guarantee, size int, events, changed []evs.Event) (verdict, bool) {
	a, b := newCheck(size, testSenders, 1, g), newCheck(size, testSenders, 1, g)
	for i := range events {
		a.deliver(&events[i])
	}
	for i := range changed {
		b.deliver(&changed[i])
	}
	n := uint64(testCount + 1)
	return judge([]digest{a.digest(), b.digest()}, []uint64{n, n, n}), a.complete() && b.complete()
}

// Of a sender that was killed the hosts must have the same beginning, as long
// as it may be, and wait for no end.
func TestCheckOfAKilledSender(t *testing.T) {
	const seed = 3
	events := sent(rand.New(rand.NewPCG(seed, 0)), testSenders, testCount, 64)
	without := func(from, to uint64) []evs.Event { // numbers of sender 1
		return slices.DeleteFunc(slices.Clone(events), func(e evs.Event) bool { return e.Sender == 1 && e.Number >= from && e.Number < to })
	}
	const end = testCount + 2
	for _, c := range []struct {
		name string
		a, b []evs.Event
		ok   bool
	}{
		{"all but the end", without(20, end), without(20, end), true},
		{"nothing", without(0, end), without(0, end), true},
		{"one has more", without(20, end), without(21, end), false},
		{"a hole", without(20, 21), without(20, 21), false},
	} {
		for _, g := range guarantees {
			var digests []digest
			for host, events := range [][]evs.Event{c.a, c.b} {
				k := newCheck(64, testSenders, 1, g.meaning)
				k.spare(1)
				for i := range events {
					k.deliver(&events[i])
				}
				if !k.complete() {
					t.Errorf("%s, %s: host %d waits for a marker that will not come", c.name, g.word, host+2)
				}
				digests = append(digests, k.digest())
			}
			const n = uint64(testCount + 1)
			if v := judge(digests, []uint64{untold, n, n}); (v.OrderOK && v.Lost == 0) != c.ok {
				t.Errorf("%s, %s: %+v", c.name, g.word, v)
			}
		}
	}
}

func TestCheckAcceptsTheSame(t *testing.T) {
	const seed = 1
	for _, size := range []int{0, 1, 8, 15, 16, 17, 24, 64, 1350} {
		for _, g := range guarantees {
			events := sent(rand.New(rand.NewPCG(seed, uint64(size))), testSenders, testCount, size)
			v, complete := judged(g.meaning, size, events, slices.Clone(events))
			if !v.OrderOK || v.Lost+v.Duplicates+v.Damaged != 0 || !complete {
				t.Errorf("%d B, %s: %+v, complete %v", size, g.word, v, complete)
			}
		}
	}
}

// Every message swapped with its neighbour, dropped or doubled must be found,
// wherever it stands and however little it carries.
func TestCheckFindsEveryFault(t *testing.T) {
	const seed = 2
	for _, size := range []int{0, 64} {
		events := sent(rand.New(rand.NewPCG(seed, uint64(size))), testSenders, testCount, size)
		for i := range len(events) - 1 {
			swapped := slices.Clone(events)
			swapped[i], swapped[i+1] = swapped[i+1], swapped[i]
			same := events[i].Sender == events[i+1].Sender
			for _, g := range guarantees {
				fine := g.meaning == evs.Unordered || g.meaning == evs.FIFO && !same
				if v, _ := judged(g.meaning, size, events, swapped); v.OrderOK != fine || v.Lost+v.Duplicates > 0 {
					t.Fatalf("%d B, %s, %d swapped: %+v", size, g.word, i, v)
				}
				v, complete := judged(g.meaning, size, events, slices.Delete(slices.Clone(events), i, i+1))
				if v.Lost != 1 || v.Duplicates != 0 || complete {
					t.Fatalf("%d B, %s, %d dropped: %+v, complete %v", size, g.word, i, v, complete)
				}
				v, _ = judged(g.meaning, size, events, slices.Insert(slices.Clone(events), i, events[i]))
				if v.Lost != 0 || v.Duplicates != 1 || v.OrderOK {
					t.Fatalf("%d B, %s, %d doubled: %+v", size, g.word, i, v)
				}
			}
		}
	}
}

func TestCheckFindsDamage(t *testing.T) {
	const seed, size = 3, 100
	events := sent(rand.New(rand.NewPCG(seed, 0)), testSenders, testCount, size)
	for name, damage := range map[string]func(*evs.Event){
		"beginning": func(e *evs.Event) { e.Payload[0] ^= 1 },
		"end":       func(e *evs.Event) { e.Payload[size-1] ^= 1 },
		"cut":       func(e *evs.Event) { e.Payload = e.Payload[:size-1] },
		"longer":    func(e *evs.Event) { e.Payload = append(e.Payload, 0) },
		"sender":    func(e *evs.Event) { e.Sender = testSenders + 1 },
		"nobody":    func(e *evs.Event) { e.Sender = 0 },
	} {
		for _, g := range guarantees {
			changed := slices.Clone(events)
			changed[10].Payload = slices.Clone(changed[10].Payload)
			damage(&changed[10])
			if v, _ := judged(g.meaning, size, events, changed); v.OrderOK {
				t.Errorf("%s, %s: %+v", name, g.word, v)
			}
		}
	}
}

func TestCheckFindsMessagesNeverSent(t *testing.T) {
	const size = 64
	events := sent(rand.New(rand.NewPCG(4, 0)), testSenders, testCount, size)
	more := append(slices.Clone(events), evs.Event{Kind: evs.Deliver, Sender: 1, Number: testCount + 2, Payload: newPayload(size, letters)})
	if v, _ := judged(evs.Unordered, size, more, more); v.OrderOK {
		t.Errorf("%+v", v)
	}
}

// A ledger must count like a set does.
func TestLedgerAgainstASet(t *testing.T) {
	for seed := range uint64(50) {
		chance := rand.New(rand.NewPCG(seed, 5))
		l := ledger{next: 1}
		seen := map[uint64]bool{}
		var duplicates uint64
		for n := uint64(1); n < 2000; n++ {
			number := n
			switch chance.IntN(10) {
			case 0:
				number = 1 + chance.Uint64N(n) // an old one
			case 1:
				number = n + chance.Uint64N(300) // one ahead
			}
			if l.see(number) == seen[number] {
				t.Fatalf("seed %d: %d taken for seen %v", seed, number, seen[number])
			}
			if seen[number] {
				duplicates++
			}
			seen[number] = true
		}
		if l.distinct() != uint64(len(seen)) || l.duplicates != duplicates {
			t.Errorf("seed %d: %d distinct, %d twice; want %d, %d", seed, l.distinct(), l.duplicates, len(seen), duplicates)
		}
	}
}

// What is missing for longer than the window stays missing, and what comes
// after it counts.
func TestLedgerBeyondItsWindow(t *testing.T) {
	l := ledger{next: 1}
	for _, number := range []uint64{2, 5, window + 10, window + 11, 3 * window, window + 12, 3*window - 1} {
		if fresh, late := l.see(number), number == window+12; fresh == late {
			t.Errorf("%d taken for new: %v", number, fresh)
		}
	}
	if l.distinct() != 6 || l.duplicates != 1 || l.last() != 3*window {
		t.Errorf("%d distinct, %d twice, last %d", l.distinct(), l.duplicates, l.last())
	}
}

func TestTakingAllocatesNothing(t *testing.T) {
	s := Default()
	k := newSink(&assignment{Scenario: s, Host: 1}, &schedule{Warm: 0, End: longest})
	events := sent(rand.New(rand.NewPCG(6, 0)), testSenders, testCount, s.Size)
	for i := range events {
		if len(events[i].Payload) == s.Size {
			label(events[i].Payload, uint64(i), int64(i)) // timed
		}
	}
	if n := testing.AllocsPerRun(10, func() { k.take(events) }); n > 0 {
		t.Errorf("%g allocations in %d messages", n, len(events))
	}
}

func BenchmarkTake(b *testing.B) {
	s := Default()
	k := newSink(&assignment{Scenario: s, Host: 1}, &schedule{Warm: 1, End: 2})
	events := sent(rand.New(rand.NewPCG(7, 0)), testSenders, testCount, s.Size)
	events = slices.DeleteFunc(events, func(e evs.Event) bool { return len(e.Payload) != s.Size })
	b.ReportAllocs()
	n := uint64(0)
	for b.Loop() {
		k.take(events)
		for i := range events { // as if they were the next
			events[i].Number += testCount
		}
		n += uint64(len(events))
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/message")
}
