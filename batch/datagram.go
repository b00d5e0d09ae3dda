package batch

import "net/netip"

// Datagram is one datagram to be sent, or sent and kept: header, frames and,
// if sealed, trailer.
//
// Bytes is contiguous and lies in Chunk, on which the holder of the Datagram
// has one reference. Its capacity reaches to the end of the chunk (Burst sees
// by that which datagrams lie one behind the other): never append to it.
//
// A lent datagram's last frame goes on in Tail, memory of the application that
// must not change until the packer's Release says that the loan is over.
type Datagram struct {
	Bytes []byte
	Tail  [][]byte // nil unless lent
	Chunk *Chunk
	Loan  *Loan // nil unless lent

	First    uint64 // number of the first whole message in it, as in the header; 0 = none
	Through  uint64 // every message up to this number is complete once this one is sent
	Messages uint16 // whole messages in it as frames of their own
	Last     bool   // it holds the last fragment of a message (or of a batch) begun before or in it
	Begins   bool   // it holds the first fragment of a message (or of a batch)
	saved    int    // bytes that coding has saved of messages in it or behind it
}

// Len is the length of the datagram in bytes, Tail included.
func (d *Datagram) Len() int {
	n := len(d.Bytes)
	for _, t := range d.Tail {
		n += len(t)
	}
	return n
}

// Loan is one message's memory lent by its application. The caller of Lend
// owns the struct and may use it again when the loan is over.
type Loan struct {
	Number uint64 // message number, set by Lend
	Handle uint32 // the caller's: whom to tell
	left   int    // datagrams that refer to the memory
	iov    [][]byte
}

// keep copies how the lent memory lies, for those who have to cut it anew.
func (l *Loan) keep(iov [][]byte) { l.iov = append(l.iov[:0], iov...) }

// drop takes one reference back; it returns the loan when it was the last.
func (l *Loan) drop() *Loan {
	l.left--
	if l.left > 0 {
		return nil
	}
	clear(l.iov)
	return l
}

// Outstanding is the number of datagrams that still refer to the lent memory.
// 0 right after Lend: the message was copied, nothing is lent.
func (l *Loan) Outstanding() int { return l.left }

// Arrival is what one receive gave: one datagram, or the train that the
// kernel's GRO put together again.
type Arrival struct {
	Bytes   []byte
	Segment int            // length of each datagram but the last; 0 = Bytes is one datagram
	From    netip.AddrPort // where the network says it came from
	Chunk   *Chunk         // memory of Bytes: Keep it to keep Bytes; nil = must be copied
}

// Next splits the first datagram off rest, which begins as a.Bytes:
//
//	for rest := a.Bytes; len(rest) > 0; {
//		d, rest = a.Next(rest)
//	}
func (a *Arrival) Next(rest []byte) (d, more []byte) {
	if a.Segment <= 0 || a.Segment >= len(rest) {
		return rest, nil
	}
	return rest[:a.Segment:a.Segment], rest[a.Segment:]
}
