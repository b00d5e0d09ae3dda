package verify

// judgeViews judges who was where: what cannot be told at one processor alone.
func (c *Checker) judgeViews() {
	c.judgeInto()
	for cut := c.configs[c.w.config].away.first; cut != none; cut = c.cuts[cut].nextAway {
		c.judgeAlong(cut)
		c.judgeLeft(cut)
	}
}

// judgeInto holds against each other the transitional configurations that lead
// to this one: each has exactly those who came by it.
func (c *Checker) judgeInto() {
	cfg := &c.configs[c.w.config]
	mark := c.mark()
	for cut := cfg.into.first; cut != none; cut = c.cuts[cut].nextInto {
		for _, id := range c.list(c.cuts[cut].members) {
			p := &c.procs[c.proc(id)]
			if p.mark == mark && p.note != cut {
				other := &c.cuts[p.note]
				c.violate(ExactChange, "%d comes along to configuration %v both from %v and from %v",
					id, cfg.id, c.configs[other.from].id, c.configs[c.cuts[cut].from].id).
					parts(other.stays.first).parts(c.cuts[cut].stays.first)
			}
			p.mark, p.note = mark, cut
		}
	}
	for _, s := range c.w.stays {
		p := &c.procs[c.lives[c.stays[s].life].proc]
		if p.mark != mark {
			continue
		}
		came := none
		if from := c.stays[s].from; from != none {
			came = c.stays[from].cut
		}
		if came != p.note {
			c.violate(ExactChange, "%d is told to come along to configuration %v from %v, from which it did not come",
				p.id, cfg.id, c.configs[c.cuts[p.note].from].id).parts(c.cuts[p.note].stays.first).enters(s)
		}
	}
}

// judgeAlong judges whether those who come along were there.
func (c *Checker) judgeAlong(cut int32) {
	t := &c.cuts[cut]
	to := &c.configs[t.to]
	for _, id := range c.list(t.members) {
		pi := c.proc(id)
		if c.stayIn(pi, t.from) == none && !c.mayHaveEntered(pi, t.from) {
			c.violate(ExactChange, "%d comes along from configuration %v, which it never entered", id, c.configs[t.from].id).
				parts(t.stays.first)
		}
		if to.known && !member(c.list(to.members), id) {
			c.violate(ExactChange, "%d comes along to configuration %v and is no member of it", id, to.id).
				parts(t.stays.first).enters(to.stays.first)
		}
	}
}

// judgeLeft judges what those who made the cut were told of who left. One that
// is in both configurations and did not come along left if it was restarted.
func (c *Checker) judgeLeft(cut int32) {
	t := &c.cuts[cut]
	model := none
	for s := t.stays.first; s != none; s = c.stays[s].sibling {
		then := c.stays[s].then
		if then == none || c.stays[then].config != t.to {
			continue
		}
		if model == none {
			model = then
			c.judgeRestarts(cut, then)
		} else if !equal(c.list(c.stays[then].left), c.list(c.stays[model].left)) {
			c.violate(SameView, "%v left according to %v, and %v according to %v",
				c.list(c.stays[model].left), c.who(model), c.list(c.stays[then].left), c.who(then)).enters(model).enters(then)
		}
	}
}

func equal(a, b []uint32) bool {
	return isDifference(a, b, nil)
}

func (c *Checker) judgeRestarts(cut, then int32) {
	t := &c.cuts[cut]
	told := c.list(c.stays[then].left)
	for _, id := range c.list(c.configs[t.from].members) {
		if !member(c.list(c.configs[t.to].members), id) || member(c.list(t.members), id) {
			continue
		}
		pi := c.proc(id)
		restarted, known := c.restarted(pi, t.from, t.to)
		switch {
		case !known || restarted == member(told, id):
		case restarted:
			c.violate(ExactChange, "%d was restarted between configurations %v and %v and is not told to have left",
				id, c.configs[t.from].id, c.configs[t.to].id).enters(then).enters(c.stayIn(pi, t.from)).enters(c.stayIn(pi, t.to))
		default:
			c.violate(ExactChange, "%d was not restarted between configurations %v and %v and is told to have left",
				id, c.configs[t.from].id, c.configs[t.to].id).enters(then)
		}
	}
}

// restarted tells whether the processor had different lives in the two
// configurations, if its traces tell.
func (c *Checker) restarted(pi, from, to int32) (restarted, known bool) {
	if c.procs[pi].lives == 1 {
		return false, true
	}
	a, b := c.stayIn(pi, from), c.stayIn(pi, to)
	if a == none || b == none {
		return false, false
	}
	return c.stays[a].life != c.stays[b].life, true
}

// mayHaveEntered tells whether the processor may have entered a configuration
// although no trace says so.
func (c *Checker) mayHaveEntered(pi, ci int32) bool {
	if c.procs[pi].lives == 0 {
		return true
	}
	for li := range c.lives {
		if c.lives[li].proc == pi && c.lifeMayHaveEntered(int32(li), ci) {
			return true
		}
	}
	return false
}

// lifeMayHaveEntered is the same of one life: its record may lack the end, but
// what it entered last of all does not come before what it entered earlier.
func (c *Checker) lifeMayHaveEntered(li, ci int32) bool {
	l := &c.lives[li]
	switch {
	case l.phase == unborn:
		return false
	case c.options.Exact && !l.partial || l.settled:
		return false
	case l.stay == none:
		return true
	}
	last := c.stays[l.stay].config
	return last != ci && !c.follows(last, ci)
}

// follows tells whether somebody went from one configuration to the other,
// perhaps by way of more and of others who went on from there.
func (c *Checker) follows(later, earlier int32) bool {
	mark := c.mark()
	c.w.seen = append(c.w.seen[:0], earlier)
	for len(c.w.seen) > 0 {
		ci := c.w.seen[len(c.w.seen)-1]
		c.w.seen = c.w.seen[:len(c.w.seen)-1]
		for s := c.configs[ci].stays.first; s != none; s = c.stays[s].next {
			then := c.stays[s].then
			if then == none {
				continue
			}
			next := c.stays[then].config
			if next == later {
				return true
			}
			if c.configs[next].mark != mark {
				c.configs[next].mark = mark
				c.w.seen = append(c.w.seen, next)
			}
		}
	}
	return false
}

// judgeEnd judges where a life is that stays: its configuration is everybody's
// in it.
func (c *Checker) judgeEnd(li int32) {
	l := &c.lives[li]
	if !l.settled {
		return
	}
	if l.stay == none {
		c.violate(SameEnd, "%v has settled without a configuration", l.who).at(li, 0)
		return
	}
	cfg := &c.configs[c.stays[l.stay].config]
	for _, id := range c.list(cfg.members) {
		s := c.stayIn(c.proc(id), c.stays[l.stay].config)
		if s == none || c.stays[s].then != none || !c.lives[c.stays[s].life].settled {
			c.violate(SameEnd, "%v has settled in configuration %v, its member %d has not", l.who, cfg.id, id).enters(l.stay)
		}
	}
}
