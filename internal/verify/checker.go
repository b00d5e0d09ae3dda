package verify

import (
	"errors"
	"fmt"

	"stampede/internal/trace"
)

// Options say how to judge.
type Options struct {
	// Exact says that the record of a life that crashed ends where the life
	// ended. The record of a real process may lack its last events, those
	// that it had not yet written when it was killed, and a configuration
	// entered last of all is then not taken for one that was not entered.
	// Partial makes a life an exception.
	Exact bool
	// MaxViolations bounds how many are kept; 0 is 100. More are counted.
	MaxViolations int
}

// Checker judges the events of any number of processors. The events of one
// life are added in their order; how lives are interleaved does not matter.
// It is not safe for concurrent use.
type Checker struct {
	options Options
	records
	found []Violation
	more  int   // violations that were not kept
	marks int32 // the last mark that was given out
	w     work
}

// New makes a Checker that has seen nothing.
func New(o Options) *Checker {
	if o.MaxViolations <= 0 {
		o.MaxViolations = 100
	}
	c := &Checker{options: o}
	c.records.init()
	return c
}

// Reset forgets all events, and keeps the memory for those of the next run.
// Violations that were returned stay valid.
func (c *Checker) Reset() {
	c.records.reset()
	c.found, c.more, c.marks = nil, 0, 0
}

var (
	errBorn   = errors.New("starts again: another life needs another incarnation, and a life one place in one file")
	errUnborn = errors.New("has no start before this event")
	errLeft   = errors.New("goes on after it left")
	errFiles  = errors.New("has events in two files")
	errMany   = fmt.Errorf("more than %d messages or events of one life", maxIndex)
)

// Add takes the next event of a life; e is not kept. An error says that the
// trace makes no sense, and that it cannot be judged.
func (c *Checker) Add(e *trace.Event) error {
	if err := e.Check(); err != nil {
		return c.damage(e, err)
	}
	li := c.life(e.Who)
	l := &c.lives[li]
	switch {
	case e.Kind == trace.Start:
		if l.phase != unborn {
			return c.damage(e, errBorn)
		}
		l.phase, l.file = fresh, e.File
		c.procs[l.proc].lives++
		c.procs[l.proc].life = li
	case l.phase == unborn:
		return c.damage(e, errUnborn)
	case l.phase == left:
		return c.damage(e, errLeft)
	case l.file != e.File:
		return c.damage(e, errFiles)
	}
	if len(l.events) >= maxIndex || len(c.messages) >= maxIndex {
		return c.damage(e, errMany)
	}
	switch e.Kind {
	case trace.Start:
		c.note(li, started, 0, e)
	case trace.Send:
		c.send(li, e)
	case trace.Deliver:
		c.deliver(li, e)
	case trace.Change:
		c.change(li, e)
	case trace.Leave:
		c.note(li, gone, 0, e)
		l.phase = left
	}
	return nil
}

// damage names the event in an error.
func (c *Checker) damage(e *trace.Event, err error) error {
	if e.File == "" {
		return fmt.Errorf("verify: processor %v: %w", e.Who, err)
	}
	return &trace.Error{File: e.File, Line: e.Line, Reason: fmt.Sprintf("processor %v %v", e.Who, err)}
}

// note records an event and returns its index in the life.
func (c *Checker) note(li int32, k kind, index int32, e *trace.Event) int32 {
	l := &c.lives[li]
	at := int32(len(l.events))
	line := e.Line
	if line == 0 {
		line = int(at) + 1
	}
	l.events = append(l.events, event{uint32(k)<<indexBits | uint32(index), uint32(line)})
	return at
}

func (c *Checker) send(li int32, e *trace.Event) {
	m := c.message(li, e.Message.Number)
	at := c.note(li, sent, m, e)
	l, msg := &c.lives[li], &c.messages[m]
	if msg.sentAt == none {
		msg.sentAt = at
	}
	if l.hasSent && msg.number <= l.number {
		c.violate(SentOnce, "%v sends %v after %v.%d", l.who, e.Message, l.who, l.number).at(li, at)
		return
	}
	l.hasSent, l.number = true, msg.number
	if msg.own {
		c.violate(Sent, "%v delivers its own %v before it sends it", l.who, e.Message).at(li, at)
	}
	c.same(m, li, at, e)
	if e.Guarantee >= trace.FIFO {
		msg.before, l.fifo = l.fifo, m
	}
}

func (c *Checker) deliver(li int32, e *trace.Event) {
	m := c.message(c.life(e.Message.Sender), e.Message.Number)
	at := c.note(li, delivered, m, e)
	l, msg := &c.lives[li], &c.messages[m]
	c.same(m, li, at, e)
	if !c.inPlace(li, at, m, e) {
		l.events[at].code = uint32(disregarded)<<indexBits | uint32(m)
		return
	}
	if msg.config == none {
		msg.config = c.stays[l.stay].config
	}
	if msg.first == none {
		msg.first, msg.firstAt = li, at
	}
	if msg.life == li {
		msg.own = true
	}
}

// inPlace tells whether a delivery may stand where it does.
func (c *Checker) inPlace(li, at, m int32, e *trace.Event) bool {
	l, msg := &c.lives[li], &c.messages[m]
	if l.phase == fresh {
		c.violate(InConfiguration, "%v delivers %v before it has entered a configuration", l.who, e.Message).at(li, at)
		return false
	}
	here := c.stays[l.stay].config
	if id := c.configs[here].id; id != e.Config {
		c.violate(InConfiguration, "%v delivers %v of configuration %v in configuration %v", l.who, e.Message, e.Config, id).
			at(li, at).at(li, c.stays[l.stay].begin)
		return false
	}
	if msg.config != none && msg.config != here {
		c.violate(OneConfiguration, "%v delivers %v in configuration %v, and %v in %v",
			l.who, e.Message, e.Config, c.lives[msg.first].who, c.configs[msg.config].id).at(li, at).at(msg.first, msg.firstAt)
		return false
	}
	return true
}

// same holds the guarantee and the groups of a message against what was told
// of it before.
func (c *Checker) same(m, li, at int32, e *trace.Event) {
	msg := &c.messages[m]
	groups := int32(0)
	if len(e.Groups) > 0 {
		groups = c.groups(e.Groups)
	}
	switch {
	case !msg.known:
		msg.known, msg.guarantee, msg.groups = true, e.Guarantee, groups
		msg.told, msg.toldAt = li, at
		return
	case msg.guarantee != e.Guarantee:
		c.violate(Unchanged, "%v is %v and %v", e.Message, msg.guarantee, e.Guarantee).at(msg.told, msg.toldAt).at(li, at)
	case groups != 0 && msg.groups != 0 && groups != msg.groups:
		c.violate(Unchanged, "%v goes to different groups", e.Message).at(msg.told, msg.toldAt).at(li, at)
	}
}

// Settle says that a life is still running and that whatever was under way has
// arrived: it failed nowhere, and nothing is excused that it did not do. It is
// called after the last event of the life.
func (c *Checker) Settle(p trace.Processor) error {
	l := &c.lives[c.life(p)]
	switch l.phase {
	case unborn:
		return fmt.Errorf("verify: processor %v: %w", p, errUnborn)
	case left:
		return fmt.Errorf("verify: processor %v: %w", p, errLeft)
	}
	l.settled = true
	return nil
}

// Partial says that a life crashed before its application had seen all that it
// had installed: with Options.Exact, too, a configuration that it may have been
// in at the end is not taken for one that it did not enter.
func (c *Checker) Partial(p trace.Processor) { c.lives[c.life(p)].partial = true }

// Summary counts what was judged.
type Summary struct {
	Events         int `json:"events"`
	Processors     int `json:"processors"` // with a trace
	Lives          int `json:"lives"`
	Configurations int `json:"configurations"` // regular ones that somebody entered
	Messages       int `json:"messages"`
	Deliveries     int `json:"deliveries"`
}

// Summary may be called at any time.
func (c *Checker) Summary() Summary {
	s := Summary{Messages: len(c.messages)}
	for i := range c.lives {
		l := &c.lives[i]
		s.Events += len(l.events)
		if l.phase != unborn {
			s.Lives++
		}
		for _, e := range l.events {
			if e.kind() == delivered || e.kind() == disregarded {
				s.Deliveries++
			}
		}
	}
	for i := range c.procs {
		if c.procs[i].lives > 0 {
			s.Processors++
		}
	}
	for i := range c.configs {
		if c.configs[i].known {
			s.Configurations++
		}
	}
	return s
}
