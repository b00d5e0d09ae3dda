package wire

import (
	"errors"

	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"
)

// A coded body is u32 decoded length | an S2 block, or one Zstandard frame
// (RFC 8878) of a single segment that tells the same length, without checksum
// and dictionary. Every length is judged before anything is decoded.

// Errors of Decode. Nothing was decoded that counts.
var (
	ErrCodec        = errors.New("wire: no such codec")
	ErrDecodedBytes = errors.New("wire: compressed data claims more bytes than allowed, or contradicts itself")
	ErrDamaged      = errors.New("wire: compressed data is damaged")
)

// zstdWindow is how far back the Zstandard encoder looks. It bounds what the
// encoder keeps (two windows and a block); the decoder looks back in its own
// output and keeps a few blocks of 128 KiB, and tables of 2.4 MB for huge inputs.
const zstdWindow = 256 << 10

// zstdBlock is the least size of the encoder's blocks, each of which may grow
// by 3 bytes when its contents resist.
const zstdBlock = 64 << 10

// MaxCodable is the largest input of Encode.
const MaxCodable = 1 << 30

// EncodedMax is how many bytes n bytes take when encoded, at worst, the
// decoded length included; 0 <= n <= MaxCodable.
func EncodedMax(n int) int {
	zstdMax := n + 16 + 3*(n/zstdBlock+1)
	return CodedHead + max(s2.MaxEncodedLen(n), zstdMax)
}

// Encoder compresses. The zero Encoder is ready; it serves one goroutine at a
// time, and takes under 3 MiB once it has been used with CodecZstd.
type Encoder struct {
	zstd *zstd.Encoder
}

// Encode appends src to dst as compressed by c. It allocates nothing once it
// was used, if dst has room for EncodedMax(len(src)) more bytes. With a codec
// that compresses nothing, or more than MaxCodable bytes, it appends nothing.
func (e *Encoder) Encode(dst, src []byte, c Codec) []byte {
	if c == CodecNone || c >= NumCodecs || len(src) > MaxCodable {
		return dst
	}
	from := len(dst)
	if need := EncodedMax(len(src)); cap(dst)-from < need {
		dst = append(make([]byte, 0, from+need), dst...)
	}
	dst = le.AppendUint32(dst, uint32(len(src)))
	if c == CodecZstd {
		return e.zstdEncoder().EncodeAll(src, dst)
	}
	at := len(dst)
	coded := s2.Encode(dst[at:cap(dst):cap(dst)], src)
	return dst[:at+len(coded)]
}

func (e *Encoder) zstdEncoder() *zstd.Encoder {
	if e.zstd == nil {
		// The only errors are options out of range.
		e.zstd, _ = zstd.NewWriter(nil,
			zstd.WithEncoderConcurrency(1),
			zstd.WithEncoderLevel(zstd.SpeedFastest),
			zstd.WithWindowSize(zstdWindow),
			zstd.WithEncoderCRC(false),
			zstd.WithSingleSegment(true))
	}
	return e.zstd
}

// Decoder decompresses. The zero Decoder is ready; it serves one goroutine at
// a time, decodes in it, and keeps under 4 MiB whatever it is given.
type Decoder struct {
	zstd *zstd.Decoder
}

// DecodedLen is the decoded length that src claims; ok is false when src is
// too short to be coded.
func DecodedLen(src []byte) (n int, ok bool) {
	if len(src) <= CodedHead {
		return 0, false
	}
	return int(le.Uint32(src)), true
}

// Decode decodes src, coded by c, to the front of dst and returns how many
// bytes it decoded to. No more than len(dst) are written; src that claims more
// is refused unread. It allocates nothing once it was used, but for damaged
// data.
func (d *Decoder) Decode(dst, src []byte, c Codec) (int, error) {
	if c == CodecNone || c >= NumCodecs {
		return 0, ErrCodec
	}
	n, ok := DecodedLen(src)
	if !ok {
		return 0, ErrDamaged
	}
	if n > len(dst) {
		return 0, ErrDecodedBytes
	}
	src, dst = src[CodedHead:], dst[:n:n]
	var err error
	if c == CodecS2 {
		err = decodeS2(dst, src)
	} else {
		err = d.decodeZstd(dst, src)
	}
	if err != nil {
		return 0, err
	}
	return n, nil
}

func decodeS2(dst, src []byte) error {
	if n, err := s2.DecodedLen(src); err != nil || n != len(dst) {
		return ErrDecodedBytes
	}
	if _, err := s2.Decode(dst, src); err != nil {
		return ErrDamaged
	}
	return nil
}

func (d *Decoder) decodeZstd(dst, src []byte) error {
	if n, ok := zstdContentSize(src); !ok || n != uint64(len(dst)) {
		return ErrDecodedBytes
	}
	if d.zstd == nil {
		// The only errors are options out of range.
		d.zstd, _ = zstd.NewReader(nil,
			zstd.WithDecoderConcurrency(1),
			zstd.WithDecoderLowmem(false),
			zstd.WithDecodeAllCapLimit(true))
	}
	out, err := d.zstd.DecodeAll(src, dst[:0])
	if err != nil || len(out) != len(dst) {
		return ErrDamaged
	}
	return nil
}

// zstdContentSize reads the header of a Zstandard frame (RFC 8878, 3.1.1.1):
// u32 magic | u8 descriptor | 1, 2, 4 or 8 bytes of content size. ok is false
// for any frame that Encode does not make: one of several segments, which
// names a window, or one with checksum or dictionary.
func zstdContentSize(b []byte) (n uint64, ok bool) {
	const magic, singleSegment, sizeAt = 0xfd2fb528, 1 << 5, 6
	if len(b) < 5 || le.Uint32(b) != magic || b[4]&(1<<sizeAt-1) != singleSegment {
		return 0, false
	}
	size := b[4] >> sizeAt
	b = b[5:]
	if len(b) < 1<<size {
		return 0, false
	}
	switch size {
	case 0:
		return uint64(b[0]), true
	case 1:
		return uint64(le.Uint16(b)) + 256, true
	case 2:
		return uint64(le.Uint32(b)), true
	}
	return le.Uint64(b), true
}

// CheckBatch judges what a batch decoded to, which has not passed the door: it
// must be Message frames alone, count of them, all of guarantee g.
func CheckBatch(b []byte, g Guarantee, count uint16) Verdict {
	if len(b) > MaxBatchBytes {
		return BadLength
	}
	h := Header{First: 1}
	c := frameCheck{h: &h}
	for len(b) > 0 {
		if len(b) < MessageOverhead || le.Uint64(b)&messageMask != messageBits {
			return BadMessage
		}
		n, v := c.messages(b)
		if v != OK {
			return v
		}
		b = b[n:]
	}
	if h.Messages != count || h.Guarantees != 1<<g {
		return BadMessage
	}
	return OK
}
