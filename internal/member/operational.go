package member

import (
	"net/netip"

	"stampede/batch"
	"stampede/order"
	"stampede/wire"
)

// install begins the configuration of the attempt.
func (m *Machine) install(now int64) {
	a := &m.attempt
	c := order.Config{
		ID: a.Config, Cluster: m.cfg.Cluster,
		Datagram: int(a.MTU), MaxMessage: a.MaxMessage,
		NoCheck: m.cfg.NoCheck, Fixed: m.cfg.Fixed, Timers: m.cfg.Timers,
	}
	window, history := a.Members[0].Window, a.Members[0].History
	ch := &Change{ID: a.Config, From: m.config, Datagram: int(a.MTU)}
	for i, pm := range a.Members {
		if pm.ID == m.cfg.Self.ID {
			c.Self = i
		}
		mb := wire.Member{ID: pm.ID, Incarnation: pm.Incarnation}
		c.Members = append(c.Members, mb)
		c.Address = append(c.Address, m.addressOf(&pm))
		window, history = min(window, pm.Window), min(history, pm.History)
	}
	c.Window = int(min(window, 1<<20))
	c.History = max(1, int(min(history, 1<<20))/len(a.Members))
	ch.Members, ch.Joined = c.Members, c.Members
	m.config = a.Config
	m.phase, m.again = operating, never
	m.session = order.New(c, m.mem, now)
	m.change = ch
	m.renew = true
	if a.Config.Rep == m.cfg.Self.ID && len(a.Members) > 1 {
		m.replies = append(m.replies, reply{wire.KindInstall, netip.AddrPort{}})
	}
}

// addressOf is where a member is reached: where its own joins came from, else
// what the representative says.
func (m *Machine) addressOf(pm *wire.ProposedMember) netip.AddrPort {
	if p := m.peers[pm.ID]; p != nil && p.address.IsValid() {
		return p.address
	}
	return pm.Address
}

// receiveOrdered takes a datagram of a configuration. One of the attempt's
// proves that it was installed.
func (m *Machine) receiveOrdered(now int64, h *wire.Header, b []byte, chunk *batch.Chunk) {
	if m.phase == committing && h.Config == m.attempt.Config.Tag() && m.attempt.Config.Rep != m.cfg.Self.ID {
		m.install(now)
	}
	if m.session == nil || h.Config != m.session.Tag() {
		m.Counters.Stale++
		return
	}
	m.session.Receive(now, h, b, chunk)
}
