package console

import (
	"encoding/base64"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"stampede/evs"
	"stampede/internal/daemon"
)

// Record is an event as JSON. Only fields of its kind are there.
type Record struct {
	Event string    `json:"event"` // message, transitional, regular
	Time  time.Time `json:"time"`  // when this program received it

	// Of a message.
	*Message

	// Of a configuration.
	*Change
}

// Message is one that was delivered. (Sender, Incarnation, Number) names it.
type Message struct {
	Sender      uint32   `json:"sender"`
	Incarnation uint64   `json:"incarnation"`
	Number      uint64   `json:"number"`
	Origin      uint16   `json:"origin"` // of the sending program, as its daemon numbers them
	Guarantee   string   `json:"guarantee"`
	Groups      []string `json:"groups"`
	Text        *string  `json:"text,omitempty"`   // the payload, if it is UTF-8
	Base64      *string  `json:"base64,omitempty"` // and if it is not
}

// Change is a configuration, and how it came about.
type Change struct {
	Configuration daemon.Configuration `json:"configuration"`
	Left          []daemon.Member      `json:"left"`
	Joined        []daemon.Member      `json:"joined"`
}

// RecordOf is an event of a message or a configuration. It keeps nothing of the
// event's memory.
func RecordOf(e *evs.Event, now time.Time) Record {
	if e.Kind != evs.Deliver {
		return Record{Event: e.Kind.String(), Time: now, Change: changeOf(e.Config)}
	}
	m := &Message{
		Sender: uint32(e.Sender), Incarnation: e.Incarnation, Number: e.Number, Origin: e.Origin,
		Guarantee: e.Guarantee.String(), Groups: groupNames(e.Groups()),
	}
	if utf8.Valid(e.Payload) {
		text := string(e.Payload)
		m.Text = &text
	} else {
		text := base64.StdEncoding.EncodeToString(e.Payload)
		m.Base64 = &text
	}
	return Record{Event: "message", Time: now, Message: m}
}

func changeOf(c *evs.ConfigChange) *Change {
	return &Change{
		Configuration: daemon.Configuration{
			Epoch: c.ID.Epoch, Representative: daemon.Member{ID: uint32(c.ID.Rep), Incarnation: c.ID.RepIncarnation},
			Members: membersOf(c.Members),
		},
		Left: membersOf(c.Left), Joined: membersOf(c.Joined),
	}
}

func membersOf(members []evs.Member) []daemon.Member {
	list := make([]daemon.Member, 0, len(members))
	for _, m := range members {
		list = append(list, daemon.Member{ID: uint32(m.ID), Incarnation: m.Incarnation})
	}
	return list
}

// Short is a message on one line: sender, number, groups, text.
func Short(e *evs.Event) string {
	names := groupNames(e.Groups())
	for i := range names {
		names[i] = Printable(names[i])
	}
	return fmt.Sprintf("%d#%d %s: %s", e.Sender, e.Number, strings.Join(names, ","), Printable(string(e.Payload)))
}

// Long is any event on one line, with the time.
func Long(e *evs.Event, now time.Time) string {
	clock := now.Format("15:04:05.000000")
	if e.Kind == evs.Deliver {
		return fmt.Sprintf("%s %v %s", clock, e.Guarantee, Short(e))
	}
	c := changeOf(e.Config)
	return fmt.Sprintf("%s %v %v: members %s, left %s, joined %s", clock, e.Kind, e.Config.ID,
		IDs(c.Configuration.Members), IDs(c.Left), IDs(c.Joined))
}

// News is what a regular configuration changed, a line for each processor; of
// the first one a program sees, who is there.
func News(c *evs.ConfigChange, first bool) (lines []string) {
	if first {
		return []string{"* members: " + IDs(membersOf(c.Members))}
	}
	for _, m := range c.Left {
		lines = append(lines, fmt.Sprintf("* processor %d left", m.ID))
	}
	for _, m := range c.Joined {
		lines = append(lines, fmt.Sprintf("* processor %d joined", m.ID))
	}
	return lines
}
