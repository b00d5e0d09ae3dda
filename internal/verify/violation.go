package verify

import (
	"fmt"
	"slices"
	"strings"

	"stampede/internal/trace"
)

// Violation is a promise that was not kept.
type Violation struct {
	Rule Rule `json:"rule"`
	// Property is the number of the property in the paper, or nothing.
	Property   string   `json:"property,omitempty"`
	Text       string   `json:"text"`
	Messages   []string `json:"messages,omitempty"`   // proc.inc.number
	Processors []string `json:"processors,omitempty"` // proc.inc
	Configs    []string `json:"configs,omitempty"`    // epoch.rep
	Places     []Place  `json:"places,omitempty"`
}

// Place is one event that a violation is about.
type Place struct {
	File string `json:"file,omitempty"`
	Line int    `json:"line"` // from 1; of a life that was not read from a file, its events are counted
	Text string `json:"text"`
}

// String is the violation in several lines, without a newline at the end.
func (v *Violation) String() string {
	var b strings.Builder
	b.WriteString(v.Rule.String())
	if v.Property != "" {
		fmt.Fprintf(&b, " (%s)", v.Property)
	}
	fmt.Fprintf(&b, ": %s", v.Text)
	for _, p := range v.Places {
		file := p.File
		if file == "" {
			file = "event"
		}
		fmt.Fprintf(&b, "\n    %s:%d: %s", file, p.Line, p.Text)
	}
	return b.String()
}

// finding is a violation to which places are added. It is empty when enough
// violations were found: then nothing is looked up for it.
type finding struct {
	c *Checker
	i int // of Checker.found
}

func (c *Checker) violate(r Rule, format string, args ...any) finding {
	if len(c.found) >= c.options.MaxViolations {
		c.more++
		return finding{}
	}
	c.found = append(c.found, Violation{Rule: r, Property: r.Property(), Text: fmt.Sprintf(format, args...)})
	return finding{c, len(c.found) - 1}
}

// at adds an event of a life.
func (f finding) at(li, at int32) finding {
	if f.c == nil {
		return f
	}
	c, v := f.c, &f.c.found[f.i]
	l := &c.lives[li]
	e := l.events[at]
	text := l.who.String()
	v.Processors = with(v.Processors, text)
	switch i := e.index(); e.kind() {
	case started:
		text += " starts"
	case sent:
		text += fmt.Sprintf(" sends %v", c.name(i))
		v.Messages = with(v.Messages, c.name(i).String())
	case delivered, disregarded:
		text += fmt.Sprintf(" delivers %v, %v", c.name(i), c.messages[i].guarantee)
		v.Messages = with(v.Messages, c.name(i).String())
	case entered:
		id := c.configs[c.stays[i].config].id
		text += fmt.Sprintf(" enters configuration %v", id)
		v.Configs = with(v.Configs, id.String())
	case parted:
		s := &c.stays[i]
		from, to := c.configs[s.config].id, c.configs[c.cuts[s.cut].to].id
		text += fmt.Sprintf(" enters the transitional configuration from %v to %v", from, to)
		v.Configs = with(with(v.Configs, from.String()), to.String())
	case changedWrongly:
		text += fmt.Sprintf(" is told of configuration %v", c.configs[i].id)
		v.Configs = with(v.Configs, c.configs[i].id.String())
	case gone:
		text += " leaves"
	}
	v.Places = append(v.Places, Place{l.file, int(e.line), text})
	return f
}

// enters adds the event that began a stay.
func (f finding) enters(s int32) finding {
	if f.c == nil {
		return f
	}
	return f.at(f.c.stays[s].life, f.c.stays[s].begin)
}

// parts adds the transitional event of a stay that has one.
func (f finding) parts(s int32) finding {
	if f.c == nil || f.c.stays[s].parted == none {
		return f
	}
	return f.at(f.c.stays[s].life, f.c.stays[s].parted)
}

// delivers adds the delivery of a message in a stay.
func (f finding) delivers(s, m int32) finding {
	if f.c == nil {
		return f
	}
	st := &f.c.stays[s]
	for at := st.begin; at < st.end; at++ {
		if e := f.c.lives[st.life].events[at]; e.kind() == delivered && e.index() == m {
			return f.at(st.life, at)
		}
	}
	return f
}

// first adds the first delivery of a message that was added.
func (f finding) first(m int32) finding {
	if f.c == nil || f.c.messages[m].first == none {
		return f
	}
	return f.at(f.c.messages[m].first, f.c.messages[m].firstAt)
}

func with(list []string, s string) []string {
	if slices.Contains(list, s) {
		return list
	}
	return append(list, s)
}

// who is the life of a stay.
func (c *Checker) who(s int32) trace.Processor { return c.lives[c.stays[s].life].who }
