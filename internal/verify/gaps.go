package verify

import "stampede/internal/trace"

// debtor is a tail that is held against the others: which messages it has and
// who came along is marked.
type debtor struct {
	*tail
	along        int32 // mark of the processors that came along
	sure, unsure int32 // marks of the messages in the two parts of the tail
	end          int32 // the last message of the tail, or none
}

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
		b := c.newDebtor(&w.tails[i])
		c.judgeGaps(&b, w.longest, w.order[b.count:], none)
		for j := range w.tails {
			if i != j {
				c.judgeGapsInTail(&b, &w.tails[j])
				c.judgeOwed(&b, &w.tails[j])
			}
		}
	}
}

func (c *Checker) newDebtor(t *tail) debtor {
	b := debtor{tail: t, along: c.mark(), sure: c.mark(), unsure: c.mark(), end: none}
	for _, id := range c.list(c.cuts[t.cut].members) {
		c.procs[c.proc(id)].mark = b.along
	}
	for i := t.from; i < t.to; i++ {
		b.end = c.w.later[i]
		c.messages[b.end].mark = b.sure
		if i >= t.unsure {
			c.messages[b.end].mark = b.unsure
		}
	}
	return b
}

// has tells whether those who made the cut delivered the message.
func (b *debtor) has(m *message) bool {
	return m.mark == b.sure || m.mark == b.unsure || m.rank > 0 && m.rank <= b.count
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

// judgeGapsInTail finds what b leaves out that tail a has before something
// that b has too, unless both are in a's unsure part.
func (c *Checker) judgeGapsInTail(b *debtor, a *tail) {
	w := &c.w
	later := none
	for _, m := range w.later[a.unsure:a.to] {
		later = c.better(b, later, m)
	}
	if later = c.judgeGaps(b, a.stay, w.later[a.from:a.unsure], later); later != none {
		c.judgeGaps(b, a.stay, w.order[min(a.count, b.count):a.count], later)
	}
}

// judgeGaps goes through messages in the order in which they stand at another
// stay, from the last to the first, and finds one that b owes: b has something
// that stands behind it, and its sender came along. It is given what b has
// behind all of them, and returns the same as seen from before them; none if
// something was found.
func (c *Checker) judgeGaps(b *debtor, other int32, list []int32, later int32) int32 {
	for i := len(list) - 1; i >= 0; i-- {
		m := list[i]
		if later != none && c.owes(b, m, later) {
			c.tellGap(b.stay, m, later, other)
			return none
		}
		later = c.better(b, later, m)
	}
	return later
}

// better is what says more of b: later, or m, if b has it.
func (c *Checker) better(b *debtor, later, m int32) int32 {
	msg := &c.messages[m]
	if b.has(msg) && (later == none || c.messages[later].mark == b.unsure) {
		return m
	}
	return later
}

// owes tells whether b lacks m although it has a later message and the sender
// of m came along. A life that ended among what was not reached, which ascends
// by sender, may still have been going to deliver it.
func (c *Checker) owes(b *debtor, m, later int32) bool {
	msg := &c.messages[m]
	if b.has(msg) || c.procs[c.lives[msg.life].proc].mark != b.along {
		return false
	}
	return b.remains != none || c.messages[later].mark != b.unsure || !c.ascends(b.end, m)
}

func (c *Checker) tellGap(lacks, m, later, other int32) {
	c.violate(NoGap, "%v delivers %v, but not %v, which %v delivers before it and whose sender is in the configuration", c.who(lacks), c.name(later), c.name(m), c.who(other)).
		delivers(lacks, later).parts(lacks).delivers(other, m).delivers(other, later)
}

// judgeOwed finds safe messages of a that one who came along there, but went on
// from b, does not deliver.
func (c *Checker) judgeOwed(b *debtor, a *tail) {
	if b.remains == none {
		return
	}
	along := c.list(c.cuts[a.cut].members)
	for _, m := range c.w.later[a.from:a.to] {
		if msg := &c.messages[m]; msg.guarantee != trace.Safe || b.has(msg) {
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
