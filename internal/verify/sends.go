package verify

import "stampede/internal/trace"

// judgeSends judges what became of the messages of a life, in the order in
// which it sent them.
func (c *Checker) judgeSends(li int32) {
	l := &c.lives[li]
	lost := none     // FIFO or more, sent, and so far delivered nowhere
	furthest := none // stay in whose configuration an earlier such message was delivered
	for _, e := range l.events {
		if e.kind() != sent {
			continue
		}
		m := e.index()
		msg := &c.messages[m]
		queued := msg.guarantee >= trace.FIFO
		if msg.config == none {
			if l.settled {
				c.violate(SelfDelivery, "%v is delivered by nobody, though its sender has settled", c.name(m)).at(li, msg.sentAt)
			} else if queued {
				lost = m
			}
			continue
		}
		s := c.sentIn(li, m)
		if s == none {
			continue
		}
		c.judgeOwn(s, m)
		if !queued {
			continue
		}
		if lost != none {
			c.violate(SelfDelivery, "%v is delivered by nobody, though %v, which was sent after it, is",
				c.name(lost), c.name(m)).at(li, c.messages[lost].sentAt).at(li, msg.sentAt).first(m)
			lost = none
		}
		if furthest != none && c.stays[s].begin < c.stays[furthest].begin {
			c.violate(FIFO, "%v belongs to configuration %v, but a message that was sent before it belongs to %v, which came later",
				c.name(m), c.configs[msg.config].id, c.configs[c.stays[furthest].config].id).at(li, msg.sentAt).first(m).enters(furthest)
		} else {
			furthest = s
		}
	}
}

// sentIn is the stay of the sender in the configuration in which the message
// is delivered, or none if it was not sent in it as far as is known.
func (c *Checker) sentIn(li, m int32) int32 {
	l, msg := &c.lives[li], &c.messages[m]
	cfg := &c.configs[msg.config]
	s := c.stayIn(l.proc, msg.config)
	switch {
	case s != none && c.stays[s].life != li:
		c.violate(Sent, "%v is delivered in configuration %v, in which its sender was another life of that processor", c.name(m), cfg.id).
			at(li, msg.sentAt).first(m).enters(s)
		return none
	case !member(c.list(cfg.members), l.who.ID):
		c.violate(Sent, "%v is delivered in configuration %v of %v, of which its sender is no member", c.name(m), cfg.id, c.list(cfg.members)).
			at(li, msg.sentAt).first(m)
		return none
	case s == none:
		if !c.lifeMayHaveEntered(li, msg.config) {
			c.violate(Sent, "%v is delivered in configuration %v, which its sender never entered", c.name(m), cfg.id).
				at(li, msg.sentAt).first(m)
		}
		return none
	}
	until := c.stays[s].end
	if c.stays[s].parted != none {
		until = c.stays[s].parted
	}
	if msg.sentAt >= until {
		c.violate(Sent, "%v is delivered in configuration %v, which its sender had left when it sent it", c.name(m), cfg.id).
			at(li, msg.sentAt).at(li, until).first(m)
		return none
	}
	return s
}

// judgeOwn judges whether the sender delivers a message that others deliver
// in the configuration of the stay.
func (c *Checker) judgeOwn(s, m int32) {
	if msg := &c.messages[m]; !msg.own && c.remains(s) {
		c.violate(SelfDelivery, "%v is not delivered by its sender, which did not fail in configuration %v", c.name(m), c.configs[msg.config].id).
			at(msg.life, msg.sentAt).first(m).enters(s)
	}
}

// judgeUnsent finds what was delivered and not sent.
func (c *Checker) judgeUnsent() {
	for m := range c.messages {
		msg := &c.messages[m]
		switch {
		case msg.sentAt != none || msg.first == none:
		case c.lives[msg.life].phase == unborn:
			c.violate(Sent, "%v is delivered, and there is no trace of its sender", c.name(int32(m))).first(int32(m))
		default:
			c.violate(Sent, "%v is delivered and was not sent", c.name(int32(m))).first(int32(m))
		}
	}
}
