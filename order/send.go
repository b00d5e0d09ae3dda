package order

import (
	"net/netip"

	"stampede/batch"
	"stampede/wire"
)

// sending is the own stream's side of things.
type sending struct {
	next    uint64           // dseq of the next own datagram
	through []uint64         // by dseq: data datagrams up to and with that one
	message []uint64         // by dseq: messages complete up to and with that one
	own     []batch.Datagram // by dseq: the packer's datagrams, until they go back
	data    uint64           // data datagrams sent

	// Own datagrams and data that the marks of all members have passed.
	stable, stableData uint64
	taken, takenData   uint64

	stamped []uint64 // as sequencer, by member: stamped up to this datagram
	handTo  int      // hand the order to this member, -1 = nobody
	handed  uint64   // own datagram with the last HANDOFF
	first   uint64   // own datagrams from here on were numbered in this step
	waiting bool     // data had to wait for credit in this step
	review  int64    // when the sequencer looks at the shares again
	scratch []byte
}

func (sn *sending) init(s *Session, slots int) {
	sn.next, sn.first, sn.handTo = 1, 1, -1
	sn.through = make([]uint64, slots)
	sn.message = make([]uint64, slots)
	sn.own = make([]batch.Datagram, slots)
	sn.stamped = make([]uint64, len(s.members))
	sn.scratch = make([]byte, 0, s.cfg.Datagram)
}

// Step sends what is due: own datagrams up to the credit, stamps,
// acknowledgements, requests and repairs, appended to out. What out refers to
// stays as it is until the next Step.
func (s *Session) Step(now int64, q Source, out *batch.Burst) {
	if s.cut.step != running {
		return
	}
	s.repair.now = now
	s.advance()
	s.settle()
	s.send.first = s.send.next
	s.number(now, q)
	s.reign(now)
	if s.send.next > s.send.first {
		s.advance()
		s.settle()
		s.finish(q.Backlog(), out)
		s.acks.told(s, now)
	}
	s.repair.answer(s, now, out)
	s.repair.request(s, now, out)
	s.press.look(s, now)
	s.reviewShares(now, q.Backlog())
	s.acks.step(s, now, q.Backlog(), out)
	s.Counters.WalkLag.Record(int64(s.Counters.Kept + s.Counters.Sent - s.Counters.Positions))
}

// reign does the sequencer's part: it begins with an ACCEPT, if the order was
// handed here, and may end with a HANDOFF.
func (s *Session) reign(now int64) {
	if !s.sequencer() || s.walk.awaiting && !s.accept() {
		return
	}
	s.stamp(now)
	if !s.cfg.Fixed {
		s.follow.follow(s, now)
	}
	if !s.walk.awaiting {
		s.handOff()
	}
}

// number takes datagrams from the queue into the own stream, each only when it
// may leave at once: a numbered datagram never waits for credit.
func (s *Session) number(now int64, q Source) {
	for s.credit() > 0 {
		d, ok := q.Next()
		if !ok {
			s.send.waiting = false
			return
		}
		s.send.data++
		h := wire.Header{First: d.First}
		h.Summarize(d.Bytes[wire.HeaderBytes:])
		own := &s.send.own[s.send.next&s.self.mask]
		*own = d
		sl := s.append(&h, own, own)
		s.members[s.cfg.Self].active = now
		if sl.has(wire.FrameGroupSet) {
			s.learnSets(s.self, sl)
		}
		if sl.carries(wire.Unordered) || sl.has(wire.FrameFragment) {
			s.deliverEarly(s.self, sl)
		}
		s.Counters.SentData++
	}
	if s.send.waiting = q.Backlog() > 0; s.send.waiting {
		s.Counters.CreditWait++
		if !s.slotFree() {
			s.Counters.SlotWait++
		}
	}
}

// append gives a datagram the next number of the own stream.
func (s *Session) append(h *wire.Header, d, own *batch.Datagram) *slot {
	sn := &s.send
	dseq := sn.next
	sn.next++
	i := dseq & s.self.mask
	sn.through[i] = sn.data
	sn.message[i] = max(d.Through, sn.message[(dseq-1)&s.self.mask])
	s.Counters.Sent++
	return s.self.put(dseq, h, d.Bytes, d.Chunk, own)
}

// stamp names what has become contiguous in the other streams, by ascending
// member, in a datagram of its own behind the data: the last and short one of
// its train.
func (s *Session) stamp(now int64) {
	oldest := int64(never)
	for from := 0; from < len(s.streams) && s.slotFree(); {
		b, to := s.stamps(from)
		if len(b) == wire.HeaderBytes || !s.appendControl(b, wire.FrameStamp) {
			break // nothing is due, or the next step tries again
		}
		s.Counters.SentStamps++
		for ; from < to; from++ {
			oldest = min(oldest, s.noteStamped(now, &s.streams[from]))
		}
	}
	if oldest != never {
		s.Counters.StampDelay.Record(now - oldest)
	}
}

// noteStamped notes that all of a stream's prefix is stamped, and returns since
// when the oldest that was not had been here, never if there was none.
func (s *Session) noteStamped(now int64, st *stream) (since int64) {
	since = never
	if st.prefix > s.send.stamped[st.member] && st.waits > 0 {
		since, st.waits = st.waits, 0
		if st.high > st.prefix {
			st.waits = now
		}
	}
	s.send.stamped[st.member] = st.prefix
	return since
}

// appendControl numbers a datagram of the session's own, which holds frames of
// one type.
func (s *Session) appendControl(b []byte, t wire.FrameType) bool {
	bytes, chunk := s.mem.Control.Copy(b)
	if chunk == nil {
		s.Counters.NoControl++
		return false
	}
	s.append(&wire.Header{Contents: 1 << t}, &batch.Datagram{Bytes: bytes, Chunk: chunk}, nil)
	return true
}

// stamps is a datagram of the stamps that are due of the members from the
// given one up to, not including, the one that it returns.
func (s *Session) stamps(from int) ([]byte, int) {
	b := s.send.scratch[:wire.HeaderBytes]
	for ; from < len(s.streams) && len(b)+wire.StampBytes <= s.cfg.Datagram; from++ {
		st := &s.streams[from]
		if n := st.prefix - s.send.stamped[from]; n > 0 && st != s.self {
			b = wire.AppendStamp(b, s.ids[from], uint32(n), s.send.stamped[from]+1)
		}
	}
	return b, from
}

// finish writes the headers of the datagrams numbered in this step, with
// counters that already cover them, and hands them to the network. From here
// on their bytes never change.
func (s *Session) finish(backlog int, out *batch.Burst) {
	for d := s.send.first; d < s.send.next; d++ {
		sl := s.self.slot(d)
		if !sl.is(d) {
			continue // alone in the configuration: stable and taken at once
		}
		dg := s.datagram(sl)
		s.putHeader(wire.KindStream, sl.bytes, dg, d, sl.first, backlog)
		out.Add(netip.AddrPort{}, dg)
	}
}

// putHeader completes a datagram.
func (s *Session) putHeader(k wire.Kind, b []byte, d *batch.Datagram, dseq, first uint64, backlog int) {
	h := wire.Header{
		Kind: k, Length: uint16(d.Len()), Backlog: uint16(min(backlog, 1<<16-1)),
		Sender: s.ids[s.cfg.Self], Cluster: s.cfg.Cluster, Config: s.tag,
		Dseq: dseq, Aru: s.aru, Taken: s.taken, Stable: s.stable, First: first,
	}
	wire.PutHeader(b, &h)
	if !s.cfg.NoCheck {
		wire.PutCheckParts(b, d.Tail)
	}
}

// control sends a body of a kind of its own to one member, or to all (-1).
func (s *Session) control(k wire.Kind, to int, b []byte, backlog int, out *batch.Burst) {
	d := batch.Datagram{Bytes: b}
	s.putHeader(k, b, &d, s.send.next-1, 0, backlog)
	var address netip.AddrPort
	if to >= 0 {
		address = s.cfg.Address[to]
	}
	out.Add(address, &d)
}

// settle moves the own stream's marks along.
func (sn *sending) settle(s *Session) {
	sn.stable, sn.stableData = sn.pass(s, sn.stable, sn.stableData, s.stable)
	sn.taken, sn.takenData = sn.pass(s, sn.taken, sn.takenData, s.leastTaken)
}

func (sn *sending) pass(s *Session, own, data, line uint64) (uint64, uint64) {
	for own+1 < sn.next {
		if p := s.self.slot(own + 1).position; p == 0 || p > line {
			break
		}
		own++
		data = sn.through[own&s.self.mask]
	}
	return own, data
}

// Ordered is the highest own message that, with all before it, the walk has
// passed: its place in the order is known here.
func (s *Session) Ordered() uint64 { return s.send.message[s.self.stamped&s.self.mask] }

// Numbered is the highest own message that, with all before it, was sent.
func (s *Session) Numbered() uint64 { return s.send.message[(s.send.next-1)&s.self.mask] }
