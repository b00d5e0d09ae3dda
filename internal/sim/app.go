package sim

import (
	"bytes"
	"time"

	"stampede/order"
	"stampede/wire"
)

// pace is how an application takes its deliveries.
type pace uint8

const (
	prompt pace = iota
	slow
	stopped
)

// app is a processor's application. It holds deliveries for as long as it
// likes; their memory must not change under it.
type app struct {
	pace     pace
	each     time.Duration // slow: between two deliveries
	items    []item
	head     int
	due      bool // it takes something soon
	consumed uint64
	short    bool // the machine wants to know at once
}

// item is a delivery that was handed over and not taken.
type item struct {
	order.Delivery
	members []wire.Member
}

// offer hands a delivery to the application.
func (w *world) offer(n *node, d *order.Delivery) {
	n.app.items = append(n.app.items, item{*d, n.config.Members})
	w.rouse(n)
}

// rouse lets the application take what is there, in its time.
func (w *world) rouse(n *node) {
	a := &n.app
	if a.due || a.pace == stopped || a.head == len(a.items) || !n.up {
		return
	}
	a.due = true
	at := w.now + n.cost
	if a.pace == slow {
		at = w.now + int64(a.each)
	}
	w.queue.Add(at, event{what: taking, node: n, life: n.life})
}

// taking is the application's turn: it reads and gives back one delivery if it
// is slow, all if it is not.
func (w *world) taking(n *node) {
	a := &n.app
	a.due = false
	if n.paused || a.pace == stopped {
		return
	}
	for a.head < len(a.items) {
		w.read(n, &a.items[a.head])
		a.items[a.head] = item{}
		a.head++
		a.consumed++
		if a.pace == slow {
			break
		}
	}
	if a.head == len(a.items) {
		a.items, a.head = a.items[:0], 0
	}
	if a.short {
		w.wake(n, w.now+n.cost)
	}
	w.rouse(n)
}

// read holds the bytes of a delivery against what was sent.
func (w *world) read(n *node, it *item) {
	each(&it.Delivery, func(f *wire.Frame) {
		who := it.members[it.Member]
		l := w.lives[who]
		m := l.sent[f.Number-1] // it was there when it was handed over
		body := f.Body
		if f.Inline {
			_, body, _ = wire.SplitInline(f.Set, body)
		}
		w.payload = appendPayload(w.payload[:0], l.salt, f.Number, m.size)
		if !bytes.Equal(w.payload, body) {
			w.failf("changed", "%v reads message %d of %v, %d bytes, changed", n, f.Number, l.node, m.size)
		}
	})
}

// each calls f for every message of a delivery.
func each(d *order.Delivery, f func(*wire.Frame)) {
	if d.Frames == nil {
		f(&wire.Frame{
			Type: wire.FrameMessage, Guarantee: d.Guarantee, Inline: d.Inline, Set: d.Set,
			Origin: d.Origin, Number: d.Number, Body: d.Message,
		})
		return
	}
	it := wire.NewFrames(d.Frames, d.Number)
	var fr wire.Frame
	for it.Next(&fr) {
		if fr.Type == wire.FrameMessage {
			f(&fr)
		}
	}
}
