package member

import (
	"net/netip"
	"slices"

	"stampede/batch"
	"stampede/order"
	"stampede/wire"
)

// Change is a configuration event. Lists ascend by id; they are shared, read only.
type Change struct {
	Transitional bool
	ID, From     wire.ConfigID // of a transitional event ID is the configuration to come
	Members      []wire.Member
	Left         []wire.Member
	Joined       []wire.Member
	Datagram     int              // regular: bytes of a full datagram in it
	Peers        []netip.AddrPort // regular: addresses of the other members, in their order
}

// departed is a configuration that was left, until the application has given
// its last deliveries back:
//
//	regular ──► transitional event ──► transitional ──► regular event ──► over
type departed struct {
	session *order.Session // nil: there was none before the first configuration
	smaller *Change        // the transitional event, nil when it was handed out
	next    *Change        // the regular event, nil when all was handed out
	base    uint64         // deliveries of earlier configurations
	ordered uint64         // own messages that were sent in it
	reached bool           // its deliveries are being handed out
}

// handing is how far the application is.
type handing struct {
	emitted  uint64 // deliveries that Next has returned
	consumed uint64 // of them, given back
	base     uint64 // of them, those of configurations before the present one
	ordered  uint64 // own messages that were sent in those
	returned []batch.Datagram
}

// depart ends the present configuration with the cut that the attempt agreed on.
func (m *Machine) depart(begun *Change) {
	d := &departed{session: m.session, next: begun}
	if !m.behind() {
		d.reached, d.base = true, m.out.base // some of its deliveries may be out already
	}
	m.departed = append(m.departed, d)
	if m.session == nil {
		return
	}
	old := m.session.Members()
	d.smaller = &Change{Transitional: true, ID: begun.ID, From: m.config}
	for _, mb := range old {
		if slices.Contains(m.attempt.with, mb.ID) {
			d.smaller.Members = append(d.smaller.Members, mb)
		} else {
			d.smaller.Left = append(d.smaller.Left, mb)
		}
	}
	begun.Left = without(old, begun.Members)
	begun.Joined = without(begun.Members, d.smaller.Members)
	m.session.Cut(m.attempt.union)
	d.ordered = m.session.Numbered()
}

// without are the members of a that are not in b.
func without(a, b []wire.Member) (rest []wire.Member) {
	in := make(map[wire.Member]bool, len(b))
	for _, mb := range b {
		in[mb] = true
	}
	for _, mb := range a {
		if !in[mb] {
			rest = append(rest, mb)
		}
	}
	return rest
}

// Next is what the application is to see next: a configuration event, or
// deliveries. Both are nil when there is nothing more now. Deliveries before a
// regular event, also those behind a transitional one, are of the configuration
// before it. The slice is valid until the Next after the next Step, what it
// refers to until it was given back.
func (m *Machine) Next() (*Change, []order.Delivery) {
	for _, d := range m.departed {
		if d.next != nil {
			return m.handOver(d)
		}
	}
	if m.session == nil {
		return nil, nil
	}
	return nil, m.count(m.session.Deliver())
}

func (m *Machine) count(out []order.Delivery) []order.Delivery {
	m.out.emitted += uint64(len(out))
	return out
}

// handOver hands out the next of a departed configuration; nothing if it goes
// on only when the application has given something back.
func (m *Machine) handOver(d *departed) (*Change, []order.Delivery) {
	if !d.reached {
		d.reached, d.base = true, m.out.base
	}
	if d.session != nil {
		cut := d.session.CutTransitional
		if d.smaller != nil {
			cut = d.session.CutRegular
		}
		out, done := cut()
		if len(out) > 0 {
			return nil, m.count(out)
		}
		if !done {
			return nil, nil
		}
		if c := d.smaller; c != nil {
			d.smaller = nil
			return c, nil
		}
	}
	c := d.next
	d.next = nil
	m.out.base = m.out.emitted
	m.out.ordered = max(m.out.ordered, d.ordered)
	if !m.behind() {
		m.session.Proceed()
	}
	return c, nil
}

// Consumed tells that the application has given back the first n of all the
// deliveries that Next ever returned.
func (m *Machine) Consumed(n uint64) {
	o := &m.out
	if n = min(n, o.emitted); n <= o.consumed {
		return
	}
	o.consumed = n
	for _, d := range m.departed {
		if d.session != nil && d.reached && n > d.base {
			d.session.Consumed(n - d.base)
		}
	}
	if m.session != nil && n > o.base && !m.behind() {
		m.session.Consumed(n - o.base)
	}
}

// behind says whether deliveries of earlier configurations are still to be
// handed out.
func (m *Machine) behind() bool {
	n := len(m.departed)
	return n > 0 && m.departed[n-1].next != nil
}

// retire gives back the memory of configurations all of whose deliveries were
// given back.
func (m *Machine) retire() {
	for len(m.departed) > 0 {
		d := m.departed[0]
		if d.next != nil || d.session != nil && !d.session.Spent() {
			return
		}
		if d.session != nil {
			d.session.Close()
			m.out.returned = append(m.out.returned, d.session.Returned()...)
		}
		m.departed = slices.Delete(m.departed, 0, 1)
	}
}

// mostDeparted is how many configurations an application may be behind before
// its processor takes no part in further ones: their memory is the history's.
const mostDeparted = 8

// mute says whether this processor takes part in no further configuration
// until its application has caught up: it is too many behind, or what it has
// not given back leaves too little memory to fetch what a recovery lacks.
func (m *Machine) mute() bool {
	if n := len(m.departed); n == 0 || n > mostDeparted {
		return n > 0
	}
	free, of := m.mem.Arrivals.Room()
	return free < of/4
}

// Returned are own datagrams that nobody needs any more, for the packer's
// Release; valid until the next Step or Receive.
func (m *Machine) Returned() []batch.Datagram {
	r := m.out.returned
	m.out.returned = m.out.returned[:0]
	if m.session != nil {
		if len(r) == 0 {
			return m.session.Returned()
		}
		r = append(r, m.session.Returned()...)
	}
	return r
}

// Cramped says whether the machine would like to know at once what the
// application gives back.
func (m *Machine) Cramped() bool {
	return len(m.departed) > 0 || m.session != nil && m.session.Cramped()
}

// Ordered is the highest own message that, with all before it, has its place
// in the order, or was delivered without one when its configuration ended.
func (m *Machine) Ordered() uint64 {
	if m.session == nil || m.behind() {
		return m.out.ordered
	}
	return max(m.out.ordered, m.session.Ordered())
}
