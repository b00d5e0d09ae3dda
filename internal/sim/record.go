package sim

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"stampede/internal/member"
	"stampede/internal/trace"
	"stampede/order"
	"stampede/wire"
)

// entry is one line of what a script calls a processor's events: a message
// that has a label, or a configuration.
type entry struct {
	text  string
	label bool
}

// observed counts what a processor sent and received, by kind and, of streams,
// by type of frame.
type observed struct {
	sent, received             [wire.NumKinds]int
	framesSent, framesReceived [8]int
}

func (w *world) noteSent(n *node, h *wire.Header, b []byte) {
	w.datagrams++
	o := &n.seen
	o.sent[h.Kind]++
	n.cover.note(h.Kind)
	for t := range o.framesSent {
		o.framesSent[t] += int(h.Contents >> t & 1)
	}
	if h.Kind == wire.KindAnswer {
		w.sameAnswer(n, b[wire.HeaderBytes:])
	}
}

// sameAnswer sees to it that whoever repeats an answer says the very same.
func (w *world) sameAnswer(n *node, body []byte) {
	var a wire.Answer
	if a.Parse(body) != wire.OK {
		return
	}
	if n.answered.proposal != a.Proposal {
		n.answered = answered{proposal: a.Proposal}
	}
	for len(n.answered.parts) <= int(a.Part) {
		n.answered.parts = append(n.answered.parts, nil)
	}
	switch before := n.answered.parts[a.Part]; {
	case before == nil:
		n.answered.parts[a.Part] = body
	case !bytes.Equal(before, body):
		w.failf("answer", "%v answers %v again in other words", n, a.Proposal)
	}
}

// answered is the proposal that a processor answered last, and how.
type answered struct {
	proposal wire.ConfigID
	parts    [][]byte
}

func (w *world) noteReceived(n *node, h *wire.Header) {
	o := &n.seen
	o.received[h.Kind]++
	for t := range o.framesReceived {
		o.framesReceived[t] += int(h.Contents >> t & 1)
	}
}

// trace records an event of a processor. What happens before its identity is
// settled, with its first configuration, is kept until then.
func (w *world) trace(n *node, e trace.Event) {
	e.Time = n.clock.at(w.now)
	if !n.known {
		n.early = append(n.early, e)
		return
	}
	e.Who = trace.Processor{ID: uint32(n.who.ID), Incarnation: n.who.Incarnation}
	if e.Kind == trace.Send {
		e.Message.Sender = e.Who
	}
	if w.options.Trace != nil {
		w.options.Trace(&e)
	}
	if err := w.checker.Add(&e); err != nil {
		w.failf("trace", "%v", err)
	}
	w.events++
}

// settleIdentity records the start of a life, and what it did so far.
func (w *world) settleIdentity(n *node) {
	if n.known {
		return
	}
	n.known = true
	n.who = n.machine.Self()
	n.record.who = n.who
	w.lives[n.who] = n.record
	w.born = append(w.born, n.record)
	w.trace(n, trace.Event{Kind: trace.Start})
	for _, e := range n.early {
		w.trace(n, e)
	}
}

// drain takes over what the machine has for the application.
func (w *world) drain(n *node) (some bool) {
	for w.failure == nil {
		c, ds := n.machine.Next()
		if c == nil && len(ds) == 0 {
			return some
		}
		some = true
		if c != nil {
			w.enter(n, c)
		}
		for i := range ds {
			w.deliver(n, &ds[i])
		}
	}
	return some
}

func configOf(id wire.ConfigID) trace.Config {
	return trace.Config{Epoch: id.Epoch, Rep: uint32(id.Rep)}
}

func ids(ms []wire.Member) []uint32 {
	out := make([]uint32, len(ms))
	for i, m := range ms {
		out[i] = uint32(m.ID)
	}
	return out
}

func braces(ms []wire.Member) string {
	return "{" + strings.Trim(strings.ReplaceAll(fmt.Sprint(ids(ms)), " ", ","), "[]") + "}"
}

// enter takes note of a configuration event.
func (w *world) enter(n *node, c *member.Change) {
	w.settleIdentity(n)
	e := trace.Event{
		Kind: trace.Change, View: trace.Regular, Config: configOf(c.ID), From: configOf(c.From),
		Members: ids(c.Members), Left: ids(c.Left), Joined: ids(c.Joined),
	}
	what := "RG"
	if c.Transitional {
		what, e.View = "TR", trace.Transitional
	}
	w.log("%v enters %s%s %v from %v", n, what, braces(c.Members), c.ID, c.From)
	w.trace(n, e)
	n.log = append(n.log, entry{text: what + braces(c.Members)})
	if c.Transitional {
		n.changed = c
		return
	}
	w.configure(n, c)
}

// configure begins a regular configuration.
func (w *world) configure(n *node, c *member.Change) {
	k := w.configs[c.ID]
	if k == nil {
		k = &configuration{id: c.ID, members: c.Members}
		w.configs[c.ID] = k
		w.installed = append(w.installed, k)
	}
	if !slices.Equal(k.members, c.Members) {
		w.failf("members", "%v enters %v with %s, others with %s", n, c.ID, braces(c.Members), braces(k.members))
	}
	if !slices.Contains(c.Members, n.who) {
		w.failf("members", "%v is not a member of %v that it enters: %s", n.who, c.ID, braces(c.Members))
	}
	k.entered++
	w.cover.configure(n, c)
	n.config, n.changed = c, nil
	n.before = n.overruns
	n.peers = c.Peers
	n.cover = nodeCover{}
	w.changes++
	n.changes++
}

// configuration is a regular one that somebody entered.
type configuration struct {
	id      wire.ConfigID
	members []wire.Member
	entered int
}

// deliver takes note of a delivery and hands it to the application.
func (w *world) deliver(n *node, d *order.Delivery) {
	if n.config == nil || d.Member < 0 || d.Member >= len(n.config.Members) {
		w.failf("delivery", "%v delivers a message of member %d of none", n, d.Member)
		return
	}
	who := n.config.Members[d.Member]
	l := w.lives[who]
	each(d, func(f *wire.Frame) {
		if w.failure != nil {
			return
		}
		if l == nil || f.Number == 0 || f.Number > uint64(len(l.sent)) {
			w.failf("delivery", "%v delivers message %d of %v, which nobody sent", n, f.Number, who)
			return
		}
		w.delivered(n, l, d, f)
	})
	if w.failure == nil {
		w.offer(n, d)
	}
}

// delivered takes note of one message.
func (w *world) delivered(n *node, l *life, d *order.Delivery, f *wire.Frame) {
	m := &l.sent[f.Number-1]
	set := &groupSets[m.set]
	if n.life == l.node.life && n == l.node {
		n.record.back++
	}
	if f.Guarantee != m.guarantee || !sameGroups(d, f, set) {
		w.failf("delivery", "%v delivers message %d of %v as %v with other groups or guarantee", n, f.Number, l.node, f.Guarantee)
		return
	}
	w.cover.deliver(n, f.Guarantee)
	w.trace(n, trace.Event{
		Kind: trace.Deliver, Guarantee: trace.Guarantee(f.Guarantee), Groups: set.names, Config: configOf(n.config.ID),
		Message: trace.Message{Sender: trace.Processor{ID: uint32(l.who.ID), Incarnation: l.who.Incarnation}, Number: f.Number},
	})
	if m.label != "" {
		n.log = append(n.log, entry{text: m.label, label: true})
		w.log("%v delivers %s", n, m.label)
	}
}

// sameGroups says whether a message names the groups that it was sent to.
func sameGroups(d *order.Delivery, f *wire.Frame, set *groupSet) bool {
	if !f.Inline {
		return int(f.Set) < len(d.Sets) && d.Sets[f.Set] != nil && slices.Equal(d.Sets[f.Set].Keys, set.keys)
	}
	keys, _, ok := wire.SplitInline(f.Set, f.Body)
	if !ok || keys.Len() != len(set.keys) {
		return false
	}
	for i, k := range set.keys {
		if keys.At(i) != k {
			return false
		}
	}
	return true
}
