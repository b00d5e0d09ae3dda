package verify

import (
	"iter"
)

// tail is what those who made one cut delivered in order after the
// transitional event: work.later[from:to], of which unsure is where the messages
// may begin whose place in the order nobody knew who made the cut.
type tail struct {
	cut      int32
	stay     int32 // one that delivered all of it
	remains  int32 // one that went on from it, or none
	count    int32 // what was delivered in order before the transitional event
	from, to int
	unsure   int
}

// collectTails judges whether those who made a cut together delivered the
// same, and makes the tails. It tells whether they did.
func (c *Checker) collectTails() bool {
	w := &c.w
	w.tails, w.later = w.tails[:0], w.later[:0]
	ok := true
	for cut := c.configs[w.config].away.first; cut != none; cut = c.cuts[cut].nextAway {
		t := c.newTail(cut)
		if t.stay == none {
			continue
		}
		for s := range c.made(cut) {
			if s != t.stay {
				ok = c.judgeAtomicity(t.stay, s) && c.judgeSameTail(&t, s) && ok
			}
		}
		w.tails = append(w.tails, t)
	}
	return ok
}

// made are the stays that ended by the cut.
func (c *Checker) made(cut int32) iter.Seq[int32] {
	return func(yield func(int32) bool) {
		for s := c.cuts[cut].stays.first; s != none; s = c.stays[s].sibling {
			if !c.stays[s].double && !yield(s) {
				return
			}
		}
	}
}

// newTail makes the tail of the stay that tells most: one that went on, or
// else the one that delivered most before it ended.
func (c *Checker) newTail(cut int32) tail {
	w := &c.w
	t := tail{cut: cut, stay: none, remains: none}
	most := -1
	for s := range c.made(cut) {
		if c.stays[s].then != none {
			t.stay, t.remains = s, s
			break
		}
		n := 0
		for m := range c.transitionally(s) {
			if c.messages[m].ordered() {
				n++
			}
		}
		if n > most {
			t.stay, most = s, n
		}
	}
	if t.stay == none {
		return t
	}
	t.count, t.from = c.stays[t.stay].count, len(w.later)
	for m := range c.transitionally(t.stay) {
		if c.messages[m].ordered() {
			w.later = append(w.later, m)
		}
	}
	t.to = len(w.later)
	t.unsure = c.findUnsure(t)
	return t
}

// findUnsure returns where in work.later the messages may begin that the walk
// did not reach: they ascend by sender and number up to the end. What was
// delivered safe in the regular configuration was reached by all members, and
// so was everything before it.
func (c *Checker) findUnsure(t tail) int {
	at := t.to
	for ; at > t.from; at-- {
		m := c.w.later[at-1]
		if rank := int(c.messages[m].rank); rank > 0 && rank <= c.w.safe {
			break
		}
		if at < t.to && !c.ascends(m, c.w.later[at]) {
			break
		}
	}
	return at
}

func (c *Checker) ascends(m, n int32) bool {
	a, b := &c.messages[m], &c.messages[n]
	if a.life == b.life {
		return a.number < b.number
	}
	return c.lives[a.life].who.ID < c.lives[b.life].who.ID
}

// judgeAtomicity holds two stays of one cut against each other: the same
// messages before the transitional event, and after it if both went on.
func (c *Checker) judgeAtomicity(a, b int32) bool {
	if !c.judgeSets(a, b, c.regularly(a), c.regularly(b), "before") {
		return false
	}
	return c.stays[a].then == none || c.stays[b].then == none ||
		c.judgeSets(a, b, c.transitionally(a), c.transitionally(b), "after")
}

func (c *Checker) judgeSets(a, b int32, ofA, ofB iter.Seq[int32], when string) bool {
	mark, count := c.mark(), 0
	for m := range ofA {
		c.messages[m].mark = mark
		count++
	}
	for m := range ofB {
		if c.messages[m].mark != mark {
			c.tellLack(b, a, m, when)
			return false
		}
		count--
	}
	if count == 0 {
		return true
	}
	mark = c.mark()
	for m := range ofB {
		c.messages[m].mark = mark
	}
	for m := range ofA {
		if c.messages[m].mark != mark {
			c.tellLack(a, b, m, when)
			break
		}
	}
	return false
}

func (c *Checker) tellLack(has, lacks, m int32, when string) {
	c.violate(Atomicity, "%v delivers %v %s the transitional event, %v does not, and both make the same change", c.who(has), c.name(m), when, c.who(lacks)).
		delivers(has, m).delivers(lacks, m).parts(has).parts(lacks)
}

// judgeSameTail judges whether a stay delivered the messages of its cut's tail
// in the same order, as far as it came.
func (c *Checker) judgeSameTail(t *tail, s int32) bool {
	at := t.from
	for m := range c.transitionally(s) {
		if !c.messages[m].ordered() {
			continue
		}
		if at == t.to {
			c.tellLack(s, t.stay, m, "after")
			return false
		}
		if first := c.w.later[at]; first != m {
			c.tellApart(s, m, t.stay, first)
			return false
		}
		at++
	}
	return true
}
