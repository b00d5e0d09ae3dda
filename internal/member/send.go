package member

import (
	"net/netip"
	"slices"

	"stampede/batch"
	"stampede/wire"
)

// reply is a datagram to be sent in the next step.
type reply struct {
	kind wire.Kind
	to   netip.AddrPort
	part int // of a State
}

// maxReplies bounds what one pass of arrivals can ask for.
const maxReplies = 1024

// answerWith notes a reply, once per step.
func (m *Machine) answerWith(r reply) {
	if len(m.replies) < maxReplies && !slices.Contains(m.replies, r) {
		m.replies = append(m.replies, r)
	}
}

// reply sends the answers to what came in since the last step.
func (m *Machine) reply(now int64, out *batch.Burst) {
	for _, r := range m.replies {
		switch r.kind {
		case wire.KindJoin:
			m.sendRow(now, r.to, out)
		case wire.KindAnswer:
			m.sendAnswer(r.to, out)
		case wire.KindState:
			m.sendState(r.part, out, r.to)
		case wire.KindInstall:
			m.sendInstall(out, r.to)
		}
	}
	m.replies = m.replies[:0]
}

// sendRow tells one processor what this one knows. A Join would say that it has
// gone to Gather, and in an attempt it would say that it gave up.
func (m *Machine) sendRow(now int64, to netip.AddrPort, out *batch.Burst) {
	switch m.phase {
	case gathering:
		m.sendJoin(now, wire.KindJoin, out, to)
	case operating:
		m.sendJoin(now, wire.KindBeacon, out, to)
	}
}

// begin makes room for a header and returns where the datagram starts.
func (m *Machine) begin() int {
	if cap(m.scratch)-len(m.scratch) < m.cfg.Datagram {
		m.scratch = make([]byte, 0, 4*m.cfg.Datagram) // the burst keeps the old one alive
	}
	at := len(m.scratch)
	m.scratch = append(m.scratch, make([]byte, wire.HeaderBytes)...)
	return at
}

// send completes the datagram whose body was appended to m.scratch behind the
// header room at offset at, and sends it to each of the addresses.
func (m *Machine) send(k wire.Kind, at int, out *batch.Burst, to ...netip.AddrPort) {
	b := m.scratch[at:len(m.scratch):len(m.scratch)]
	wire.PutHeader(b, &wire.Header{
		Kind: k, Length: uint16(len(b)), Sender: m.cfg.Self.ID, Cluster: m.cfg.Cluster, Config: m.config.Tag(),
	})
	if !m.cfg.NoCheck {
		wire.PutCheck(b)
	}
	d := batch.Datagram{Bytes: b}
	for _, a := range to {
		out.Add(a, &d)
		m.Counters.SentOwn++
	}
}

// network is the address that reaches all who are there.
var network = []netip.AddrPort{{}}

// all are the addresses of all that there may be: the seeds and where others
// were heard, each once.
func (m *Machine) all() []netip.AddrPort {
	if !m.cfg.Unicast {
		return network
	}
	list := slices.Clone(m.cfg.Seeds)
	for _, p := range m.peers {
		if p.address.IsValid() {
			list = append(list, p.address)
		}
	}
	slices.SortFunc(list, netip.AddrPort.Compare)
	list = slices.Compact(list)
	return slices.DeleteFunc(list, func(a netip.AddrPort) bool { return slices.Contains(m.cfg.Addresses, a) })
}

// partners are the addresses of the other members of the attempt.
func (m *Machine) partners() (list []netip.AddrPort) {
	if !m.cfg.Unicast {
		return network
	}
	for i := range m.attempt.members {
		if pm := &m.attempt.members[i]; pm.ID != m.cfg.Self.ID {
			list = append(list, m.addressOf(pm))
		}
	}
	return list
}

// addressOf is where a member is reached: where it was heard itself, else what
// the representative says.
func (m *Machine) addressOf(pm *wire.ProposedMember) netip.AddrPort {
	if p := m.find(pm.ID); p != nil && p.address.IsValid() {
		return p.address
	}
	return pm.Address
}
