package batch

import (
	"unsafe"

	"stampede/wire"
)

// Renew begins a configuration with datagrams of so many bytes. What was not
// wholly popped goes into it under the numbers that it has: messages that wait,
// and from its first fragment on the one that was popped in part. The loans
// that came to their end by that, where lent memory was copied since lending
// gains nothing in datagrams of that size, are appended to over, which is
// returned.
//
// Coded messages and batches stay coded, and are cut anew. Group sets are
// announced again when there is a message for them.
func (q *Queue) Renew(datagram int, over []*Loan) []*Loan {
	old := q.packer
	old.unstage()
	if old.end > old.start {
		old.close()
	}
	if old.chunk != nil {
		old.chunk.Release()
		old.chunk = nil
	}
	c := old.config
	c.Datagram, c.FirstNumber = datagram, q.sent+1
	q.packer = NewPacker(c, old.arena)
	q.packer.reserved, q.packer.stage, q.packer.tails = old.reserved, old.stage, old.tails
	clear(q.sets.announced)

	m := mover{q: q, to: q.packer, over: over}
	for i := range q.kept {
		m.take(q.kept[i])
	}
	clear(q.kept)
	q.kept = q.kept[:0]
	for old.queue.n > 0 {
		m.take(old.Pop())
	}
	return m.over
}

// mover takes messages out of the datagrams of one configuration, one at a
// time, and packs them for another.
type mover struct {
	q    *Queue
	to   *Packer
	over []*Loan

	// The message that is being read.
	f      wire.Fragment // as it is packed again
	got    int           // bytes of it that were read, those lent included
	parts  [][]byte      // of it that lie in datagrams; not the lent ones
	loan   *Loan
	source []Datagram // that it, or what was read last, lies in

	decoder wire.Decoder
	batch   []byte // decoded
}

// take reads one datagram, from the first message in it that was not sent.
func (m *mover) take(d Datagram) {
	m.source = append(m.source, d)
	it := wire.NewFrames(d.Bytes[wire.HeaderBytes:], d.First)
	var fr wire.Frame
	for it.Next(&fr) {
		if fr.Type != wire.FrameMessage && fr.Type != wire.FrameFragment || fr.Number <= m.q.sent {
			continue
		}
		if fr.Offset == 0 {
			m.begin(&fr, d.Loan)
		}
		m.parts = append(m.parts, fr.Body)
		m.got += len(fr.Body) + fr.Missing
		if m.got == int(m.f.Total) {
			m.pack()
			m.done(len(m.source) - 1)
		}
	}
	if m.got == 0 {
		m.done(len(m.source))
	}
}

// begin notes what a message's first frame says of it.
func (m *mover) begin(fr *wire.Frame, loan *Loan) {
	m.f = wire.Fragment{
		Guarantee: fr.Guarantee, Inline: fr.Inline, Batch: fr.Batch, Codec: fr.Codec,
		Set: fr.Set, Origin: fr.Origin, Total: fr.Total,
	}
	if fr.Type == wire.FrameMessage {
		m.f.Total = uint32(len(fr.Body) + fr.Missing)
	}
	m.loan, m.parts, m.got = loan, m.parts[:0], 0
}

// done gives back the first n datagrams of the source, and forgets the message
// that was read.
func (m *mover) done(n int) {
	for i := range m.source[:n] {
		if loan := m.to.Release(&m.source[i]); loan != nil {
			m.over = append(m.over, loan)
		}
	}
	m.source = append(m.source[:0], m.source[n:]...)
	m.got = 0
}

// pack packs the message that was read.
func (m *mover) pack() {
	m.announce()
	src := source{iov: m.parts}
	if m.loan == nil {
		m.to.pack(&m.f, &src)
		return
	}
	src = source{keys: joinKeys(m.parts), iov: m.loan.iov}
	n := int(m.f.Total) - len(src.keys)*wire.GroupBytes
	if m.to.worthLending(n, len(src.iov)) {
		m.to.refer(&m.f, &src, m.loan)
	} else {
		m.to.pack(&m.f, &src)
	}
}

// joinKeys copies group keys that lie in parts.
func joinKeys(parts [][]byte) []wire.Group {
	n := 0
	for _, part := range parts {
		n += len(part)
	}
	if n < wire.GroupBytes {
		return nil
	}
	keys := make([]wire.Group, n/wire.GroupBytes)
	src := source{iov: parts}
	src.read(unsafe.Slice(&keys[0][0], n))
	return keys
}

// announce announces the group sets that the message needs.
func (m *mover) announce() {
	switch {
	case m.f.Batch:
		m.announceBatch()
	case !m.f.Inline:
		m.announceSet(m.f.Set)
	}
}

func (m *mover) announceSet(id uint16) {
	s := &m.q.sets
	if !s.announced[id] {
		s.announced[id] = true
		m.to.announce(id, s.keys[id])
	}
}

// announceBatch looks into a batch, which is of this processor's own making.
func (m *mover) announceBatch() {
	if m.batch == nil {
		m.batch = make([]byte, wire.MaxBatchBytes)
	}
	coded := make([]byte, m.f.Total)
	src := source{iov: m.parts}
	src.read(coded)
	n, err := m.decoder.Decode(m.batch, coded, m.f.Codec)
	if err != nil {
		panic("batch: a batch of one's own does not decode: " + err.Error())
	}
	it := wire.NewFrames(m.batch[:n], 1)
	var fr wire.Frame
	for it.Next(&fr) {
		if !fr.Inline {
			m.announceSet(fr.Set)
		}
	}
}
