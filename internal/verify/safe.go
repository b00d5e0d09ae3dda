package verify

import "stampede/internal/trace"

// judgeSafe judges the safe messages that were delivered in the regular
// configuration, and what of the tails is owed by stays without a tail.
func (c *Checker) judgeSafe() {
	w := &c.w
	for i := range w.tails {
		c.judgeSafeInTail(&w.tails[i])
	}
	for _, s := range w.stays {
		if c.stays[s].cut == none && c.remains(s) {
			c.judgeSafeStay(s)
		}
	}
	if w.safe == 0 {
		return
	}
	cfg := &c.configs[w.config]
	for _, id := range c.list(cfg.members) {
		if pi := c.proc(id); c.stayIn(pi, w.config) == none && !c.mayHaveEntered(pi, w.config) {
			m := w.order[w.safe-1]
			c.violate(SafeEntered, "safe %v is delivered in configuration %v, which its member %d never entered", c.name(m), cfg.id, id).
				delivers(w.longest, m).enters(w.longest)
		}
	}
}

// judgeSafeInTail judges whether those who went on from a cut have the safe
// messages that others delivered in the regular configuration.
func (c *Checker) judgeSafeInTail(t *tail) {
	w := &c.w
	if t.remains == none || int(t.count) >= w.safe {
		return
	}
	b := c.newDebtor(t)
	for _, m := range w.order[t.count:w.safe] {
		if msg := &c.messages[m]; msg.guarantee == trace.Safe && !b.has(msg) {
			c.tellOwed(t.remains, m, w.longest)
			return
		}
	}
}

// judgeSafeStay judges one that remains and made no cut.
func (c *Checker) judgeSafeStay(s int32) {
	w := &c.w
	count := c.stays[s].count
	if int(count) < w.safe {
		c.tellOwed(s, w.order[w.safe-1], w.longest)
		return
	}
	for i := range w.tails {
		t := &w.tails[i]
		if !member(c.list(c.cuts[t.cut].members), c.who(s).ID) {
			continue
		}
		for _, m := range w.later[t.from:t.to] {
			if msg := &c.messages[m]; msg.guarantee == trace.Safe && (msg.rank == 0 || msg.rank > count) {
				c.tellOwed(s, m, t.stay)
				return
			}
		}
	}
}
