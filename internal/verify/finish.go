package verify

import "stampede/internal/trace"

// work is what one configuration is judged with; its lists are used again.
type work struct {
	config  int32
	stays   []int32 // of one life each
	order   []int32 // agreed and safe messages as delivered in the regular configuration
	longest int32   // a stay that delivered all of them there
	safe    int     // how much of the order ends with the last safe message
	tails   []tail
	later   []int32 // the messages of all tails
	seen    []int32 // configurations, see follows
	graph   graph
}

// Finish judges all that was added and returns what was found wrong, in the
// order of the configurations. It is called once; after it comes Reset.
func (c *Checker) Finish() []Violation {
	for i := range c.stays {
		if s := &c.stays[i]; s.then == none {
			s.end = int32(len(c.lives[s.life].events))
		}
	}
	for ci := range c.configs {
		c.judge(int32(ci))
	}
	for li := range c.lives {
		c.judgeSends(int32(li))
		c.judgeEnd(int32(li))
	}
	c.judgeUnsent()
	if len(c.found) == 0 {
		c.judgePrecedence() // on anything else it would only say the same again
	}
	return c.found
}

// More is how many violations were found beyond those that Finish returned.
func (c *Checker) More() int { return c.more }

// mark gives out a mark that nothing has.
func (c *Checker) mark() int32 {
	c.marks++
	return c.marks
}

// judge judges one configuration and the cuts that lead away from it.
func (c *Checker) judge(ci int32) {
	w := &c.w
	w.config, w.stays, w.order, w.longest = ci, w.stays[:0], w.order[:0], none
	for s := c.configs[ci].stays.first; s != none; s = c.stays[s].next {
		if !c.stays[s].double {
			w.stays = append(w.stays, s)
		}
	}
	c.judgeViews()
	for _, s := range w.stays {
		c.judgeDoubles(s)
	}
	ordered := c.judgeRegular()
	for _, s := range w.stays {
		c.judgeBefore(s, ordered)
	}
	together := c.collectTails()
	if ordered && together {
		c.judgeOrder()
		c.judgeTails()
		c.judgeSafe()
	}
}

// remains tells whether a stay went on or goes on: it did not end by a failure.
func (c *Checker) remains(s int32) bool {
	st := &c.stays[s]
	return st.then != none || c.lives[st.life].settled
}

// judgeDoubles finds what a stay delivers twice. The second delivery is not
// looked at again.
func (c *Checker) judgeDoubles(s int32) {
	st := &c.stays[s]
	events := c.lives[st.life].events
	mark := c.mark()
	for at := st.begin; at < st.end; at++ {
		e := &events[at]
		if e.kind() != delivered {
			continue
		}
		msg := &c.messages[e.index()]
		if msg.mark == mark {
			c.violate(DeliveredOnce, "%v delivers %v twice", c.who(s), c.name(e.index())).delivers(s, e.index()).at(st.life, at)
			e.code = uint32(disregarded)<<indexBits | uint32(e.index())
		}
		msg.mark = mark
	}
}

// ordered tells whether the message has a place in the agreed order.
func (m *message) ordered() bool { return m.guarantee >= trace.Agreed }
