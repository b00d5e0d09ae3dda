package verify

import (
	"iter"

	"stampede/internal/trace"
)

// deliveries are the messages that a life delivers from one of its events to
// another.
func (c *Checker) deliveries(li, from, to int32) iter.Seq[int32] {
	return func(yield func(int32) bool) {
		for _, e := range c.lives[li].events[from:to] {
			if e.kind() == delivered && !yield(e.index()) {
				return
			}
		}
	}
}

// regularly are the messages that a stay delivers before a transitional event.
func (c *Checker) regularly(s int32) iter.Seq[int32] {
	st := &c.stays[s]
	return c.deliveries(st.life, st.begin, st.regularEnd())
}

// transitionally are those that it delivers after it.
func (c *Checker) transitionally(s int32) iter.Seq[int32] {
	st := &c.stays[s]
	return c.deliveries(st.life, st.regularEnd(), st.end)
}

// regularEnd is the event that ends the stay in the regular configuration.
func (st *stay) regularEnd() int32 {
	if st.parted != none {
		return st.parted
	}
	return st.end
}

// judgeRegular finds the order of the configuration: the longest sequence of
// agreed and safe messages that a member delivered before a transitional event.
// That of every other one must be its beginning; it tells whether it is.
func (c *Checker) judgeRegular() bool {
	w := &c.w
	for _, s := range w.stays {
		c.count(s)
		if w.longest == none || c.stays[s].count > c.stays[w.longest].count {
			w.longest = s
		}
	}
	w.safe = 0
	if w.longest == none {
		return true
	}
	for m := range c.regularly(w.longest) {
		if msg := &c.messages[m]; msg.ordered() {
			w.order = append(w.order, m)
			msg.rank = int32(len(w.order))
			if msg.guarantee == trace.Safe {
				w.safe = len(w.order)
			}
		}
	}
	for _, s := range w.stays {
		if !c.judgeBeginning(s) {
			return false
		}
	}
	return true
}

// count counts what a stay delivers in order in the regular configuration, and
// notes for what its life sends meanwhile how much that was by then.
func (c *Checker) count(s int32) {
	st := &c.stays[s]
	for at := st.begin; at < st.regularEnd(); at++ {
		e := c.lives[st.life].events[at]
		switch e.kind() {
		case delivered:
			if c.messages[e.index()].ordered() {
				st.count++
			}
		case sent:
			c.messages[e.index()].after = st.count
			c.messages[e.index()].during = st.config
		}
	}
}

// judgeBeginning tells whether what a stay delivers is the beginning of the order.
func (c *Checker) judgeBeginning(s int32) bool {
	i := 0
	for m := range c.regularly(s) {
		if !c.messages[m].ordered() {
			continue
		}
		if first := c.w.order[i]; m != first {
			c.tellApart(s, m, c.w.longest, first)
			return false
		}
		i++
	}
	return true
}

// tellApart tells of two stays that deliver different messages at one place of
// the order: a delivers m, b delivers n.
func (c *Checker) tellApart(a, m, b, n int32) {
	if !c.inStay(a, n) {
		a, m, b, n = b, n, a, m
	}
	// Now a has n, or neither has what the other one has.
	if !c.inStay(b, m) {
		c.violate(NoGap, "%v delivers %v, but not %v, which is in its place at %v", c.who(b), c.name(n), c.name(m), c.who(a)).
			delivers(b, n).delivers(a, m).delivers(a, n)
		return
	}
	c.violate(Agreed, "%v delivers %v before %v, %v delivers them in the other order", c.who(a), c.name(m), c.name(n), c.who(b)).
		delivers(a, m).delivers(a, n).delivers(b, n).delivers(b, m)
}

func (c *Checker) inStay(s, m int32) bool {
	st := &c.stays[s]
	for n := range c.deliveries(st.life, st.begin, st.end) {
		if n == m {
			return true
		}
	}
	return false
}

// missing is the first message that the sender of m had delivered when it sent
// m, if that is not in the beginning of the order that is delivered, or none.
func (c *Checker) missing(beginning, m, s int32) int32 {
	msg := &c.messages[m]
	if msg.during != c.stays[s].config || beginning >= msg.after || c.w.order[beginning] == m {
		return none
	}
	return c.w.order[beginning]
}

// judgeBefore judges what a stay has delivered before each delivery: what the
// same sender sent before, and what the sender had delivered. The latter needs
// an order.
func (c *Checker) judgeBefore(s int32, hasOrder bool) {
	st := &c.stays[s]
	mark := c.mark()
	beginning := int32(0) // how much of the order is delivered without a gap
	for m := range c.deliveries(st.life, st.begin, st.end) {
		msg := &c.messages[m]
		if b := msg.before; b != none && c.messages[b].config == st.config && c.messages[b].mark != mark {
			c.violate(FIFO, "%v delivers %v and not before it %v, which was sent before it in the same configuration", c.who(s), c.name(m), c.name(b)).
				at(msg.life, c.messages[b].sentAt).at(msg.life, msg.sentAt).delivers(s, m).delivers(s, b)
		}
		msg.mark = mark
		if !hasOrder || !msg.ordered() {
			continue
		}
		if b := c.missing(beginning, m, s); b != none {
			c.violate(Causal, "%v delivers %v and not before it %v, which the sender had delivered when it sent it", c.who(s), c.name(m), c.name(b)).
				first(b).at(msg.life, msg.sentAt).delivers(s, m).delivers(s, b)
		}
		for int(beginning) < len(c.w.order) && c.messages[c.w.order[beginning]].mark == mark {
			beginning++
		}
	}
}
