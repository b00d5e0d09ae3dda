package raw

import (
	"net/netip"
	"slices"

	"stampede/batch"
)

// take judges an arrival's datagrams one by one.
func (h *Host) take(a *batch.Arrival) {
	var hd header
	for rest := a.Bytes; len(rest) > 0; {
		var b []byte
		b, rest = a.Next(rest)
		sound := hd.read(b, h.c.Check)
		switch {
		case !sound:
			h.report.Damaged++
		case hd.run != h.c.Run || hd.from == 0 || int(hd.from) > h.c.Hosts || int(hd.from) == h.c.Host:
			// of another run, or nobody's
		case hd.kind == kindData:
			h.data(&hd, len(b), a.From)
		case hd.kind == kindAck:
			h.ack(&hd)
		case hd.kind == kindAsk:
			s := &h.streams[hd.from-1]
			s.acked = s.got
			h.reply(int(hd.from), a.From, header{kind: kindAnswer, number: s.got, slot: hd.slot})
		case hd.kind == kindAnswer:
			h.ack(&hd)
			h.answer(&hd)
		}
	}
}

// data takes one datagram of another host's stream.
func (h *Host) data(hd *header, length int, from netip.AddrPort) {
	if int(hd.from) > h.c.Senders || hd.number == 0 || length != h.ring.at(hd.number).Len() {
		h.report.Damaged++
		return
	}
	s := &h.streams[hd.from-1]
	s.from = from
	if s.take(hd.number, length) && h.timed(hd.slot) {
		h.record(hd.slot, false)
	}
	if hd.flags&flagPrompt != 0 {
		s.acked = s.got
		h.reply(int(hd.from), from, header{kind: kindAck, number: s.got})
	}
}

func (h *Host) timed(slot int64) bool { return slot >= max(1, h.s.Warm) && slot < h.s.End }

func (h *Host) record(slot int64, own bool) {
	// The only error is a value beyond the limits, and those are kept.
	ns := min(max(1, h.c.Now()-slot), h.c.Longest)
	h.report.All.RecordValue(ns)
	if own {
		h.report.Own.RecordValue(ns)
	}
}

// acknowledge tells senders how far this host is, at every quarter of a window.
func (h *Host) acknowledge() {
	for i := range h.streams[:h.c.Senders] {
		s := &h.streams[i]
		if s.got-s.acked >= max(1, h.window/4) {
			s.acked = s.got
			h.reply(i+1, s.from, header{kind: kindAck, number: s.got})
		}
	}
}

// ack takes note of how far another host is with the own stream.
func (h *Host) ack(hd *header) {
	if hd.number > h.sent || hd.number <= h.acked[hd.from-1] {
		return
	}
	h.acked[hd.from-1] = hd.number
	h.advance()
}

// advance finds how far all others are.
func (h *Host) advance() {
	h.acked[h.c.Host-1] = h.sent
	all := slices.Min(h.acked)
	if all == h.all {
		return
	}
	h.all, h.progress = all, h.c.Now()
	for len(h.slots) > 0 && h.slots[0].number <= all {
		if at := h.slots[0].at; h.timed(at) {
			h.record(at, true)
		}
		h.slots = h.slots[1:]
	}
}

// answer has what a host lacks sent again. Answers to earlier asks may tell of
// what was repaired since.
func (h *Host) answer(hd *header) {
	if hd.slot == h.asked && hd.number < h.askedFor && h.repair == (span{}) {
		h.repair = span{next: hd.number + 1, last: h.askedFor}
	}
}
