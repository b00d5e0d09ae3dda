package order

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
	active := 0
	for i := range s.members {
		if s.active(i, now) {
			active++
		}
	}
	for i := range s.members {
		share := s.cfg.Window / (2 * n)
		if active == 0 || s.active(i, now) {
			share += s.cfg.Window / (2 * max(active, 1))
		}
		if active == 0 {
			share = s.cfg.Window / n
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
	if s.shareOut(now) {
		s.acks.due = true
	}
}
