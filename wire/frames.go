package wire

// Frames reads the frames of a Stream datagram one after the other. Padding
// and frames of unknown type are passed over. On bytes that were checked it
// reaches the end; on any others it stops where they make no sense.
//
// A Frames is a small value: keep it on the stack, copy it to remember a place.
type Frames struct {
	b      []byte
	at     int    // 0 <= at <= len(b): where the next frame begins
	number uint64 // of the next Message frame
}

// NewFrames reads from frames, a datagram without its header (and seal), whose
// header gives First. The bytes may also be the head of a lent datagram, whose
// last frame goes on elsewhere: see Frame.Missing.
func NewFrames(frames []byte, first uint64) Frames {
	return Frames{b: frames, number: first}
}

// Done says that every byte was read: there is no frame left, and none was
// given up on.
func (f *Frames) Done() bool { return f.at >= len(f.b) }

// Number is the number that the next Message frame will have.
func (f *Frames) Number() uint64 { return f.number }

// Frame is a frame decoded. Fields that its type does not have are zero.
type Frame struct {
	Type      FrameType
	Flags     uint8
	Guarantee Guarantee // Message, Fragment
	Inline    bool      // Message, Fragment: Set counts keys that come first
	Batch     bool      // Fragment of a batch of Set messages
	Codec     Codec     // Fragment
	Set       uint16    // Message, Fragment: group set, keys or messages; GroupSet: its id
	Origin    uint16    // Message, Fragment
	Offset    uint32    // Fragment: of the piece; GroupSet: index of the first key
	Total     uint32    // Fragment: bytes of the whole; GroupSet: keys of the whole set
	Count     uint32    // Stamp: datagrams; Handoff: shares; GroupSet: keys here
	Number    uint64    // Message, Fragment: number of the message, or of a batch's first
	// Member is stamped (Stamp), receives (Handoff) or gave (Accept).
	Member   ProcessorID
	First    uint64 // Stamp, Accept: first dseq of the run
	Dseq     uint64 // Accept: datagram that the hand-off stands in
	Position uint64 // Handoff, Accept

	// Body is the payload of a Message (keys first, if Inline), the piece of a
	// Fragment, the keys of a GroupSet, the shares of a Handoff, or the whole
	// body of a System frame. It aliases the datagram.
	Body []byte
	// Missing is how many bytes of Body stand in the tail of a lent datagram;
	// 0 but for a Message or Fragment that comes last.
	Missing int
	// End is the offset behind this frame, lent bytes included, within the
	// bytes given to NewFrames.
	End int
}

// Last says that a Fragment completes its message or batch.
func (fr *Frame) Last() bool {
	return uint64(fr.Offset)+uint64(len(fr.Body)+fr.Missing) == uint64(fr.Total)
}

// Span is how many message numbers a Message or a fragmented whole takes.
func (fr *Frame) Span() uint64 {
	if fr.Batch {
		return uint64(fr.Set)
	}
	return 1
}

// Keys are the keys of a GroupSet frame, or those that an inline Message
// brings. They alias the datagram.
func (fr *Frame) Keys() Keys {
	switch {
	case fr.Type == FrameGroupSet:
		return Keys(fr.Body)
	case fr.Type == FrameMessage && fr.Inline:
		keys, _, _ := SplitInline(fr.Set, fr.Body)
		return keys
	}
	return nil
}

// Payload is what the application sent in a Message: Body without keys.
func (fr *Frame) Payload() []byte {
	if fr.Inline {
		_, payload, _ := SplitInline(fr.Set, fr.Body)
		return payload
	}
	return fr.Body
}

// SplitInline divides a whole message that brings its keys along. ok is false
// when it is too short for them, which only a message that was compressed or
// not yet checked can be.
func SplitInline(keys uint16, whole []byte) (_ Keys, payload []byte, ok bool) {
	n := int(keys) * GroupBytes
	if n > len(whole) {
		return nil, nil, false
	}
	return Keys(whole[:n:n]), whole[n:], true
}

// Share is the i-th share of a Handoff, 0 <= i < Count.
func (fr *Frame) Share(i int) Share { return shareAt(fr.Body[i*ShareBytes:]) }

func shareAt(b []byte) Share {
	return Share{ProcessorID(le.Uint32(b)), le.Uint32(b[4:])}
}

// Next decodes the next frame into fr; false means that there is none.
func (f *Frames) Next(fr *Frame) bool {
	for f.at < len(f.b) {
		b := f.b[f.at:]
		if len(b) >= MessageOverhead && le.Uint64(b)&messageMask == messageBits {
			return f.message(fr, b)
		}
		if len(b) < FrameHead || b[0] == byte(FramePadding) {
			return f.stop(b)
		}
		if !fr.decode(b) {
			return false
		}
		fr.End += f.at
		f.at = min(fr.End, len(f.b))
		switch fr.Type {
		case FrameMessage:
			fr.Number = f.number
			f.number++
		case FrameFragment:
			f.number = fr.Number + fr.Span()
		}
		if fr.Type < NumFrameTypes {
			return true
		}
	}
	return false
}

// message is Next for the frame that most frames are.
func (f *Frames) message(fr *Frame, b []byte) bool {
	word := le.Uint64(b)
	n := FrameHead + int(word>>16&0xffff)
	if n < MessageOverhead {
		return false
	}
	*fr = Frame{} // and then field by field: a literal would be made elsewhere and copied
	fr.Type = FrameMessage
	fr.Flags = uint8(word >> 8)
	fr.Guarantee = Guarantee(word >> 8 & FlagGuarantee)
	fr.Inline = word&messageInline != 0
	fr.Set = uint16(word >> 32)
	fr.Origin = uint16(word >> 48)
	fr.Number = f.number
	fr.End = f.at + n
	fr.Missing = max(0, n-len(b))
	n -= fr.Missing
	fr.Body = b[MessageOverhead:n:n]
	f.at += n
	f.number++
	return true
}

// Whole is a Message frame, and no more of it than who delivers it needs.
type Whole struct {
	Body      []byte // payload, after Set keys when Inline; aliases the datagram
	Number    uint64
	Set       uint16
	Origin    uint16
	Guarantee Guarantee
	Inline    bool
}

// NextWhole decodes the next Message frame that lies in the bytes wholly, and
// passes over all others; false means that there is none.
func (f *Frames) NextWhole(m *Whole) bool {
	for {
		b := f.b[f.at:]
		if len(b) < MessageOverhead {
			return false // no Message frame is as short
		}
		word := le.Uint64(b)
		n := FrameHead + int(word>>16&0xffff)
		if word&messageMask == messageBits && MessageOverhead <= n && n <= len(b) {
			m.Body = b[MessageOverhead:n:n]
			m.Number = f.number
			m.Set, m.Origin = uint16(word>>32), uint16(word>>48)
			m.Guarantee = Guarantee(word >> 8 & FlagGuarantee)
			m.Inline = word&messageInline != 0
			f.at += n
			f.number++
			return true
		}
		if whole, more := f.rare(m); whole || !more {
			return whole
		}
	}
}

// rare is a step of NextWhole over any frame.
func (f *Frames) rare(m *Whole) (whole, more bool) {
	var fr Frame
	if !f.Next(&fr) {
		return false, false
	}
	if fr.Type != FrameMessage || fr.Missing > 0 {
		return false, true
	}
	*m = Whole{fr.Body, fr.Number, fr.Set, fr.Origin, fr.Guarantee, fr.Inline}
	return true, true
}

// stop ends the reading: padding is read up to its end, anything else is not.
func (f *Frames) stop(b []byte) bool {
	if allZero(b) {
		f.at = len(f.b)
	}
	return false
}

func allZero(b []byte) bool {
	for len(b) >= 8 {
		if le.Uint64(b) != 0 {
			return false
		}
		b = b[8:]
	}
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}

// decode reads the frame that b begins with, all but the number of a Message.
// It answers false when the body is not in b or of an impossible size; what
// the values mean is judged at the door.
func (fr *Frame) decode(b []byte) bool {
	head := le.Uint32(b)
	t, n := FrameType(head), FrameHead+int(head>>16)
	*fr = Frame{Type: t, Flags: uint8(head >> 8), End: n}
	body := b[FrameHead:]
	if n <= len(b) {
		body = b[FrameHead:n:n]
	} else if t != FrameMessage && t != FrameFragment {
		return false
	}
	fr.Missing = n - FrameHead - len(body)
	switch t {
	case FrameMessage:
		return fr.message(body)
	case FrameFragment:
		return fr.fragment(body)
	case FrameGroupSet:
		return fr.groupSet(body)
	case FrameStamp:
		return fr.stamp(body)
	case FrameHandoff:
		return fr.handoff(body)
	case FrameAccept:
		return fr.accept(body)
	}
	fr.Body = body
	return true
}

func (fr *Frame) message(b []byte) bool {
	if len(b) < MessageOverhead-FrameHead {
		return false
	}
	fr.Guarantee = Guarantee(fr.Flags & FlagGuarantee)
	fr.Inline = fr.Flags&FlagInline != 0
	fr.Set, fr.Origin = le.Uint16(b), le.Uint16(b[2:])
	fr.Body = b[4:]
	return true
}

func (fr *Frame) fragment(b []byte) bool {
	if len(b) < FragmentOverhead-FrameHead || !fr.message(b) {
		return false
	}
	fr.Codec = Codec(fr.Flags & flagCodec >> flagCodecAt)
	fr.Batch = fr.Flags&FlagBatch != 0
	fr.Number = le.Uint64(b[4:])
	fr.Offset, fr.Total = le.Uint32(b[12:]), le.Uint32(b[16:])
	fr.Body = b[20:]
	return true
}

func (fr *Frame) groupSet(b []byte) bool {
	if len(b) < 8 || (len(b)-8)%GroupBytes != 0 || le.Uint16(b[6:]) != 0 {
		return false
	}
	fr.Set = le.Uint16(b)
	fr.Total, fr.Offset = uint32(le.Uint16(b[2:])), uint32(le.Uint16(b[4:]))
	fr.Body = b[8:]
	fr.Count = uint32(len(fr.Body) / GroupBytes)
	return true
}

func (fr *Frame) stamp(b []byte) bool {
	if len(b) != StampBytes-FrameHead {
		return false
	}
	fr.Member, fr.Count, fr.First = ProcessorID(le.Uint32(b)), le.Uint32(b[4:]), le.Uint64(b[8:])
	return true
}

func (fr *Frame) handoff(b []byte) bool {
	if len(b) < HandoffOverhead-FrameHead {
		return false
	}
	fr.Member, fr.Count, fr.Position = ProcessorID(le.Uint32(b)), le.Uint32(b[4:]), le.Uint64(b[8:])
	fr.Body = b[16:]
	return uint64(len(fr.Body)) == uint64(fr.Count)*ShareBytes
}

func (fr *Frame) accept(b []byte) bool {
	if len(b) != AcceptBytes-FrameHead || le.Uint32(b[4:]) != 0 {
		return false
	}
	fr.Member, fr.Dseq = ProcessorID(le.Uint32(b)), le.Uint64(b[8:])
	fr.Position, fr.First = le.Uint64(b[16:]), le.Uint64(b[24:])
	return true
}
