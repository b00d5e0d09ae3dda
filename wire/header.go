package wire

import (
	"encoding/binary"
	"hash/crc32"
)

var le = binary.LittleEndian

// Version is the version of the format that this package speaks.
const Version = 1

const (
	// HeaderBytes is the size of the header that every datagram begins with.
	HeaderBytes = 72
	// SealBytes is what sealing adds at the end of a datagram: a counter of 8
	// bytes and a tag of 16.
	SealBytes = 24
)

// MaxDatagramBytes is the largest payload of UDP over IPv4 (RFC 768, RFC 791:
// 65,535 less headers of 20 and 8 bytes).
const MaxDatagramBytes = 65507

// Where the fields of a header stand; doc.go draws them.
const (
	atVersion  = 0
	atKind     = 1
	atFlags    = 2
	atReserved = 3
	atLength   = 4
	atBacklog  = 6
	atCheck    = 8
	atSender   = 12
	atCluster  = 16
	atConfig   = 24
	atDseq     = 32
	atAru      = 40
	atTaken    = 48
	atStable   = 56
	atFirst    = 64
)

// Kind says what follows the header: frames in a Stream datagram, else the
// body of that name.
type Kind uint8

const (
	KindStream  Kind = 1 + iota // frames, numbered and repaired
	KindAck                     // Ack
	KindNack                    // Nack
	KindJoin                    // Join
	KindBeacon                  // Join
	KindPropose                 // Proposal
	KindAnswer                  // Answer
	KindState                   // State or StateRequest
	KindHold                    // Hold
	KindInstall                 // Install
	KindLeave                   // Leave
	KindProbe                   // Probe
	KindPiece                   // Piece
)

// NumKinds bounds arrays indexed by Kind; 0 is no kind.
const NumKinds = 14

var kindNames = [NumKinds]string{"", "stream", "ack", "nack", "join", "beacon", "propose",
	"answer", "state", "hold", "install", "leave", "probe", "piece"}

func (k Kind) String() string { return nameOf(kindNames[:], int(k), "kind ") }

// Bits of Header.Flags; the others are 0.
const (
	FlagSealed  = 1 << 0 // what follows the header is encrypted, a seal ends the datagram
	FlagKeySlot = 1 << 1 // which of two keys sealed it; only with FlagSealed
)

// Header is a header decoded. Positions count the datagrams that a walk over
// the configuration Config has passed.
type Header struct {
	Kind    Kind
	Flags   uint8
	Length  uint16      // bytes of the whole datagram, this header included
	Backlog uint16      // datagrams waiting at the sender, at most 65,535
	Sender  ProcessorID // whose datagram it is, not who repeated it; never 0
	Cluster uint64
	Config  uint64 // ConfigID.Tag of the sender's configuration; 0 = none
	Dseq    uint64 // Stream: its number, from 1; other kinds: the sender's newest
	Aru     uint64 // position up to which the sender holds everything
	Taken   uint64 // position up to which its application has released everything
	Stable  uint64 // position up to which, as it knows, every member holds everything
	First   uint64 // number of the first Message frame, from 1; 0 = there is none

	// What a Stream datagram contains, so that most are treated as a whole.
	// Check fills it in; PutHeader does not write it.
	Messages   uint16 // Message frames
	Guarantees uint8  // bit g: a Message or a last Fragment of guarantee g is in it
	Contents   uint8  // bit t: a frame of type t is in it
	Set        uint16 // the set of all Message frames, if OneSet
	OneSet     bool   // there are Message frames, all of one announced set
	Unfinished bool   // its last Fragment is not the last of its message
}

// Has says whether a frame of type t is in a Stream datagram that was checked.
func (h *Header) Has(t FrameType) bool { return h.Contents>>t&1 != 0 }

// Capacity is how many bytes of frames, or of a body, a datagram of so many
// bytes holds; 0 when not even the header fits.
func Capacity(datagramBytes int, sealed bool) int {
	n := datagramBytes - HeaderBytes
	if sealed {
		n -= SealBytes
	}
	return max(n, 0)
}

// PutHeader writes h over the first HeaderBytes of the datagram b, all but the
// check, which it leaves 0. A datagram without tail has h.Length = len(b).
func PutHeader(b []byte, h *Header) {
	b = b[:HeaderBytes]
	b[atVersion] = Version
	b[atKind] = byte(h.Kind)
	b[atFlags] = h.Flags
	b[atReserved] = 0
	le.PutUint16(b[atLength:], h.Length)
	le.PutUint16(b[atBacklog:], h.Backlog)
	le.PutUint32(b[atCheck:], 0)
	le.PutUint32(b[atSender:], uint32(h.Sender))
	le.PutUint64(b[atCluster:], h.Cluster)
	le.PutUint64(b[atConfig:], h.Config)
	le.PutUint64(b[atDseq:], h.Dseq)
	le.PutUint64(b[atAru:], h.Aru)
	le.PutUint64(b[atTaken:], h.Taken)
	le.PutUint64(b[atStable:], h.Stable)
	le.PutUint64(b[atFirst:], h.First)
}

// PatchLate sets the fields that are known only at a datagram's first send.
// The check comes after it, and nothing after the check: a datagram that has
// left is never patched.
func PatchLate(b []byte, backlog uint16, aru, taken, stable uint64) {
	b = b[:HeaderBytes]
	le.PutUint16(b[atBacklog:], backlog)
	le.PutUint64(b[atAru:], aru)
	le.PutUint64(b[atTaken:], taken)
	le.PutUint64(b[atStable:], stable)
}

// ReadHeader decodes the fixed fields of b into h without judging them, for
// tools and for datagrams that were judged before. Its verdict is OK or Short,
// and h is untouched when it is Short.
func ReadHeader(b []byte, h *Header) Verdict {
	if len(b) < HeaderBytes {
		return Short
	}
	b = b[:HeaderBytes]
	*h = Header{
		Kind:    Kind(b[atKind]),
		Flags:   b[atFlags],
		Length:  le.Uint16(b[atLength:]),
		Backlog: le.Uint16(b[atBacklog:]),
		Sender:  ProcessorID(le.Uint32(b[atSender:])),
		Cluster: le.Uint64(b[atCluster:]),
		Config:  le.Uint64(b[atConfig:]),
		Dseq:    le.Uint64(b[atDseq:]),
		Aru:     le.Uint64(b[atAru:]),
		Taken:   le.Uint64(b[atTaken:]),
		Stable:  le.Uint64(b[atStable:]),
		First:   le.Uint64(b[atFirst:]),
	}
	return OK
}

// castagnoli is the polynomial of CRC-32C (RFC 3720, B.4), for which the
// processors that this runs on have an instruction.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// PutCheck writes the CRC-32C of the datagram b, at least HeaderBytes long,
// into its header.
func PutCheck(b []byte) { PutCheckParts(b, nil) }

// PutCheckParts does the same for a datagram whose bytes go on in tail.
func PutCheckParts(head []byte, tail [][]byte) {
	le.PutUint32(head[atCheck:], 0)
	sum := crc32.Update(0, castagnoli, head)
	for _, b := range tail {
		sum = crc32.Update(sum, castagnoli, b)
	}
	le.PutUint32(head[atCheck:], sum)
}
