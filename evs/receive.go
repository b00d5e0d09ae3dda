package evs

import (
	"context"
	"iter"

	"stampede/wire"
)

// reader is the receiving side of a handle: what was taken from the queue and
// how far it was turned into events.
type reader struct {
	items []item
	next  int    // items before it were turned into events completely
	done  uint64 // deliveries that are over when those items are

	frames wire.Frames // what is left of items[next], when it is a run
	inside bool
	match  matcher
}

// Receive fills buf with events, at least one: it blocks until there is one or
// ctx ends. Payloads and groups live until the next call of Receive,
// TryReceive, Serve, or the next step of Events.
func (h *Handle) Receive(ctx context.Context, buf []Event) (int, error) {
	if h.away != nil {
		return h.away.receive(ctx, buf)
	}
	for {
		n, err := h.take(buf, true)
		if n > 0 || err != nil || len(buf) == 0 {
			return n, err
		}
		select {
		case <-h.wake:
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
}

// TryReceive is Receive that returns 0 instead of blocking.
func (h *Handle) TryReceive(buf []Event) (int, error) {
	if h.away != nil {
		return h.away.receive(dontWait, buf)
	}
	return h.take(buf, false)
}

// Events is an iterator over Receive, for comfort. An event's payload lives for
// the body of the loop. The iteration ends with an error, that of ctx when it
// ended; after a break the next receiving call goes on behind the last event.
func (h *Handle) Events(ctx context.Context) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		one := make([]Event, 1) // what is taken is received: a break must lose nothing
		for {
			if _, err := h.Receive(ctx, one); err != nil {
				yield(Event{}, err)
				return
			}
			if !yield(one[0], nil) {
				return
			}
		}
	}
}

// take gives back what the last call returned and fills buf; 0 when there is
// nothing, with the reader registered for a wake-up if it is to wait.
func (h *Handle) take(buf []Event, wait bool) (int, error) {
	r := &h.reader
	h.giveBack()
	n := 0
	for n < len(buf) {
		if h.closed.Load() {
			return 0, h.p.gone()
		}
		if r.next == len(r.items) && !h.fetch(wait && n == 0) {
			if n == 0 && h.ended.Load() && !h.fetch(false) {
				return 0, h.p.gone()
			}
			if r.next == len(r.items) {
				break
			}
		}
		n += r.expand(buf[n:])
	}
	if r.next == len(r.items) {
		h.drained()
	}
	if n > 0 {
		h.events.Add(uint64(n))
		h.batches.Add(1)
	}
	return n, nil
}

// giveBack tells the loop that everything before the run that is being read is
// over, and wakes it when it is short of memory.
func (h *Handle) giveBack() {
	if h.reader.done <= h.done.Load() {
		return
	}
	h.done.Store(h.reader.done)
	if h.p.short.Load() {
		h.p.net.Wake()
	}
}

// drained lowers the descriptor when nothing is left.
func (h *Handle) drained() {
	h.mu.Lock()
	if h.ready != nil && len(h.pending) == 0 && !h.ended.Load() {
		h.ready.lower()
	}
	h.mu.Unlock()
}

// fetch takes the whole queue; false when it is empty.
func (h *Handle) fetch(wait bool) bool {
	r := &h.reader
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.pending) == 0 {
		if wait {
			h.asleep = true
			h.waits.Add(1)
		}
		return false
	}
	r.items, h.pending = h.pending, r.items[:0]
	r.next = 0
	h.bytes, h.released = 0, 0
	h.full.Store(false)
	return true
}

// expand turns items into events until buf is full or there are none left.
func (r *reader) expand(buf []Event) int {
	n := 0
	for n < len(buf) && r.next < len(r.items) {
		it := &r.items[r.next]
		switch {
		case it.config != nil:
			buf[n] = Event{Kind: it.config.Kind, Config: it.config}
			n++
		case it.released != 0:
			buf[n] = Event{Kind: Released, Number: it.released}
			n++
		case it.run.Frames == nil:
			n += r.message(it, &buf[n])
		default:
			n += r.messages(it, buf[n:])
			if r.inside {
				return n
			}
		}
		r.done = max(r.done, it.done)
		r.next++
	}
	return n
}

// message turns a joined message into an event, unless its groups are not joined.
func (r *reader) message(it *item, e *Event) int {
	d := &it.run
	groups, payload, ok := r.groups(it, d.Inline, d.Set, d.Message)
	if !ok {
		return 0
	}
	m := &it.view.members[d.Member]
	*e = Event{
		Kind: Deliver, Guarantee: d.Guarantee, Origin: d.Origin,
		Sender: m.ID, Incarnation: m.Incarnation, Number: d.Number,
		Payload: payload, groups: groups,
	}
	return 1
}

// messages turns a run of Message frames into events; r.inside: buf was full
// before its end.
func (r *reader) messages(it *item, buf []Event) (n int) {
	if !r.inside {
		r.frames = wire.NewFrames(it.run.Frames, it.run.Number)
		r.inside = true
	}
	m := it.view.members[it.run.Member]
	var groups []Group // of all of them, if those are one set
	if it.run.OneSet {
		var ok bool
		if groups, ok = r.named(it, it.run.Set); !ok {
			r.inside = false
			return 0
		}
	}
	var f wire.Whole
	for n < len(buf) {
		if !r.frames.NextWhole(&f) {
			r.inside = false
			return n
		}
		payload := f.Body
		if !it.run.OneSet {
			var ok bool
			if groups, payload, ok = r.groups(it, f.Inline, f.Set, f.Body); !ok {
				continue
			}
		}
		e := &buf[n] // field by field: a literal would be made elsewhere and copied
		e.Kind, e.Guarantee, e.Origin = Deliver, f.Guarantee, f.Origin
		e.Sender, e.Incarnation, e.Number = m.ID, m.Incarnation, f.Number
		e.Payload, e.groups, e.Config = payload, groups, nil
		n++
	}
	return n
}

// groups are those of a message, if one of them is joined.
func (r *reader) groups(it *item, inline bool, set uint16, body []byte) (groups []Group, payload []byte, ok bool) {
	if !inline {
		groups, ok = r.named(it, set)
		return groups, body, ok
	}
	keys, payload, ok := wire.SplitInline(set, body)
	if !ok {
		return nil, nil, false
	}
	groups = groupsOf(keys)
	return groups, payload, it.filter.joined(groups)
}

// named are the groups of a set that was announced, if one of them is joined.
func (r *reader) named(it *item, set uint16) (groups []Group, ok bool) {
	s := it.run.Sets[set]
	return s.Keys, r.match.matches(it.filter, s)
}
