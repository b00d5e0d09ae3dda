package order

import "stampede/wire"

// joined is a message whose fragments are being put together.
type joined struct {
	bytes  []byte // len = total; nil = none
	number uint64
	got    uint32 // bytes that have come
}

// loan is reassembly memory that is out with a delivery.
type loan struct {
	bytes    []byte
	delivery uint64 // it comes back when so many have been given back
}

// lend notes that the next delivery takes reassembly memory along.
func (s *Session) lend(b []byte) {
	s.loans = append(s.loans, loan{b, s.emitted + 1})
}

// reclaim takes reassembly memory back that the application is done with.
// Deliveries are given back in order, whatever position they have.
func (s *Session) reclaim() {
	n := 0
	for n < len(s.loans) && s.loans[n].delivery <= s.consumed {
		s.mem.Pool.Put(s.loans[n].bytes)
		n++
	}
	if n > 0 {
		s.loans = append(s.loans[:0], s.loans[n:]...)
	}
}

// reassembly takes a buffer; nil when the memory is used up just now.
func (s *Session) reassembly(n uint32) []byte {
	b := s.mem.Pool.Get(int(n))
	if b == nil {
		s.Counters.PoolWait++
		s.starved = true
	}
	return b
}

// join adds the fragment at the cursor to its message and delivers the message
// with the last one. False: no memory now, the cursor stays.
func (s *Session) join(st *stream, sl *slot, f *wire.Frame) bool {
	if f.Total > s.longest(f) {
		s.Counters.Invalid++
		return true
	}
	if f.Guarantee == wire.Unordered {
		return s.cut.step != running && !s.whole(st, sl.dseq, f) || s.joinEarly(st, sl, f, len(st.early)+1)
	}
	if f.Offset == 0 && f.Last() && f.Missing == 0 {
		return s.complete(st, f, f.Body, false)
	}
	j := &st.joining
	if f.Offset == 0 && (j.bytes == nil || j.number != f.Number) {
		if j.bytes != nil {
			s.mem.Pool.Put(j.bytes) // its predecessor never ended
		}
		*j = joined{bytes: s.reassembly(f.Total), number: f.Number}
		if j.bytes == nil {
			return false
		}
	}
	if j.bytes == nil || j.number != f.Number || len(j.bytes) != int(f.Total) || j.got < f.Offset {
		s.Counters.Invalid++
		return true
	}
	if j.got == f.Offset { // else it was copied before memory for decoding ran out
		copyPiece(j.bytes[f.Offset:], sl, f)
		j.got += pieceLen(f)
	}
	if j.got < f.Total {
		return true
	}
	if !s.complete(st, f, j.bytes, true) {
		return false
	}
	*j = joined{}
	return true
}

// longest is how many bytes the fragments of a message, or of a batch, may have
// together.
func (s *Session) longest(f *wire.Frame) uint32 {
	if f.Batch {
		return wire.MaxBatchBytes + codedSlack
	}
	return s.cfg.MaxMessage + codedSlack
}

// codedSlack is what a coded body may be longer than what it decodes to:
// incompressible bytes are packed plain, so a little is enough.
const codedSlack = 64

// copyPiece copies a fragment's piece, which may go on in lent memory.
func copyPiece(dst []byte, sl *slot, f *wire.Frame) {
	n := copy(dst, f.Body)
	if f.Missing == 0 {
		return
	}
	for _, t := range sl.own.Tail {
		n += copy(dst[n:], t)
	}
}

// complete delivers a message all of whose bytes are there. owned: body is
// reassembly memory that goes out with the delivery.
func (s *Session) complete(st *stream, f *wire.Frame, body []byte, owned bool) bool {
	d := Delivery{
		Member: st.member, Number: f.Number, Sets: st.sets,
		Message: body, Guarantee: f.Guarantee, Inline: f.Inline, Set: f.Set, Origin: f.Origin,
	}
	if f.Codec != wire.CodecNone {
		plain, ok := s.decode(f, body)
		if plain == nil && ok {
			return false
		}
		if owned {
			s.mem.Pool.Put(body)
		}
		if !ok {
			s.Counters.Undecodable++
			return true
		}
		if f.Batch && !s.batchAddressed(st, plain) {
			s.mem.Pool.Put(plain)
			return true
		}
		d.Message = plain
		if f.Batch {
			d.Frames, d.Message, d.Set = plain, nil, 0
		}
		body, owned = plain, true
	}
	if !f.Batch && !s.addressed(st, f) {
		if owned {
			s.mem.Pool.Put(body)
		}
		return true
	}
	if owned {
		s.lend(body)
	}
	s.emit(d)
	return true
}

// batchAddressed is addressed for all messages of a decoded batch.
func (s *Session) batchAddressed(st *stream, frames []byte) bool {
	it := wire.NewFrames(frames, 1)
	var f wire.Frame
	for it.Next(&f) {
		if !s.addressed(st, &f) {
			return false
		}
	}
	return true
}

// decode returns the plain bytes of a coded body in reassembly memory. nil and
// true: no memory now. false: the body is not what it claims to be.
func (s *Session) decode(f *wire.Frame, body []byte) ([]byte, bool) {
	limit := int(s.cfg.MaxMessage)
	if f.Batch {
		limit = wire.MaxBatchBytes
	}
	n, ok := wire.DecodedLen(body)
	if !ok || n < 1 || n > limit {
		return nil, false
	}
	plain := s.reassembly(uint32(n))
	if plain == nil {
		return nil, true
	}
	m, err := s.mem.Decoder.Decode(plain, body, f.Codec)
	if err == nil && m == n && (!f.Batch || wire.CheckBatch(plain, f.Guarantee, f.Set) == wire.OK) &&
		(f.Batch || !f.Inline || n >= int(f.Set)*wire.GroupBytes) {
		return plain, true
	}
	s.mem.Pool.Put(plain)
	return nil, false
}

// deliverLent delivers an own whole message whose bytes are the application's.
func (s *Session) deliverLent(st *stream, sl *slot, f *wire.Frame) bool {
	d := Delivery{
		Member: st.member, Number: f.Number, Sets: st.sets,
		Guarantee: f.Guarantee, Inline: f.Inline, Set: f.Set, Origin: f.Origin,
	}
	if len(f.Body) == 0 && len(sl.own.Tail) == 1 {
		d.Message = sl.own.Tail[0]
	} else {
		d.Message = s.reassembly(pieceLen(f))
		if d.Message == nil {
			return false
		}
		copyPiece(d.Message, sl, f)
		s.lend(d.Message)
	}
	s.emit(d)
	return true
}
