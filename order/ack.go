package order

import (
	"math"

	"stampede/batch"
	"stampede/wire"
)

// never is a time that does not come.
const never = math.MaxInt64

// acking decides when this processor says how far it is, though it has no
// data to say it with. Whatever it multicasts says it too.
type acking struct {
	due   bool // in this step, whatever the rest says
	press bool // the count of pressure has grown: headers do not tell it

	toldAru, toldTaken, toldStable uint64 // as everybody was last told
	last                           int64  // when that was
	moved                          int64  // since when there is something to tell, never = nothing

	tail     int64 // when the newest own datagram is announced again
	tailNext int64 // interval after that
	safe     int64 // when the acknowledgement of a safe message is repeated
	safeNext int64
	wait     int64 // when a sender without credit shows what it knows
	waitNext int64

	turn     int    // member whose share is told next, where not all fit
	sharesAt uint64 // position of the sequencer that the present shares are from

	body    wire.Ack
	scratch [2][]byte // of the acknowledgements of one step
}

func (a *acking) init(s *Session, now int64) {
	a.last, a.moved, a.tail, a.safe, a.wait = now, never, never, never, never
	for i := range a.scratch {
		a.scratch[i] = make([]byte, 0, s.cfg.Datagram)
	}
}

// Acknowledge lets the next Step tell everybody how far this processor is.
func (s *Session) Acknowledge() { s.acks.due = true }

// told notes that everybody was just told everything.
func (a *acking) told(s *Session, now int64) {
	if len(s.members) > 1 && (s.aru > a.toldAru || s.taken > a.toldTaken) {
		s.Counters.AckDelay.Record(now - min(a.moved, now))
	}
	a.toldAru, a.toldTaken, a.toldStable = s.aru, s.taken, s.stable
	a.last, a.moved, a.due = now, never, false
}

func (a *acking) deadline(s *Session) int64 {
	d := min(a.last+s.timers.Heartbeat, a.tail, a.safe, a.wait)
	if a.moved != never {
		d = min(d, a.moved+s.timers.Ack)
	}
	return d
}

// step sends an acknowledgement if one is due.
func (a *acking) step(s *Session, now int64, backlog int, out *batch.Burst) {
	if len(s.members) == 1 {
		a.told(s, now)
		a.press = false
		a.last = never - s.timers.Heartbeat
		return
	}
	if a.moved == never && (s.aru > a.toldAru || s.taken > a.toldTaken || s.sequencer() && s.stable > a.toldStable) {
		a.moved = now
	}
	repeat := a.repeats(s, now)
	if !a.due && !a.press && !repeat && !a.urgent(s, backlog) && now < a.last+s.timers.Heartbeat &&
		(a.moved == never || now < a.moved+s.timers.Ack) {
		return
	}
	to := -1
	if len(s.members) > crowd && !s.sequencer() && !repeat && now < a.last+s.timers.Heartbeat {
		to = s.walk.reader
	}
	a.send(s, now, 0, to, backlog, out)
	if to >= 0 && s.walk.awaiting && s.walk.from != s.cfg.Self {
		a.send(s, now, 1, s.walk.from, backlog, out) // the new sequencer may not know yet that it is
	}
	last := a.last
	a.told(s, now)
	if to >= 0 {
		a.last = last // the others still wait to hear of us
	}
}

// urgent says whether somebody may be waiting for what there is to tell.
func (a *acking) urgent(s *Session, backlog int) bool {
	// That all hold a safe message may be known here before others know that this
	// processor does: with two members it always is. Who has data to send will
	// tell them so.
	if s.safe > a.toldAru && s.aru > a.toldAru && (s.safe > s.stable || backlog == 0) ||
		s.sequencer() && len(s.members) > crowd && s.stable > a.toldStable && s.safe > a.toldStable {
		return true
	}
	return s.aru-a.toldAru >= uint64(max(1, s.leastShare()/4)) ||
		s.taken-a.toldTaken >= uint64(max(1, s.cfg.History/4))
}

func (s *Session) leastShare() int {
	least := s.members[0].share
	for i := range s.members {
		least = min(least, s.members[i].share)
	}
	return least
}

// repeats keeps the timers of what is said again until it has had its effect:
// the own tail until it is stamped (a sequencer's: until all hold it), the
// acknowledgement of a safe message until the line covers it, and, of a sender
// that waits for credit, what it knows of the others, who may know better.
func (a *acking) repeats(s *Session, now int64) bool {
	tail := timer(&a.tail, &a.tailNext, s.unsettledTail(), now, s)
	safe := timer(&a.safe, &a.safeNext, s.safe > s.stable, now, s)
	wait := timer(&a.wait, &a.waitNext, s.send.waiting, now, s)
	return tail || safe || wait
}

// unsettledTail says whether somebody may not know of the newest own datagram.
func (s *Session) unsettledTail() bool {
	if s.sequencer() {
		return s.send.next-1 > s.send.stable
	}
	return s.send.next-1 > s.self.stamped || s.send.handed > s.send.stable
}

// timer runs while a condition holds: first after two round trips, then with
// growing intervals.
func timer(at, interval *int64, wanted bool, now int64, s *Session) (fires bool) {
	if !wanted {
		*at = never
		return false
	}
	if *at == never {
		*interval = max(2*s.round.smoothed, s.timers.Retry)
		*at = now + *interval
		return false
	}
	if now < *at {
		return false
	}
	*interval = min(2**interval, s.timers.RetryMax)
	*at = now + *interval
	return true
}

// send sends the nth acknowledgement of this step.
func (a *acking) send(s *Session, now int64, nth, to, backlog int, out *batch.Burst) {
	b := &a.body
	b.Sent, b.Position, b.LeastTaken, b.Pressure = now, 0, s.leastTaken, s.press.count
	b.Echoes, b.Shares = b.Echoes[:0], b.Shares[:0]
	room := wire.Capacity(s.cfg.Datagram, true) - wire.AckBytes
	if s.sequencer() {
		b.Position = s.aru
		room -= a.shares(s, room)
	}
	for i := range s.members {
		m := &s.members[i]
		if m.echo == 0 || m.echoed {
			continue
		}
		if room -= wire.EchoBytes; room < 0 {
			break
		}
		m.echoed = true
		held := min((now-m.echoAt)/1000, math.MaxUint32)
		b.Echoes = append(b.Echoes, wire.Echo{Member: s.ids[i], Sent: m.echo, Held: uint32(held)})
	}
	a.press = a.press && to >= 0 && to != s.walk.reader
	a.scratch[nth] = b.AppendTo(a.scratch[nth][:wire.HeaderBytes])
	s.control(wire.KindAck, to, a.scratch[nth], backlog, out)
	s.Counters.SentAcks++
}

// shares appends the shares of as many members as room has bytes for, and
// returns what they take; the next acknowledgement goes on where it ends.
func (a *acking) shares(s *Session, room int) int {
	n := max(min(room/wire.ShareBytes, len(s.members)-a.turn), 0)
	for i := a.turn; i < a.turn+n; i++ {
		a.body.Shares = append(a.body.Shares, wire.Share{Member: s.ids[i], Share: uint32(s.members[i].share)})
	}
	if a.turn += n; a.turn == len(s.members) {
		a.turn = 0
	}
	return n * wire.ShareBytes
}

// takeAck reads what an acknowledgement says beside its header.
func (s *Session) takeAck(now int64, i int, h *wire.Header, body []byte) {
	b := &s.acks.body
	if b.Parse(body) != wire.OK {
		s.Counters.Invalid++
		return
	}
	m := &s.members[i]
	m.echo, m.echoAt, m.echoed = b.Sent, now, false
	for _, e := range b.Echoes {
		if e.Member == s.ids[s.cfg.Self] {
			s.round.sample(now - e.Sent - int64(e.Held)*1000)
		}
	}
	if b.Pressure != m.pressure {
		m.pressure = b.Pressure
		s.press.squeeze(s, now)
	}
	s.leastTaken = max(s.leastTaken, min(b.LeastTaken, s.taken))
	if b.Position >= s.acks.sharesAt {
		s.acks.sharesAt = b.Position
		for _, sh := range b.Shares {
			if j := s.index(sh.Member); j >= 0 {
				s.members[j].share = max(1, min(int(sh.Share), s.cfg.History))
			}
		}
	}
	// Who waits for credit and does not know how far this processor is, is told.
	if h.Backlog > 0 && (b.LeastTaken < s.taken || h.Stable < s.aru) && now > m.told+s.round.smoothed {
		m.told = now
		s.acks.due = true
	}
	// Who repeats an acknowledgement from behind our line is told it again, as
	// what it was told may be lost.
	if h.Stable < s.stable && s.acks.toldStable >= s.stable && h.Stable < s.safe && now > m.answered+s.round.smoothed {
		m.answered = now
		s.acks.due = true
	}
}

// roundTrip is the smoothed round trip time to the other members.
type roundTrip struct{ smoothed int64 }

// sample takes one measurement: an average that moves by an eighth (RFC 6298).
func (r *roundTrip) sample(d int64) {
	const least, most = 20_000, 1_000_000_000
	if d < 0 {
		return
	}
	r.smoothed += (min(max(d, least), most) - r.smoothed) / 8
}
