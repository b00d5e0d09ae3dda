package verify

import (
	"slices"

	"stampede/internal/trace"
)

// change takes an event that tells of a configuration.
func (c *Checker) change(li int32, e *trace.Event) {
	if e.View == trace.Transitional {
		c.part(li, e)
	} else {
		c.enterRegular(li, e)
	}
}

// part takes a transitional event.
func (c *Checker) part(li int32, e *trace.Event) {
	l := &c.lives[li]
	to := c.config(e.Config)
	if l.phase != regular {
		at := c.note(li, changedWrongly, to, e)
		c.violate(ChangeOrder, "%v has a transitional event outside of a regular configuration", l.who).at(li, at)
		return
	}
	s := l.stay
	st := &c.stays[s]
	at := c.note(li, parted, s, e)
	l.phase = transitional
	st.parted, st.cut = at, c.cut(st.config, to)
	cut := &c.cuts[st.cut]
	if last := cut.stays.push(s); last != none {
		c.stays[last].sibling = s
	}
	if from := c.configs[st.config].id; e.From != from {
		c.violate(ChangeOrder, "%v comes from configuration %v and is told that it comes from %v", l.who, from, e.From).at(li, at)
	}
	c.judgeLists(li, at, e)
	if !cut.known {
		cut.known, cut.members = true, c.keep(e.Members)
	} else if !slices.Equal(c.list(cut.members), e.Members) {
		c.violate(SameView, "the transitional configuration from %v to %v has members %v at %v and %v at %v",
			e.From, e.Config, c.list(cut.members), c.who(cut.stays.first), e.Members, l.who).parts(cut.stays.first).at(li, at)
	}
	old := c.list(c.configs[st.config].members)
	for _, id := range e.Members {
		if !member(old, id) {
			c.violate(ExactChange, "%d comes along from configuration %v, which it is no member of", id, e.From).at(li, at)
		}
	}
	if !isDifference(e.Left, old, e.Members) {
		c.violate(ExactChange, "left is told as %v, members were %v and are %v", e.Left, old, e.Members).at(li, at)
	}
	if len(e.Joined) > 0 {
		c.violate(ExactChange, "%v join a transitional configuration", e.Joined).at(li, at)
	}
}

// enterRegular takes the event of a regular configuration.
func (c *Checker) enterRegular(li int32, e *trace.Event) {
	l := &c.lives[li]
	ci := c.config(e.Config)
	begin := int32(len(l.events))
	before := l.stay
	s := c.enter(li, ci, begin, c.keep(e.Left))
	c.note(li, entered, s, e)
	if c.stays[s].double {
		c.violate(EnteredOnce, "processor %d enters configuration %v again", l.who.ID, e.Config).
			enters(c.stayIn(l.proc, ci)).at(li, begin)
	}
	c.judgeLists(li, begin, e)
	cfg := &c.configs[ci]
	if !cfg.known {
		cfg.known, cfg.members = true, c.keep(e.Members)
	} else if !slices.Equal(c.list(cfg.members), e.Members) {
		c.violate(SameView, "configuration %v has members %v at %v and %v at %v",
			e.Config, c.list(cfg.members), c.who(cfg.stays.first), e.Members, l.who).enters(cfg.stays.first).at(li, begin)
	}
	switch l.phase {
	case fresh:
		c.judgeFirst(li, begin, e)
	case regular:
		c.violate(ChangeOrder, "%v goes from configuration %v to %v without a transitional event",
			l.who, c.configs[c.stays[before].config].id, e.Config).enters(before).at(li, begin)
	case transitional:
		c.judgeNext(li, begin, before, e)
	}
	l.phase = regular
}

// judgeLists judges the lists of a change by themselves.
func (c *Checker) judgeLists(li, at int32, e *trace.Event) {
	for _, l := range [...]struct {
		name string
		ids  []uint32
	}{{"members", e.Members}, {"left", e.Left}, {"joined", e.Joined}} {
		for i := 1; i < len(l.ids); i++ {
			if l.ids[i] <= l.ids[i-1] {
				c.violate(ExactChange, "%s are told as %v, which do not ascend", l.name, l.ids).at(li, at)
				break
			}
		}
	}
	if who := c.lives[li].who; !slices.Contains(e.Members, who.ID) {
		c.violate(OwnView, "%v enters a configuration of %v", who, e.Members).at(li, at)
	}
}

// judgeFirst judges the event of a life's first configuration.
func (c *Checker) judgeFirst(li, at int32, e *trace.Event) {
	if e.From != (trace.Config{}) {
		c.violate(ChangeOrder, "%v comes from %v to its first configuration", c.lives[li].who, e.From).at(li, at)
	}
	if len(e.Left) > 0 || !slices.Equal(e.Joined, e.Members) {
		c.violate(ExactChange, "in a first configuration of %v %v joined and %v left", e.Members, e.Joined, e.Left).at(li, at)
	}
}

// judgeNext judges the event of a configuration against the one before it and
// the transitional one between. Whether one who left and joined was restarted
// cannot be told here.
func (c *Checker) judgeNext(li, at, before int32, e *trace.Event) {
	b := &c.stays[before]
	from, cut := &c.configs[b.config], &c.cuts[b.cut]
	if to := c.configs[cut.to].id; to != e.Config {
		c.violate(ChangeOrder, "%v enters %v after a transitional event that leads to %v", c.lives[li].who, e.Config, to).
			parts(before).at(li, at)
	}
	if e.From != (trace.Config{}) && e.From != from.id {
		c.violate(ChangeOrder, "%v comes from configuration %v and is told that it comes from %v", c.lives[li].who, from.id, e.From).at(li, at)
	}
	old, along := c.list(from.members), c.list(cut.members)
	for _, id := range along {
		if !member(e.Members, id) {
			c.violate(ExactChange, "%d comes along to configuration %v and is no member of it", id, e.Config).parts(before).at(li, at)
		}
	}
	if !isDifference(e.Joined, e.Members, along) {
		c.violate(ExactChange, "joined is told as %v, members are %v, of whom %v came along", e.Joined, e.Members, along).
			parts(before).at(li, at)
	}
	for _, id := range old {
		if !member(e.Members, id) && !member(e.Left, id) {
			c.violate(ExactChange, "%d is no member any more and is not told to have left", id).enters(before).at(li, at)
		}
	}
	for _, id := range e.Left {
		if !member(old, id) || member(along, id) {
			c.violate(ExactChange, "%d is told to have left; members were %v, of whom %v came along", id, old, along).
				enters(before).parts(before).at(li, at)
		}
	}
}

// isDifference tells whether ids is what all has and without has not; all of
// them ascend.
func isDifference(ids, all, without []uint32) bool {
	n := 0
	for _, id := range all {
		if member(without, id) {
			continue
		}
		if n == len(ids) || ids[n] != id {
			return false
		}
		n++
	}
	return n == len(ids)
}
