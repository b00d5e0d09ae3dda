package order

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"stampede/wire"
)

// TestCut lets random worlds run, takes some members out of them at a random
// moment, and lets the others leave the configuration together.
func TestCut(t *testing.T) {
	n := 5 * *seeds
	if testing.Short() {
		n /= 4
	}
	for i := range n {
		seed := *firstSeed + uint64(i)
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) { cutWorld(t, seed) })
	}
}

// leaving is what a member delivers in each part of the cut.
type leaving struct {
	n                       *node
	answer                  *wire.Answer
	promised                uint64 // own messages up to this one were sent
	regular, walked, beyond []got
}

func cutWorld(t *testing.T, seed uint64) {
	w := newWorld(t, seed, shape{})
	r := w.rng
	w = newWorld(t, seed, shape{members: 1 + r.IntN(5), datagram: 256 + r.IntN(600), window: 10 + r.IntN(100)})
	w.fault = fault{loss: float64(r.IntN(4)) * 0.1, duplicate: 0.05, reorder: 0.2, delay: 20_000 + r.Int64N(500_000)}
	only := wire.Guarantee(r.IntN(8))
	for range 1 + r.IntN(4) {
		for _, n := range w.nodes {
			n.randomMessages(only)
			if r.IntN(4) == 0 {
				n.s.HandOff(wire.ProcessorID(10 * (1 + r.IntN(len(w.nodes)))))
			}
		}
		w.run(r.Int64N(3_000_000), func() bool { return false })
	}
	ls := w.split()
	w.exchange(ls)
	w.judgeCut(ls)
}

// split chooses who goes on and lets them freeze one after the other, while
// datagrams still arrive. The rest is gone.
func (w *world) split() (ls []*leaving) {
	r := w.rng
	for _, n := range w.nodes {
		if r.IntN(3) > 0 || len(ls) == 0 && n == w.nodes[len(w.nodes)-1] {
			ls = append(ls, &leaving{n: n})
		}
	}
	for _, l := range ls {
		w.run(r.Int64N(300_000), func() bool { return false })
		l.n.s.Freeze()
		l.answer = &wire.Answer{Proposal: wire.ConfigID{Epoch: 8}, Old: l.n.s.cfg.ID}
		l.n.s.Report(l.answer)
		l.promised = l.n.s.send.message[(l.n.s.send.next-1)&l.n.s.self.mask]
	}
	w.run(r.Int64N(1_000_000), func() bool { return false })
	return ls
}

// exchange sends what each lacks of the union, and cuts.
func (w *world) exchange(ls []*leaving) {
	w.t.Helper()
	var ids []wire.ProcessorID
	var answers []*wire.Answer
	for _, l := range ls {
		ids = append(ids, l.n.s.ids[l.n.i])
		answers = append(answers, l.answer)
	}
	for k, l := range ls {
		// The answers of all reach each in another order.
		is, as := append(slices.Clone(ids[k:]), ids[:k]...), append(slices.Clone(answers[k:]), answers[:k]...)
		u, ok := NewUnion(l.n.s.Members(), is, as)
		if !ok {
			w.t.Fatal("no union")
		}
		for _, lack := range l.n.s.Lacking(u, nil) {
			i := l.n.s.index(lack.Stream)
			for d := lack.First; d < lack.First+uint64(lack.Count); d++ {
				from := w.nodes[u.Holder(i, d, w.rng.IntN(5))]
				sl := from.s.streams[i].held(d)
				if sl == nil {
					w.t.Fatalf("member %d does not hold datagram %d of %d, which it reported", from.i, d, i)
				}
				dg := from.s.datagram(sl)
				b := bytes.Join(append([][]byte{dg.Bytes}, dg.Tail...), nil)
				var h wire.Header
				if v := l.n.door.Check(b, &h); v != wire.OK {
					w.t.Fatalf("datagram %d of %d is refused: %v", d, i, v)
				}
				l.n.s.restore(i, &h, b)
			}
		}
		if lacking := l.n.s.Lacking(u, nil); len(lacking) > 0 {
			w.t.Fatalf("member %d still lacks %v", l.n.i, lacking)
		}
		l.cut(w, u)
	}
}

func (l *leaving) cut(w *world, u *Union) {
	s := l.n.s
	note := func(out []Delivery) []got {
		at := len(l.n.got)
		for i := range out {
			l.n.takeAnyway(&out[i])
		}
		return slices.Clone(l.n.got[at:])
	}
	s.Cut(u)
	before := slices.Clone(l.n.got)
	out, done := s.CutRegular()
	if !done {
		w.t.Fatal("the cut ran out of memory")
	}
	l.regular = append(before, note(out)...)
	for s.cut.step == transition && s.cutWalk() {
	}
	l.walked = note(s.handOut())
	out, done = s.CutTransitional()
	if !done {
		w.t.Fatalf("the cut stopped at step %d", s.cut.step)
	}
	l.beyond = note(out)
}

// takeAnyway is take without the check that safe messages are held by all: in
// the cut they are safe with respect to those who go on.
func (n *node) takeAnyway(d *Delivery) {
	n.cutting = true
	n.take(d)
}

func set(gs []got) map[got]bool {
	m := map[got]bool{}
	for _, g := range gs {
		m[g] = true
	}
	return m
}

func sameSet(a, b []got) bool {
	x, y := set(a), set(b)
	if len(x) != len(y) {
		return false
	}
	for g := range x {
		if !y[g] {
			return false
		}
	}
	return true
}

func orderedOnly(gs []got) []got {
	return slices.DeleteFunc(slices.Clone(gs), func(g got) bool { return g.guarantee < wire.Agreed })
}

// judgeCut checks what extended virtual synchrony promises of it.
func (w *world) judgeCut(ls []*leaving) {
	t, first := w.t, ls[0]
	gone := map[int]bool{}
	for i := range w.nodes {
		gone[i] = true
	}
	for _, l := range ls {
		delete(gone, l.n.i)
		// Failure atomicity: those who go together deliver the same, in the same part.
		for part, gs := range map[string][2][]got{
			"regular": {l.regular, first.regular}, "walk": {l.walked, first.walked}, "rest": {l.beyond, first.beyond},
		} {
			if !sameSet(gs[0], gs[1]) || !slices.Equal(orderedOnly(gs[0]), orderedOnly(gs[1])) {
				t.Fatalf("members %d and %d delivered different messages in the %s: %v and %v", l.n.i, first.n.i, part, gs[0], gs[1])
			}
		}
		w.judgeFIFO(l.n)
		// Self-delivery of everything that was sent.
		for number := uint64(1); number <= l.promised; number++ {
			if !l.n.seen[name{l.n.i, number}] {
				t.Fatalf("member %d did not deliver its own %d", l.n.i, number)
			}
		}
	}
	placed := orderedOnly(append(slices.Clone(first.regular), first.walked...))
	for i := range gone {
		w.judgeGone(w.nodes[i], first, placed)
	}
}

// judgeGone: what a member that is gone delivered safe, the others deliver; and
// where those who go on know the place of messages, it is the same there.
func (w *world) judgeGone(n *node, first *leaving, placed []got) {
	at := map[got]int{}
	for i, g := range placed {
		at[g] = i
	}
	last := -1
	for _, g := range n.got {
		if g.guarantee == wire.Safe && !first.n.seen[g.name] {
			w.t.Fatalf("member %d, which is gone, delivered safe %v; member %d never does", n.i, g.name, first.n.i)
		}
		i, ok := at[g]
		if g.guarantee < wire.Agreed || !ok {
			continue
		}
		if i < last {
			w.t.Fatalf("member %d, which is gone, delivered %v in another place", n.i, g)
		}
		last = i
	}
}
