package batch

import "stampede/wire"

// Append packs one message, the parts of iov one behind the other, and returns
// its number. The bytes are copied: iov and what it refers to are the caller's
// again at once. It takes all or nothing, and never blocks. Errors:
//
//   - ErrTooLarge: more than MaxMessage bytes, never accepted.
//   - ErrFull: the message would go beyond QueueBytes, or the arena has too few
//     free chunks; accepted later, when datagrams were popped or released. An
//     empty queue accepts a message larger than QueueBytes.
//   - ErrKeys, ErrGuarantee: the Message is not a valid one.
func (p *Packer) Append(m *Message, iov [][]byte) (number uint64, err error) {
	n := 0
	for _, part := range iov {
		n += len(part)
	}
	size := n + wire.MessageOverhead
	if size > p.limit-p.end || p.waiting()+size > p.config.QueueBytes || n > p.config.MaxMessage ||
		m.Keys != nil || m.Guarantee > wire.Safe || p.stage != nil {
		return p.appendAny(m, iov, n)
	}
	b := wire.AppendMessage(p.buf[:p.end], m.Guarantee, m.Set, m.Origin, n)
	for _, part := range iov {
		b = append(b, part...)
	}
	p.end = len(b)
	p.count()
	p.next++
	return p.next - 1, nil
}

// appendAny is Append where something is out of the ordinary.
func (p *Packer) appendAny(m *Message, iov [][]byte, n int) (uint64, error) {
	var f wire.Fragment
	if err := p.describe(&f, m, n); err != nil {
		return 0, err
	}
	src := source{keys: m.Keys, iov: iov}
	if p.stage != nil {
		return p.compress(&f, src)
	}
	if !p.holds(int(f.Total), true) {
		return 0, ErrFull
	}
	p.pack(&f, &src)
	return p.next - 1, nil
}

// describe fills in f, the front of a message's frame, or says why the message
// is refused.
func (p *Packer) describe(f *wire.Fragment, m *Message, n int) error {
	total := n + len(m.Keys)*wire.GroupBytes
	switch {
	case n > p.config.MaxMessage:
		return ErrTooLarge
	case len(m.Keys) > wire.MaxSetKeys:
		return ErrKeys
	case m.Guarantee > wire.Safe:
		return ErrGuarantee
	case !p.admits(total + wire.MessageOverhead):
		return ErrFull
	}
	f.Guarantee, f.Set, f.Origin, f.Total = m.Guarantee, m.Set, m.Origin, uint32(total)
	if m.Keys != nil {
		f.Inline, f.Set = true, uint16(len(m.Keys))
	}
	return nil
}

// waiting is how many bytes were accepted and not popped.
func (p *Packer) waiting() int { return p.queued + p.saved + p.end - p.start }

// admits says whether the queue's limit lets n bytes more in.
func (p *Packer) admits(n int) bool {
	return p.waiting() == 0 || p.waiting()+n <= p.config.QueueBytes
}

// pack writes what f describes and src holds, as one frame or in pieces. There
// are chunks enough: chunksFor was asked.
func (p *Packer) pack(f *wire.Fragment, src *source) {
	whole := f.Codec == wire.CodecNone
	size := int(f.Total) + wire.MessageOverhead
	if !whole || size > p.room() {
		p.settle()
	}
	if p.end == p.start {
		p.begin()
	}
	if whole && size <= p.room() {
		p.message(f, src, int(f.Total))
	} else {
		p.cut(f, src)
	}
	p.next += f.Span()
}

// message writes a Message frame, with the first n bytes of its body; there is
// room. (The others are lent.)
func (p *Packer) message(f *wire.Fragment, src *source, n int) {
	head := wire.AppendMessage
	if f.Inline {
		head = wire.AppendInline
	}
	b := head(p.buf[:p.end], f.Guarantee, f.Set, f.Origin, int(f.Total))
	src.read(p.buf[len(b) : len(b)+n])
	p.end = len(b) + n
	p.count()
}

// count counts the Message frame that was written for p.next.
func (p *Packer) count() {
	if p.messages == 0 {
		p.first = p.next
	}
	p.messages++
}
