package raw

import "net/netip"

// send adds to the burst what may be sent now: what has to be repeated, or
// what is new.
func (h *Host) send(now int64) {
	switch {
	case h.repair != (span{}):
		h.resend()
	case h.over || now < h.s.Start:
	case h.c.PingPong && h.awaits():
	case h.c.PingPong || h.c.Interval > 0:
		h.sendMessage(now)
	case now >= h.s.End:
		// A round is finished, so that no message is left half sent.
		if h.flood(h.roundEnd()); h.sent == h.roundEnd() {
			h.finish()
		}
	default:
		h.flood(h.sent + h.window)
	}
}

// roundEnd is the last datagram of the round of the ring that is under way, or
// is the first.
func (h *Host) roundEnd() uint64 {
	n := uint64(len(h.ring.datagrams))
	return (max(h.sent, 1) + n - 1) / n * n
}

// finish ends sending; the ask that follows at once brings the last acks.
func (h *Host) finish() {
	h.over = true
	h.progress = 0
}

// add adds data datagram n to the burst.
func (h *Host) add(n uint64, flags uint8, slot int64) (length int) {
	d := h.ring.at(n)
	hd := header{kind: kindData, flags: flags, from: uint16(h.c.Host), run: h.c.Run, number: n, slot: slot}
	hd.put(d.Bytes, h.c.Check)
	h.burst.Add(netip.AddrPort{}, d)
	return d.Len()
}

// extend adds the next new datagram.
func (h *Host) extend(flags uint8, slot int64) {
	if h.all == h.sent {
		h.progress = h.c.Now()
	}
	h.sent++
	length := h.add(h.sent, flags, slot)
	h.streams[h.c.Host-1].sum += mark(h.sent, length)
}

// flood sends up to datagram last what the window and a pass allow, in whole
// trains as far as possible. None of the ring's datagrams is in one burst
// twice: a pass is shorter than a ring.
func (h *Host) flood(last uint64) {
	n := min(min(last, h.all+h.window)-h.sent, trainsPerPass*h.train)
	if h.sent+n < last && h.window >= trainsPerPass*h.train {
		n -= n % h.train // the rest when the next acks open the window
	}
	for range n {
		h.extend(0, 0)
	}
	h.alone()
}

// alone acknowledges for others where there are none.
func (h *Host) alone() {
	if h.c.Hosts == 1 {
		h.advance()
	}
}

// awaits tells whether a whole message is out that is not answered by all.
func (h *Host) awaits() bool {
	return h.all < h.sent && h.sent%uint64(len(h.ring.datagrams)) == 0
}

// sendMessage sends the next message if its slot has come, or what is left of
// it as far as the window allows. Its last datagram asks for an ack.
func (h *Host) sendMessage(now int64) {
	at, n := h.slotAt(h.messages), uint64(len(h.ring.datagrams))
	if h.c.PingPong { // a slot that was missed waits for its turn, which is not counted
		if h.sent%n == 0 {
			h.begun = max(at, now)
		}
		at = h.begun
	}
	if at >= h.s.End {
		h.finish()
		return
	}
	if now < at {
		return
	}
	for i := uint64(0); h.sent < h.all+h.window && i < trainsPerPass*h.train; i++ {
		if (h.sent+1)%n != 0 {
			h.extend(0, 0)
			continue
		}
		h.slots = append(h.slots, slot{h.sent + 1, at})
		h.extend(flagPrompt, at)
		h.messages++
		break
	}
	h.alone()
}

// resend repeats a part of what is to be repaired.
func (h *Host) resend() {
	h.repair.next = max(h.repair.next, h.all+1)
	most := min(trainsPerPass*h.train, uint64(len(h.ring.datagrams)))
	for i := uint64(0); h.repair.next <= h.repair.last && i < most; i++ {
		h.add(h.repair.next, 0, h.slotOf(h.repair.next))
		h.repair.next++
		h.report.Repairs++
	}
	if h.repair.next > h.repair.last {
		h.repair = span{}
		h.progress = 0 // ask at once whether that was enough
	}
}

// slotOf is the slot of a message that ends with datagram n, 0 if none does.
func (h *Host) slotOf(n uint64) int64 {
	for _, s := range h.slots {
		if s.number == n {
			return s.at
		}
	}
	return 0
}

// ask asks all how far they are, behind all that was sent.
func (h *Host) ask(now int64) {
	if h.all >= h.sent || h.repair != (span{}) || now-h.progress < int64(patience) {
		return
	}
	h.progress, h.askedFor = now, h.sent
	h.asked++
	h.reply(0, netip.AddrPort{}, header{kind: kindAsk, number: h.sent, slot: h.asked})
}
