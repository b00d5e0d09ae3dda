package verify

// barrier is passed by several lives at once, when all of them have arrived.
type barrier struct {
	expected, arrived int32
	waiting           int32 // the first life that waits, or none
}

// judgePrecedence tells all events over again in one order, as far as there is
// one: a life stops at a delivery until the message was sent, and at a
// configuration until all who enter it have come to it.
func (c *Checker) judgePrecedence() {
	for m := range c.messages {
		c.messages[m].node = none // the first life that waits for it
	}
	for i := range c.configs {
		c.configs[i].barrier = barrier{waiting: none}
	}
	for i := range c.cuts {
		c.cuts[i].barrier = barrier{waiting: none}
	}
	for i := range c.stays {
		s := &c.stays[i]
		c.configs[s.config].expected++
		if s.cut != none {
			c.cuts[s.cut].expected++
		}
	}
	run := c.w.seen[:0]
	for li := range c.lives {
		c.lives[li].at, c.lives[li].waiting = 0, none
		run = append(run, int32(li))
	}
	for len(run) > 0 {
		li := run[len(run)-1]
		run = c.retell(li, run[:len(run)-1])
	}
	c.w.seen = run
	for li := range c.lives {
		if c.lives[li].at < int32(len(c.lives[li].events)) {
			c.tellCircle(int32(li))
			return
		}
	}
}

// retell tells events of a life until it must wait, and returns run with the
// lives that can go on because of it.
func (c *Checker) retell(li int32, run []int32) []int32 {
	l := &c.lives[li]
	for l.at < int32(len(l.events)) {
		switch e := l.events[l.at]; e.kind() {
		case sent:
			msg := &c.messages[e.index()]
			run = c.wake(&msg.node, run)
		case delivered:
			msg := &c.messages[e.index()]
			if sender := &c.lives[msg.life]; msg.sentAt >= sender.at && msg.life != li {
				l.waiting, msg.node = msg.node, li
				return run
			}
		case entered, parted:
			b := c.barrierAt(e)
			if b.arrived++; b.arrived < b.expected {
				l.waiting, b.waiting = b.waiting, li
				return run
			}
			run = c.wake(&b.waiting, run)
		}
		l.at++
	}
	return run
}

// wake appends the lives that wait in a chain. Those at a barrier have passed it.
func (c *Checker) wake(chain *int32, run []int32) []int32 {
	for li := *chain; li != none; {
		l := &c.lives[li]
		if k := l.events[l.at].kind(); k == entered || k == parted {
			l.at++
		}
		run = append(run, li)
		li, l.waiting = l.waiting, none
	}
	*chain = none
	return run
}

func (c *Checker) barrierAt(e event) *barrier {
	s := &c.stays[e.index()]
	if e.kind() == parted {
		return &c.cuts[s.cut].barrier
	}
	return &c.configs[s.config].barrier
}

// tellCircle follows who waits for whom until somebody comes again.
func (c *Checker) tellCircle(li int32) {
	mark := c.mark()
	seen := map[int32]int32{}
	for ; seen[li] != mark; li = c.waitsFor(li) {
		seen[li] = mark
	}
	f := c.violate(Precedence, "no order of all events has every message sent before it is delivered and every configuration entered by all at once")
	for first := li; ; {
		f = f.at(li, c.lives[li].at)
		if li = c.waitsFor(li); li == first {
			return
		}
	}
}

// waitsFor is a life that has not yet done what the life waits for.
func (c *Checker) waitsFor(li int32) int32 {
	l := &c.lives[li]
	e := l.events[l.at]
	if e.kind() == delivered {
		return c.messages[e.index()].life
	}
	b := c.barrierAt(e)
	for s := c.configs[c.stays[e.index()].config].stays.first; s != none; s = c.stays[s].next {
		other := &c.stays[s]
		at := other.begin
		if e.kind() == parted {
			at = other.parted
			if other.cut == none || &c.cuts[other.cut].barrier != b {
				continue
			}
		}
		if c.lives[other.life].at < at {
			return other.life
		}
	}
	return li
}
