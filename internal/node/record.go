package node

import (
	"context"
	"fmt"
	"time"

	"stampede/evs"
	"stampede/internal/trace"
)

// recorder writes the trace, if there is one. Its fields but for the writer are
// the receiving goroutine's.
type recorder struct {
	w      *trace.Writer // nil: no trace
	self   trace.Processor
	group  evs.Group
	names  []string // of group alone
	config trace.Config
	event  trace.Event // of the receiving goroutine, used again and again
}

func openRecorder(path string, group evs.Group) (*recorder, error) {
	r := &recorder{group: group, names: []string{trace.GroupName(group)}}
	if path == "" {
		return r, nil
	}
	var err error
	r.w, err = trace.Open(path)
	return r, err
}

func (r *recorder) close() error {
	if r.w == nil {
		return nil
	}
	return r.w.Close()
}

// write adds what all events have in common. Any goroutine.
func (r *recorder) write(e *trace.Event) error {
	if r.w == nil {
		return nil
	}
	e.Time, e.Who = time.Now().UnixNano(), r.self
	return r.w.Write(e)
}

// send is in the file when it returns. The sending goroutine calls it.
func (r *recorder) send(number uint64, g evs.Guarantee) error {
	return r.write(&trace.Event{
		Kind: trace.Send, Message: trace.Message{Sender: r.self, Number: number},
		Guarantee: trace.Guarantee(g), Groups: r.names,
	})
}

func (r *recorder) deliver(e *evs.Event) error {
	names := r.names
	if groups := e.Groups(); len(groups) != 1 || groups[0] != r.group {
		names = nil
		for _, g := range groups {
			names = append(names, trace.GroupName(g))
		}
	}
	r.event = trace.Event{
		Kind: trace.Deliver, Message: messageOf(e), Guarantee: trace.Guarantee(e.Guarantee),
		Groups: names, Config: r.config,
	}
	return r.write(&r.event)
}

// change records a configuration. A message that is delivered between a
// transitional event and the regular one still belongs to the old one.
func (r *recorder) change(c *evs.ConfigChange) error {
	e := trace.Event{
		Kind: trace.Change, View: trace.Regular, Config: configOf(c.ID), From: configOf(c.From),
		Members: ids(c.Members), Left: ids(c.Left), Joined: ids(c.Joined),
	}
	if c.Kind == evs.Transitional {
		e.View = trace.Transitional
	} else {
		r.config = e.Config
	}
	return r.write(&e)
}

func configOf(id evs.ConfigID) trace.Config {
	return trace.Config{Epoch: id.Epoch, Rep: uint32(id.Rep)}
}

func messageOf(e *evs.Event) trace.Message {
	return trace.Message{Sender: trace.Processor{ID: uint32(e.Sender), Incarnation: e.Incarnation}, Number: e.Number}
}

func ids(members []evs.Member) []uint32 {
	list := make([]uint32, len(members))
	for i, m := range members {
		list[i] = uint32(m.ID)
	}
	return list
}

// receive takes events until the handle is closed, and returns why it ended.
func (n *node) receive() error {
	buf := make([]evs.Event, 256)
	for {
		k, err := n.h.Receive(context.Background(), buf)
		if err != nil {
			return err
		}
		for i := range buf[:k] {
			if err := n.take(&buf[i]); err != nil {
				return err
			}
		}
		if k < len(buf) && n.record.w != nil { // there is nothing more just now
			if err := n.record.w.Flush(); err != nil {
				return err
			}
		}
	}
}

func (n *node) take(e *evs.Event) error {
	if e.Kind == evs.Regular || e.Kind == evs.Transitional {
		return n.record.change(e.Config)
	}
	if e.Kind != evs.Deliver {
		return nil
	}
	if !labelled(e.Payload, e.Number) {
		return fmt.Errorf("node: message %v does not carry its number: is another program in the group?", messageOf(e))
	}
	if err := n.record.deliver(e); err != nil {
		return err
	}
	if e.Sender == n.h.Self().ID {
		if n.own++; n.own == n.o.Count {
			close(n.home)
		}
	}
	if n.delivered.Add(1) == n.o.Expect {
		close(n.enough)
	}
	return nil
}
