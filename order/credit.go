package order

import "stampede/batch"

// credit is how many data datagrams this processor may number now.
func (s *Session) credit() int {
	sn := &s.send
	flying := int(sn.data - sn.stableData)
	kept := int(sn.data - sn.takenData)
	c := min(s.members[s.cfg.Self].share-flying, s.cfg.History-kept)
	if !s.slotFree() {
		return 0
	}
	return c
}

// slotFree says whether every member has a slot for one more own datagram. A
// stream has twice as many as data may fill, so that stamps never wait for data.
func (s *Session) slotFree() bool {
	return s.send.next-s.send.taken <= uint64(len(s.self.slots))
}

// idleAfter is for how long a processor that sent nothing keeps its full share.
const idleAfter = 10_000_000

// shareOut divides the window. Half of it is divided among all, so that who
// begins to send can at once; the other half among those who have something
// to send. All shares together fit the least receive buffer.
func (s *Session) shareOut(now int64) (changed bool) {
	n := len(s.members)
	window := s.press.window(s.cfg.Window, n)
	active := 0
	for i := range s.members {
		if s.active(i, now) {
			active++
		}
	}
	for i := range s.members {
		share := window / (2 * n)
		if active == 0 || s.active(i, now) {
			share += window / (2 * max(active, 1))
		}
		if active == 0 {
			share = window / n
		}
		share = max(1, min(share, s.cfg.History))
		changed = changed || share != s.members[i].share
		s.members[i].share = share
	}
	return changed
}

func (s *Session) active(i int, now int64) bool {
	m := &s.members[i]
	return m.active > 0 && now-m.active < idleAfter
}

// reviewShares lets the sequencer divide the window anew; it tells the others
// with its next acknowledgement, and again with each.
func (s *Session) reviewShares(now int64, backlog int) {
	if backlog > 0 {
		s.members[s.cfg.Self].active = now
	}
	if !s.sequencer() || now < s.send.review {
		return
	}
	s.send.review = now + max(s.round.smoothed, s.timers.Ack)
	s.press.relax(now)
	if s.shareOut(now) {
		s.acks.due = true
	}
}

// pressure adapts the window to members that cannot keep up with it: it falls
// by a quarter when one says so, at most once per round trip, and grows again
// by a thirty-second of its full size per review. Datagrams lost on the way
// are no sign of it, unless there are many of them.
type pressure struct {
	count     uint32 // how often this processor could not keep up: told with every acknowledgement
	told      int64  // when that last grew
	overruns  uint64 // of the receive queue, as of then
	requested uint64 // Counters.Requested and Received as of the last look
	received  uint64
	looked    int64

	scale int   // of the full window, in 1/1024
	fell  int64 // when it last did
}

const fullScale = 1024

func (p *pressure) init() { p.scale = fullScale }

// window is what all members together may have under way now.
func (p *pressure) window(full, members int) int {
	least := min(full, max(full/2/members, batch.MaxSegments*members))
	return max(full*p.scale/fullScale, least, 1)
}

func (p *pressure) squeeze(s *Session, now int64) {
	if now < p.fell+max(s.round.smoothed, s.timers.Retry) {
		return
	}
	p.fell = now
	p.scale = max(p.scale*3/4, 1)
}

func (p *pressure) relax(now int64) {
	if now > p.fell+idleAfter/2 {
		p.scale = min(p.scale+fullScale/32, fullScale)
	}
}

// Overruns tells the session how many arrivals, since it began, the kernel had
// no room for.
func (s *Session) Overruns(now int64, n uint64) {
	p := &s.press
	if n > p.overruns {
		p.overruns = n
		p.suffer(s, now)
	}
}

// Overran is how many arrivals the kernel had no room for, as last told.
func (s *Session) Overran() uint64 { return s.press.overruns }

// look judges by what had to be asked for, where overruns are not counted or
// happen elsewhere on the way: more than a quarter is too much for chance.
func (p *pressure) look(s *Session, now int64) {
	const often, many = 5_000_000, 64
	if now < p.looked+often {
		return
	}
	p.looked = now
	requested, received := s.Counters.Requested-p.requested, s.Counters.Received-p.received
	p.requested, p.received = s.Counters.Requested, s.Counters.Received
	if requested > many && requested > received/4 {
		p.suffer(s, now)
	}
}

// suffer notes that this processor could not keep up, and tells it at once.
func (p *pressure) suffer(s *Session, now int64) {
	if now < p.told+max(s.round.smoothed, s.timers.Retry) {
		return
	}
	p.told = now
	p.count++
	s.acks.press = true
	if s.sequencer() {
		p.squeeze(s, now)
	}
}
