package reach

import (
	"cmp"
	"math"

	"stampede/batch"
)

// take takes one arrival, a datagram or a train of them. An error is the
// network's: nothing that arrives is one.
func (r *run) take(a *batch.Arrival) error {
	datagrams := 0
	var last *peer
	for rest := a.Bytes; len(rest) > 0; datagrams++ {
		var b []byte
		b, rest = a.Next(rest)
		if len(b) == 1 {
			continue // ends an even train: see sock.Config.Runt
		}
		h, err := r.one(b, a)
		if err != nil {
			return err
		}
		last = h
	}
	if last != nil && datagrams > 1 && last.heard.whole < math.MaxUint16 {
		last.heard.whole++
	}
	return nil
}

// one takes one datagram and returns its host, nil if it is nobody's.
func (r *run) one(b []byte, a *batch.Arrival) (*peer, error) {
	m, c := &r.message, &r.counters
	switch m.decode(b) {
	case foreign:
		c.Foreign++
		return nil, nil
	case damaged:
		c.Damaged++
		return nil, nil
	case absurd:
		c.Absurd++
		return nil, nil
	}
	switch {
	case m.cluster != r.Cluster:
		c.Clusters++
		return nil, nil
	case m.sender == r.id:
		c.Own++
		return nil, nil
	case m.to != 0 && m.to != r.id:
		c.Misdirected++
		return nil, nil
	}
	h := r.peer(m, a)
	if h == nil {
		return nil, nil
	}
	switch m.kind {
	case probe:
		c.Probes++
		return h, r.hear(h, m, len(b))
	case echo:
		c.Echoes++
		if trip := r.now - m.sent; m.sent > 0 && trip >= 0 && m.way < ladder {
			h.trip[m.way].Record(trip)
		}
	case report:
		c.Reports++
		h.reports = true
		for _, e := range m.entries {
			if _, known := h.hears[e.id]; known || len(h.hears) <= MaxHosts {
				h.hears[e.id] = e
			}
		}
	}
	return h, nil
}

// peer is the host that sent m, made known if there is room.
func (r *run) peer(m *message, a *batch.Arrival) *peer {
	h := r.hosts[m.sender]
	switch {
	case h != nil && h.address != a.From:
		r.counters.Moved++
		return nil
	case h != nil:
		h.name = cmp.Or(h.name, m.name) // an answer has none
		return h
	case len(r.order) >= MaxHosts:
		r.counters.Strangers++
		return nil
	}
	h = &peer{id: m.sender, name: m.name, address: a.From, hears: map[uint64]entry{}}
	r.hosts[h.id] = h
	r.order = append(r.order, h)
	return h
}

// hear counts a probe, and answers a short one.
func (r *run) hear(h *peer, m *message, length int) error {
	// A train may pass in one piece where its datagrams alone would not.
	if m.way >= Unicast && m.way != UnicastTrain {
		h.heard.largest = max(h.heard.largest, uint16(length))
	}
	if m.way < ladder {
		h.heard.ways[m.way].count(m.number)
	}
	if m.way != Multicast && m.way != Unicast {
		return nil
	}
	if r.echoes++; r.echoes > maxEchoes {
		r.counters.Unanswered++
		return nil
	}
	answer := message{kind: echo, way: m.way, cluster: r.Cluster, sender: r.id, to: h.id, sent: m.sent, number: m.number}
	return r.send(h.address, answer.encode(0))
}
