package sim

import (
	"slices"
	"time"

	"stampede/wire"
)

// condition begins to be looked at when its line is come to; what it returns
// says whether it is true now.
type condition func(*world) func() bool

// condition reads
//
//	IDS delivered LABEL | IDS in {1,2} | IDS together | IDS gone
//	IDS sent KIND|FRAME [N] | IDS received KIND|FRAME [N]
//	not CONDITION | CONDITION and CONDITION
func (p *words) condition() condition {
	c := p.simple()
	for p.accept("and") {
		a, b := c, p.simple()
		c = func(w *world) func() bool {
			first, second := a(w), b(w)
			return func() bool { return first() && second() }
		}
	}
	return c
}

func (p *words) simple() condition {
	if p.accept("not") {
		c := p.simple()
		return func(w *world) func() bool {
			is := c(w)
			return func() bool { return !is() }
		}
	}
	ids := p.ids()
	switch verb := p.word(); verb {
	case "delivered":
		label := p.word()
		return ofAll(ids, func(_ *world, n *node) bool { return slices.Contains(n.log, entry{label, true}) })
	case "in":
		set := p.set()
		return ofAll(ids, func(_ *world, n *node) bool { return n.up && n.isIn(set) })
	case "together":
		return func(w *world) func() bool {
			return func() bool { return w.together(ids) }
		}
	case "gone":
		return ofAll(ids, func(_ *world, n *node) bool { return !n.up })
	case "sent", "received":
		return p.counted(ids, verb == "sent")
	default:
		p.fail("%q is no condition", verb)
		return nil
	}
}

// ofAll is a condition that is true when it is true of each processor.
func ofAll(ids []wire.ProcessorID, is func(*world, *node) bool) condition {
	return func(w *world) func() bool {
		return func() bool {
			return !slices.ContainsFunc(ids, func(id wire.ProcessorID) bool { return !is(w, w.node(id)) })
		}
	}
}

// counted is true when each has sent or received so many of a kind since the
// line was come to.
func (p *words) counted(ids []wire.ProcessorID, sent bool) condition {
	word := p.word()
	k, isKind := kindWords[word]
	t, isFrame := frameWords[word]
	if !isKind && !isFrame {
		p.fail("%q is no kind of datagram or frame", word)
	}
	times := 1
	if isNumber(p.peek()) {
		times = int(p.number(1, 1<<30))
	}
	count := func(n *node) int {
		switch o := &n.seen; {
		case isKind && sent:
			return o.sent[k]
		case isKind:
			return o.received[k]
		case sent:
			return o.framesSent[t]
		default:
			return o.framesReceived[t]
		}
	}
	return func(w *world) func() bool {
		before := map[wire.ProcessorID]int{}
		for _, id := range ids {
			before[id] = count(w.node(id))
		}
		return ofAll(ids, func(_ *world, n *node) bool { return count(n)-before[n.id] >= times })(w)
	}
}

func (n *node) isIn(set []wire.ProcessorID) bool {
	return n.config != nil && n.changed == nil && slices.EqualFunc(n.config.Members, set, func(m wire.Member, id wire.ProcessorID) bool { return m.ID == id })
}

// together says whether those of the processors that are up are in one
// configuration of exactly them. Who waits for a first configuration with
// somebody who is down does not count.
func (w *world) together(ids []wire.ProcessorID) bool {
	var up []wire.ProcessorID
	var first *node
	for _, id := range ids {
		if n := w.node(id); n.up && !w.waits(n) {
			if up = append(up, id); len(up) == 1 {
				first = n
			}
		}
	}
	for _, id := range up {
		if n := w.node(id); !n.isIn(up) || n.config.ID != first.config.ID || !slices.Equal(n.config.Members, first.config.Members) {
			return false
		}
	}
	return true
}

// waits says whether a processor must not be in a configuration yet: not all
// on its list are there.
func (w *world) waits(n *node) bool {
	return n.set.listed && n.config == nil && slices.ContainsFunc(w.nodes, func(o *node) bool { return !o.up })
}

// when is something to be done as soon as a condition is true.
type when struct {
	is   func() bool
	line int
	do   func(*world)
}

// readWhen reads `when CONDITION do COMMAND`.
func readWhen(p *words, l *Line) func(*world) {
	c := p.condition()
	p.expect("do")
	switch p.peek() {
	case "wait", "until", "settle", "when", "expect":
		p.fail("%s takes time: it cannot follow a condition", p.peek())
		return nil
	}
	do := p.command(l)
	return func(w *world) {
		w.whens = append(w.whens, &when{c(w), w.line, do})
	}
}

// fire does what has come to be due.
func (w *world) fire() {
	for i := 0; i < len(w.whens); i++ {
		if t := w.whens[i]; t.is() {
			w.whens = slices.Delete(w.whens, i, i+1)
			i--
			w.log("line %d: it is time", t.line)
			t.do(w)
		}
	}
}

// patience is how long `until` waits if it does not say.
const patience = 10 * time.Second

// readUntil reads `until CONDITION [within D]`.
func readUntil(p *words, l *Line) func(*world) {
	c := p.condition()
	within := patience
	if p.accept("within") {
		within = p.duration()
	}
	return func(w *world) {
		if !w.advanceUntil(w.now+int64(within), c(w)) {
			w.failf("until", "within %v it did not come true: %s", within, l.Text)
		}
	}
}

// readRequire reads `require CONDITION`.
func readRequire(p *words, l *Line) func(*world) {
	c := p.condition()
	return func(w *world) {
		if !c(w)() {
			w.failf("require", "it is not true: %s", l.Text)
		}
	}
}
