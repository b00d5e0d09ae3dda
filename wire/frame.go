package wire

// FrameType says what a frame of a Stream datagram is.
type FrameType uint8

const (
	FramePadding  FrameType = iota // zeros up to the end of the datagram
	FrameMessage                   // a whole message
	FrameFragment                  // a piece of a message or of a batch
	FrameGroupSet                  // keys of a group set
	FrameStamp                     // places a run of another stream in the order
	FrameHandoff                   // the order goes on in another stream
	FrameAccept                    // the order goes on here
	FrameSystem                    // opaque, agreed; for later
)

// NumFrameTypes bounds arrays indexed by the types that this version knows.
const NumFrameTypes = 8

var frameNames = [NumFrameTypes]string{"padding", "message", "fragment", "group_set", "stamp",
	"handoff", "accept", "system"}

func (t FrameType) String() string { return nameOf(frameNames[:], int(t), "frame ") }

// Codec says how a message or batch is compressed.
type Codec uint8

const (
	CodecNone Codec = iota
	CodecS2
	CodecZstd
)

// NumCodecs bounds arrays indexed by Codec.
const NumCodecs = 3

var codecNames = [NumCodecs]string{"none", "s2", "zstd"}

func (c Codec) String() string { return nameOf(codecNames[:], int(c), "codec ") }

// Bits of a frame's flags; those that its type does not use are 0.
const (
	FlagGuarantee = 3      // bits 0-1: the Guarantee (Message, Fragment)
	FlagInline    = 1 << 2 // set counts the keys that stand first in the payload (Message, Fragment)
	flagCodecAt   = 3      // bits 3-4: the Codec (Fragment)
	flagCodec     = 3 << flagCodecAt
	FlagBatch     = 1 << 5 // the whole is a batch of Message frames (Fragment)
	FlagMaySkip   = 1 << 7 // who does not know the type may skip it (System, and types to come)
)

// Sizes of frames, their head of FrameHead bytes included.
const (
	FrameHead        = 4
	MessageOverhead  = FrameHead + 4  // before the payload
	FragmentOverhead = FrameHead + 20 // before the piece
	GroupSetOverhead = FrameHead + 8  // before the keys
	StampBytes       = FrameHead + 16
	HandoffOverhead  = FrameHead + 16 // before the shares
	AcceptBytes      = FrameHead + 32
	ShareBytes       = 8 // one share, in frames and bodies
)

// CodedHead is the size of what every coded body begins with: u32 decoded length.
const CodedHead = 4

const (
	// MaxSetKeys is how many keys a group set has, or a message brings along,
	// at most.
	MaxSetKeys = 1024
	// MaxBatchBytes is the size to which a batch may decode.
	MaxBatchBytes = 64 << 10
	// MaxPayload is the largest payload of a Message frame or piece of a
	// Fragment that a datagram has room for.
	MaxPayload = MaxDatagramBytes - HeaderBytes - MessageOverhead
)

// Share is how many datagrams a member may have in flight. Lists of shares
// stand in ascending order of member, none twice.
type Share struct {
	Member ProcessorID
	Share  uint32 // datagrams
}

// Fragment is what a Fragment frame says of its piece.
type Fragment struct {
	Guarantee Guarantee
	Inline    bool   // Set counts keys that stand first in the message
	Batch     bool   // the whole is a batch of Set messages; needs a Codec, excludes Inline, Origin 0
	Codec     Codec  // how the whole is compressed
	Set       uint16 // id of the group set; keys if Inline; messages if Batch
	Origin    uint16 // who at the sender sent it
	Number    uint64 // of the message, or of the first of the batch; from 1
	Offset    uint32 // 0 <= Offset < Offset + len(piece) <= Total
	Total     uint32 // bytes of the whole, as encoded
}

// Span is how many numbers the fragmented whole takes.
func (f *Fragment) Span() uint64 {
	if f.Batch {
		return uint64(f.Set)
	}
	return 1
}

func (f *Fragment) flags() uint8 {
	flags := uint8(f.Guarantee)&FlagGuarantee | uint8(f.Codec)<<flagCodecAt&flagCodec
	if f.Inline {
		flags |= FlagInline
	}
	if f.Batch {
		flags |= FlagBatch
	}
	return flags
}

// The Append functions append a frame, or the front of one whose body the
// caller appends (or lends) himself, and return the longer slice. They do not
// judge what they are given: what breaks a rule is refused by Check.

// AppendMessage appends the front of a whole message to the announced set,
// MessageOverhead bytes; payload is how many bytes follow, at most MaxPayload.
func AppendMessage(dst []byte, g Guarantee, set, origin uint16, payload int) []byte {
	return appendMessage(dst, uint8(g), set, origin, payload)
}

// AppendInline does the same for a message that brings its keys along: payload
// counts them, keys*GroupBytes, and the message's bytes behind them.
func AppendInline(dst []byte, g Guarantee, keys, origin uint16, payload int) []byte {
	return appendMessage(dst, uint8(g)|FlagInline, keys, origin, payload)
}

func appendMessage(dst []byte, flags uint8, set, origin uint16, payload int) []byte {
	return le.AppendUint64(dst, uint64(FrameMessage)|uint64(flags)<<8|
		uint64(uint16(payload+MessageOverhead-FrameHead))<<16|
		uint64(set)<<32|uint64(origin)<<48)
}

// AppendFragment appends the front of a Fragment, FragmentOverhead bytes;
// piece is how many bytes follow, at least one.
func AppendFragment(dst []byte, f *Fragment, piece int) []byte {
	dst = appendHead(dst, FrameFragment, f.flags(), piece+FragmentOverhead-FrameHead)
	dst = le.AppendUint16(dst, f.Set)
	dst = le.AppendUint16(dst, f.Origin)
	dst = le.AppendUint64(dst, f.Number)
	dst = le.AppendUint32(dst, f.Offset)
	return le.AppendUint32(dst, f.Total)
}

// AppendGroupSet appends keys [offset, offset+len(keys)) of set id, which has
// total keys, 1 <= total <= MaxSetKeys.
func AppendGroupSet(dst []byte, id, total, offset uint16, keys []Group) []byte {
	dst = appendHead(dst, FrameGroupSet, 0, GroupSetOverhead-FrameHead+len(keys)*GroupBytes)
	dst = le.AppendUint16(dst, id)
	dst = le.AppendUint16(dst, total)
	dst = le.AppendUint16(dst, offset)
	dst = le.AppendUint16(dst, 0)
	for i := range keys {
		dst = append(dst, keys[i][:]...)
	}
	return dst
}

// AppendStamp appends a stamp of member's datagrams [first, first+count),
// StampBytes; count and first are at least 1.
func AppendStamp(dst []byte, member ProcessorID, count uint32, first uint64) []byte {
	dst = appendHead(dst, FrameStamp, 0, StampBytes-FrameHead)
	dst = le.AppendUint32(dst, uint32(member))
	dst = le.AppendUint32(dst, count)
	return le.AppendUint64(dst, first)
}

// AppendHandoff appends the hand-off of the order to a member, at position,
// HandoffOverhead + len(shares)*ShareBytes bytes.
func AppendHandoff(dst []byte, to ProcessorID, position uint64, shares []Share) []byte {
	dst = appendHead(dst, FrameHandoff, 0, HandoffOverhead-FrameHead+len(shares)*ShareBytes)
	dst = le.AppendUint32(dst, uint32(to))
	dst = le.AppendUint32(dst, uint32(len(shares)))
	dst = le.AppendUint64(dst, position)
	return appendShares(dst, shares)
}

// AppendAccept appends the acceptance of the hand-off that stands in from's
// datagram dseq, at position; first is the first of the sender's own datagrams
// that is not stamped yet. AcceptBytes.
func AppendAccept(dst []byte, from ProcessorID, dseq, position, first uint64) []byte {
	dst = appendHead(dst, FrameAccept, 0, AcceptBytes-FrameHead)
	dst = le.AppendUint32(dst, uint32(from))
	dst = le.AppendUint32(dst, 0)
	dst = le.AppendUint64(dst, dseq)
	dst = le.AppendUint64(dst, position)
	return le.AppendUint64(dst, first)
}

// AppendSystem appends the front of a System frame, FrameHead bytes; body is
// how many bytes follow.
func AppendSystem(dst []byte, maySkip bool, body int) []byte {
	flags := uint8(0)
	if maySkip {
		flags = FlagMaySkip
	}
	return appendHead(dst, FrameSystem, flags, body)
}

// AppendPadding appends n zeros; nothing may stand behind them.
func AppendPadding(dst []byte, n int) []byte {
	return append(dst, make([]byte, n)...)
}

func appendHead(dst []byte, t FrameType, flags uint8, body int) []byte {
	return le.AppendUint32(dst, uint32(t)|uint32(flags)<<8|uint32(uint16(body))<<16)
}

func appendShares(dst []byte, shares []Share) []byte {
	for _, s := range shares {
		dst = le.AppendUint32(dst, uint32(s.Member))
		dst = le.AppendUint32(dst, s.Share)
	}
	return dst
}
