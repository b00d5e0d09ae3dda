package batch

import "stampede/wire"

// A lent message is not copied. Each of its datagrams has a head in the arena
// and a tail that refers to the application's memory:
//
//	arena        | header | frame's front, keys |
//	application                                  | body … |
//
// A lent frame ends its datagram, so that head and tail are all of it.

const (
	// LendFrom is how many bytes a message has at least for its loan to cost less
	// than its copy. A copied message fills up the datagrams of those before and
	// behind it; a lent one ends with a short datagram, and with that its train:
	// a train more, at both ends, for each message. That is worth the copy of
	// most of a megabyte (BenchmarkCrossover, docs/performance.md).
	LendFrom = 1 << 20
	// maxTail is how many parts of a message one datagram refers to; behind
	// so many it ends early. Few, since each is an element of an iovec, of
	// which one send takes MaxElements for up to MaxSegments datagrams.
	maxTail = MaxElements/MaxSegments - 1
	// minPart is how long the parts of a lent message are on average: copying
	// 512 bytes costs about as much (15 ns) as handling one element more.
	minPart = 512
)

// Lend is Append without copying the body: until Release returns loan, the
// bytes of iov must not change. The slice iov itself and m are read during the
// call only. A loan is in use from here until it comes back; Lend sets its
// Number and leaves its Handle.
//
// What gains nothing by lending is copied as Append does, and then
// loan.Outstanding() is 0: nothing is lent and Release will never return it.
// These are messages of less than PackerConfig.LendFrom bytes, of less than half
// a datagram, or in many small parts, and all of them where datagrams are sealed or compressed. Errors are
// Append's.
func (p *Packer) Lend(m *Message, iov [][]byte, loan *Loan) (number uint64, err error) {
	n := 0
	for _, part := range iov {
		n += len(part)
	}
	loan.Number, loan.left = 0, 0
	if p.worthLending(n, len(iov)) {
		number, err = p.lend(m, iov, n, loan)
	} else {
		number, err = p.Append(m, iov)
	}
	if err == nil {
		loan.Number = number
	}
	return number, err
}

// worthLending says whether not copying n bytes in so many parts gains anything.
func (p *Packer) worthLending(n, parts int) bool {
	return !p.config.Sealed && p.stage == nil && n >= p.config.LendFrom && n > p.capacity/2 && n >= minPart*parts
}

func (p *Packer) lend(m *Message, iov [][]byte, n int, loan *Loan) (uint64, error) {
	var f wire.Fragment
	if err := p.describe(&f, m, n); err != nil {
		return 0, err
	}
	if !p.plenty(int(f.Total)) &&
		p.chunksForLent(int(f.Total), len(m.Keys)*wire.GroupBytes, len(iov)) > p.free() {
		return 0, ErrFull
	}
	loan.keep(iov)
	p.refer(&f, &source{keys: m.Keys, iov: iov}, loan)
	return p.next - 1, nil
}

// refer makes the datagrams of a lent message. There are chunks enough.
func (p *Packer) refer(f *wire.Fragment, src *source, loan *Loan) {
	p.settle()
	if p.end > p.start {
		p.close()
	}
	if int(f.Total)+wire.MessageOverhead <= p.capacity && len(src.iov) <= maxTail {
		p.lendWhole(f, src, loan)
	} else {
		p.lendPieces(f, src, loan)
	}
	p.next++
}

// lendWhole makes one datagram with a Message frame.
func (p *Packer) lendWhole(f *wire.Fragment, src *source, loan *Loan) {
	keys := src.keyBytes()
	p.seat(wire.HeaderBytes + wire.MessageOverhead + keys)
	p.end = p.start + wire.HeaderBytes
	p.message(f, src, keys)
	tail, _ := src.lend(p.spareTail(), int(f.Total)-keys, maxTail)
	p.enlist(tail, loan).Through = p.next
}

// lendPieces makes one datagram per Fragment frame, full ones but for the last
// and such as would refer to too many parts.
func (p *Packer) lendPieces(f *wire.Fragment, src *source, loan *Loan) {
	f.Number = p.next
	for f.Offset < f.Total {
		piece := min(p.capacity-wire.FragmentOverhead, int(f.Total-f.Offset))
		keys := min(src.keyBytes(), piece)
		p.seat(wire.HeaderBytes + wire.FragmentOverhead + keys)
		front := p.start + wire.HeaderBytes
		at := front + wire.FragmentOverhead
		p.end = at + keys
		src.read(p.buf[at:p.end])
		tail, lent := src.lend(p.spareTail(), piece-keys, maxTail)
		wire.AppendFragment(p.buf[:front], f, keys+lent)

		p.begins = f.Offset == 0
		f.Offset += uint32(keys + lent)
		p.last = f.Offset == f.Total
		d := p.enlist(tail, loan)
		if d.Last {
			d.Begins, d.Through = false, p.next
		}
	}
}

// enlist closes what stands in the open chunk as the head of a lent datagram.
func (p *Packer) enlist(tail [][]byte, loan *Loan) *Datagram {
	d := p.enqueue(p.end)
	d.Tail, d.Loan = tail, loan
	p.queued += d.Len() - len(d.Bytes)
	loan.left++
	return d
}

// spareTail is an empty slice for a datagram's tail: one that came back, if
// there is one.
func (p *Packer) spareTail() [][]byte {
	if len(p.tails) == 0 {
		const block, parts = 64, 2 // one part, or the seam of two
		room := make([][]byte, block*parts)
		for i := 0; i < len(room); i += parts {
			p.tails = append(p.tails, room[i:i:i+parts])
		}
	}
	last := len(p.tails) - 1
	tail := p.tails[last]
	p.tails = p.tails[:last]
	return tail
}

// chunksForLent is how many chunks at most it takes from the arena for the
// heads of a lent message of total bytes, the keys among them, in so many
// parts. A head may have to leave less than its size free at a chunk's end.
func (p *Packer) chunksForLent(total, keys, parts int) int {
	const front = wire.HeaderBytes + wire.FragmentOverhead + shortAlign
	datagrams := total/(p.capacity-wire.FragmentOverhead) + 1 + parts/(maxTail-1)
	largest := front + min(keys, p.capacity)
	here := 0
	if p.chunk != nil {
		here = max(ChunkBytes-p.start-largest, 0)
		if p.end > p.start {
			here = max(here-p.config.Datagram, 0)
		}
	}
	each := ChunkBytes - largest
	return (max(datagrams*front+keys-here, 0) + each - 1) / each
}
