package sim

import (
	"strconv"

	"stampede/wire"
)

// mostWanted is how many messages a processor's applications wait with, at most.
const mostWanted = 5000

// mostMessage is the greatest length that a message may have in a script.
const mostMessage = 4 << 20

// sending is a source's turn.
func (w *world) sending(s *source) {
	n := s.node
	for s.left > 0 {
		s.left--
		s.sent++
		if n.up && !n.leaving && len(n.wanted) < mostWanted {
			n.wanted = append(n.wanted, s.message(w))
		}
		if s.every > 0 {
			break
		}
	}
	if s.left > 0 {
		w.queue.Add(w.now+int64(s.every), event{what: sending, source: s})
	}
	if n.up && !n.paused {
		w.accept(n)
	}
}

// message draws the next one.
func (s *source) message(w *world) message {
	m := s.base
	most := min(s.most, s.node.set.message)
	least := min(s.least, most)
	m.size = int(least + w.rng.Int64N(most-least+1))
	if s.any {
		m.guarantee = wire.Guarantee(w.rng.IntN(wire.NumGuarantees))
	}
	if s.anySet {
		m.set = w.rng.IntN(len(groupSets))
	}
	if m.label != "" && s.numbered {
		m.label += strconv.Itoa(s.sent)
	}
	return m
}
