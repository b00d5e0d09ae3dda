package wire

// Piece carries a part of a datagram that no longer fits, because the MTU
// shrank after it was made. Put together, its bytes are judged at the door
// like any other datagram.
//
//	0       4       6      8      16
//	|stream |offset |total |dseq  |bytes ...
type Piece struct {
	Stream ProcessorID // whose datagram it is
	Offset uint16      // Offset + len(Bytes) <= Total
	Total  uint16      // bytes of the whole datagram
	Dseq   uint64      // its number, from 1
	Bytes  []byte      // at least one; aliases the datagram
}

const PieceOverhead = 16 // before the bytes

// AppendTo appends the body.
func (p *Piece) AppendTo(dst []byte) []byte {
	dst = le.AppendUint32(dst, uint32(p.Stream))
	dst = le.AppendUint16(dst, p.Offset)
	dst = le.AppendUint16(dst, p.Total)
	dst = le.AppendUint64(dst, p.Dseq)
	return append(dst, p.Bytes...)
}

// Parse reads the body b. Bytes alias it.
func (p *Piece) Parse(b []byte) Verdict {
	c := cursor{b: b}
	p.Stream = c.id()
	p.Offset, p.Total = c.u16(), c.u16()
	p.Dseq = c.u64()
	p.Bytes = c.take(len(c.b))
	c.want(p.Dseq != 0 && p.Total >= HeaderBytes && len(p.Bytes) > 0 &&
		int(p.Offset)+len(p.Bytes) <= int(p.Total))
	return c.done()
}
