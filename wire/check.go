package wire

// The places that frames take in a datagram, in ascending order. Unknown types
// that may be skipped stand anywhere.
const (
	rankNone = iota
	rankAccept
	rankStamp
	rankContent // messages, fragments, group sets, system
	rankPiece   // a fragment that goes on in the next datagram: no content behind it
	rankHandoff
)

// A run of Message frames is recognised by the first word of each: type and
// flags, and then u16 length | u16 set | u16 origin.
const (
	messageMask   = 0xff | (0xff&^(FlagGuarantee|FlagInline))<<8
	messageBits   = uint64(FrameMessage)
	messageInline = FlagInline << 8
	messageSet    = 0xffff << 32
)

// frameCheck is the state of judging one datagram's frames; its results go
// into the header.
type frameCheck struct {
	h     *Header
	rank  int
	next  uint64 // number that the next message must have; 0 = not known yet
	set   uint64 // first word of the first Message frame
	mixed uint64 // bits in which some other one differs
}

// checkFrames judges the frames of a Stream datagram and fills in the summary.
func (h *Header) checkFrames(b []byte) Verdict {
	c := frameCheck{h: h}
	if _, v := c.frames(b); v != OK {
		return v
	}
	return c.finish()
}

// Summarize fills in what Check would of the frames of h's datagram, one that
// was packed here; h gives First. The last frame may be lent, so that it goes
// on behind frames. The verdict is as at the door.
func (h *Header) Summarize(frames []byte) Verdict {
	h.Messages, h.Guarantees, h.Contents = 0, 0, 0
	h.Set, h.OneSet, h.Unfinished = 0, false, false
	c := frameCheck{h: h}
	if rest, v := c.frames(frames); v != OK {
		if v = c.lent(rest, v); v != OK {
			return v
		}
	}
	return c.finish()
}

// frames judges b frame by frame; rest is where it stopped.
func (c *frameCheck) frames(b []byte) (rest []byte, _ Verdict) {
	for len(b) > 0 {
		var n int
		var v Verdict
		switch {
		case b[0] == byte(FramePadding):
			if !allZero(b) {
				return b, BadPadding
			}
			n = len(b)
			c.h.Contents |= 1 << FramePadding
		case len(b) >= MessageOverhead && le.Uint64(b)&messageMask == messageBits:
			n, v = c.messages(b)
		default:
			n, v = c.frame(b)
		}
		if v != OK {
			return b, v
		}
		b = b[n:]
	}
	return b, OK
}

// lent judges b, which as a whole frame was refused with v.
func (c *frameCheck) lent(b []byte, v Verdict) Verdict {
	var fr Frame
	if len(b) < FrameHead || !fr.decode(b) || fr.Missing == 0 || fr.Flags&^frameFlags[fr.Type] != 0 {
		return v
	}
	if o := c.order(&fr); o != OK {
		return o
	}
	c.h.Contents |= 1 << fr.Type
	if fr.Type == FrameFragment {
		return c.fragment(&fr)
	}
	if fr.Inline && !inlineFits(fr.Set, len(fr.Body)+fr.Missing) {
		return BadMessage
	}
	word := le.Uint64(b)
	if c.h.Messages == 0 {
		c.set = word
	}
	c.mixed |= word ^ c.set
	c.h.Guarantees |= 1 << fr.Guarantee
	return c.count(1)
}

// messages judges a run of Message frames, which is what most datagrams are, up
// to the first that is none or not well-formed.
func (c *frameCheck) messages(b []byte) (n int, _ Verdict) {
	if c.rank > rankContent {
		return 0, BadOrder
	}
	c.rank = rankContent
	first := le.Uint64(b)
	if c.h.Messages == 0 {
		c.set = first
	}
	var guarantees uint8
	var count, differ uint64
	for len(b)-n >= MessageOverhead {
		word := le.Uint64(b[n:])
		if word&messageMask != messageBits {
			break
		}
		size := FrameHead + int(word>>16&0xffff)
		if size < MessageOverhead || size > len(b)-n ||
			word&messageInline != 0 && !inlineFits(uint16(word>>32), size-MessageOverhead) {
			break
		}
		guarantees |= 1 << (word >> 8 & FlagGuarantee)
		differ |= word ^ c.set
		count++
		n += size
	}
	if count == 0 {
		return 0, badMessage(first, len(b))
	}
	c.mixed |= differ
	c.h.Guarantees |= guarantees
	c.h.Contents |= 1 << FrameMessage
	return n, c.count(count)
}

// badMessage says what is wrong with a Message frame that so begins.
func badMessage(word uint64, room int) Verdict {
	if FrameHead+int(word>>16&0xffff) > room {
		return BadFrame
	}
	return BadMessage
}

// inlineFits says whether so many keys may stand first in size bytes.
func inlineFits(keys uint16, size int) bool {
	return keys <= MaxSetKeys && int(keys)*GroupBytes <= size
}

// count takes n Message frames into account.
func (c *frameCheck) count(n uint64) Verdict {
	if c.h.Messages == 0 {
		if c.h.First == 0 || c.next != 0 && c.next != c.h.First {
			return BadNumber
		}
		c.next = c.h.First
	}
	c.h.Messages += uint16(n)
	return c.advance(c.next, n)
}

// advance says that the numbers [number, number+n) are taken.
func (c *frameCheck) advance(number, n uint64) Verdict {
	if number == 0 || c.next != 0 && c.next != number || number+n < number {
		return BadNumber
	}
	c.next = number + n
	return OK
}

func (c *frameCheck) finish() Verdict {
	h := c.h
	if h.Messages == 0 {
		if h.First != 0 {
			return BadNumber
		}
		return OK
	}
	h.OneSet = c.set&messageInline == 0 && c.mixed&(messageInline|messageSet) == 0
	if h.OneSet {
		h.Set = uint16(c.set >> 32)
	}
	return OK
}

// frame judges any frame but padding and well-formed messages.
func (c *frameCheck) frame(b []byte) (n int, _ Verdict) {
	var fr Frame
	if len(b) < FrameHead {
		return 0, BadFrame
	}
	n = FrameHead + int(le.Uint16(b[2:]))
	if n > len(b) {
		return 0, BadFrame
	}
	t, flags := FrameType(b[0]), b[1]
	if t >= NumFrameTypes {
		if flags&FlagMaySkip == 0 {
			return 0, BadFrame
		}
		return n, OK
	}
	v := frameVerdicts[t]
	if flags&^frameFlags[t] != 0 || !fr.decode(b[:n]) {
		return 0, v
	}
	if o := c.order(&fr); o != OK {
		return 0, o
	}
	c.h.Contents |= 1 << t
	switch t {
	case FrameFragment:
		return n, c.fragment(&fr)
	case FrameGroupSet:
		if fr.Count == 0 || fr.Total > MaxSetKeys || fr.Offset+fr.Count > fr.Total {
			return 0, v
		}
	case FrameStamp:
		if fr.Member == 0 || fr.Count == 0 || fr.First == 0 || fr.First+uint64(fr.Count) < fr.First {
			return 0, v
		}
	case FrameHandoff:
		if fr.Member == 0 || !ascendingShares(fr.Body) {
			return 0, v
		}
	case FrameAccept:
		if fr.Member == 0 || fr.Dseq == 0 || fr.First == 0 {
			return 0, v
		}
	}
	return n, OK
}

var frameVerdicts = [NumFrameTypes]Verdict{BadPadding, BadMessage, BadFragment, BadGroupSet,
	BadStamp, BadHandoff, BadAccept, BadSystem}

// frameFlags are the bits that each type's flags may have.
var frameFlags = [NumFrameTypes]uint8{
	FrameMessage:  FlagGuarantee | FlagInline,
	FrameFragment: FlagGuarantee | FlagInline | flagCodec | FlagBatch,
	FrameSystem:   FlagMaySkip,
}

// order says whether fr may stand behind what was there before.
func (c *frameCheck) order(fr *Frame) Verdict {
	rank, once := rankContent, false
	switch fr.Type {
	case FrameAccept:
		rank, once = rankAccept, true
	case FrameStamp:
		rank = rankStamp
	case FrameHandoff:
		rank, once = rankHandoff, true
	}
	if rank < c.rank || once && rank == c.rank {
		return BadOrder
	}
	c.rank = rank
	return OK
}

func (c *frameCheck) fragment(fr *Frame) Verdict {
	piece := uint64(len(fr.Body) + fr.Missing)
	end := uint64(fr.Offset) + piece
	switch {
	case piece == 0 || end > uint64(fr.Total):
		return BadFragment
	case fr.Codec >= NumCodecs:
		return BadFragment
	case fr.Codec != CodecNone && fr.Total <= CodedHead:
		return BadFragment
	case fr.Batch && (fr.Codec == CodecNone || fr.Inline || fr.Set == 0 || fr.Origin != 0):
		return BadFragment
	case fr.Inline && fr.Set > MaxSetKeys:
		return BadFragment
	case fr.Inline && fr.Codec == CodecNone && uint64(fr.Set)*GroupBytes > uint64(fr.Total):
		return BadFragment
	}
	if fr.Last() {
		c.h.Guarantees |= 1 << fr.Guarantee
	} else {
		c.h.Unfinished = true
		c.rank = rankPiece
	}
	return c.advance(fr.Number, fr.Span())
}

// ascendingShares says whether the members of the shares ascend from 1.
func ascendingShares(b []byte) bool {
	last := uint32(0)
	for ; len(b) >= ShareBytes; b = b[ShareBytes:] {
		m := le.Uint32(b)
		if m <= last {
			return false
		}
		last = m
	}
	return true
}
