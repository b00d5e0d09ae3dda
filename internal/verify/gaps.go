package verify

import "stampede/internal/trace"

// judgeTails compares the tails with each other and with the order of the
// configuration: what one of them leaves out, and what safe messages they owe
// each other.
func (c *Checker) judgeTails() {
	w := &c.w
	if len(w.later) == 0 {
		return
	}
	for i := range w.tails {
		c.judgeOrderGaps(&w.tails[i])
	}
	for i := range w.tails {
		b := &w.tails[i]
		along, has := c.markMembers(c.list(c.cuts[b.cut].members)), c.markTail(b)
		c.judgeGapsInOrder(b, along, has)
		for j := range w.tails {
			if i != j {
				c.judgeGapsInTail(b, &w.tails[j], along, has)
				c.judgeOwed(b, &w.tails[j], has)
			}
		}
	}
}

// markMembers marks processors, and markTail messages that a tail has.
func (c *Checker) markMembers(ids []uint32) int32 {
	mark := c.mark()
	for _, id := range ids {
		c.procs[c.proc(id)].mark = mark
	}
	return mark
}

func (c *Checker) markTail(t *tail) int32 {
	mark := c.mark()
	for _, m := range c.w.later[t.from:t.to] {
		c.messages[m].mark = mark
	}
	return mark
}

// hasIt tells whether those who made the cut of the tail delivered the message.
func (c *Checker) hasIt(t *tail, m, has int32) bool {
	msg := &c.messages[m]
	return msg.mark == has || msg.rank > 0 && msg.rank <= t.count
}

// lacks tells whether those who made the cut of b lack a message that they
// owe: one of a sender that came along.
func (c *Checker) lacks(b *tail, m, along, has int32) bool {
	return c.procs[c.lives[c.messages[m].life].proc].mark == along && !c.hasIt(b, m, has)
}

// judgeOrderGaps finds what the order of the configuration leaves out: in it
// every sender is a member, and so nothing that stands in a tail before one of
// its messages may be missing, but in the unsure part.
func (c *Checker) judgeOrderGaps(t *tail) {
	missing := none
	for i, m := range c.w.later[t.from:t.to] {
		if c.messages[m].rank == 0 {
			if missing == none && t.from+i < t.unsure {
				missing = m
			}
		} else if missing != none && !c.inStay(c.w.longest, missing) { // else judgeOrder has told it
			c.tellGap(c.w.longest, missing, m, t.stay)
			return
		}
	}
}

// judgeGapsInOrder finds what a tail leaves out of the order of the configuration.
func (c *Checker) judgeGapsInOrder(b *tail, along, has int32) {
	last := none
	for _, m := range c.w.later[b.from:b.to] {
		if rank := c.messages[m].rank; rank > 0 && (last == none || rank > c.messages[last].rank) {
			last = m
		}
	}
	if last == none {
		return
	}
	for _, m := range c.w.order[min(b.count, c.messages[last].rank):c.messages[last].rank] {
		if c.lacks(b, m, along, has) {
			c.tellGap(b.stay, m, last, c.w.longest)
			return
		}
	}
}

// judgeGapsInTail finds what tail b leaves out that tail a has before
// something that b has too, unless both are in a's unsure part.
func (c *Checker) judgeGapsInTail(b, a *tail, along, has int32) {
	w := &c.w
	last, until := none, a.from // b owes what a has before until
	for i := a.to - 1; i >= a.from && last == none; i-- {
		if m := w.later[i]; c.hasIt(b, m, has) {
			last, until = m, min(i, a.unsure)
		}
	}
	if last == none {
		return
	}
	for _, list := range [...][]int32{w.order[min(a.count, b.count):a.count], w.later[a.from:until]} {
		for _, m := range list {
			if c.lacks(b, m, along, has) {
				c.tellGap(b.stay, m, last, a.stay)
				return
			}
		}
	}
}

func (c *Checker) tellGap(lacks, m, later, other int32) {
	c.violate(NoGap, "%v delivers %v, but not %v, which %v delivers before it and whose sender is in the configuration", c.who(lacks), c.name(later), c.name(m), c.who(other)).
		delivers(lacks, later).parts(lacks).delivers(other, m).delivers(other, later)
}

// judgeOwed finds safe messages of a that one who came along there, but went on
// from b, does not deliver.
func (c *Checker) judgeOwed(b, a *tail, has int32) {
	if b.remains == none {
		return
	}
	along := c.list(c.cuts[a.cut].members)
	for _, m := range c.w.later[a.from:a.to] {
		if c.messages[m].guarantee != trace.Safe || c.hasIt(b, m, has) {
			continue
		}
		for s := range c.made(b.cut) {
			if c.stays[s].then != none && member(along, c.who(s).ID) {
				c.tellOwed(s, m, a.stay)
				return
			}
		}
	}
}

func (c *Checker) tellOwed(lacks, m, other int32) {
	c.violate(Safe, "%v delivers safe %v in a configuration of which %v is a member, which does not fail and does not deliver it", c.who(other), c.name(m), c.who(lacks)).
		delivers(other, m).parts(other).enters(lacks).parts(lacks)
}
