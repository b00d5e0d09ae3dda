package wire

import (
	"cmp"
	"encoding/hex"
	"strconv"
)

// ProcessorID names a participant. 0 is reserved: it names nobody.
type ProcessorID uint32

// Member is a processor in one of its lives: a restart keeps the ID and brings
// a higher Incarnation, and is another member.
type Member struct {
	ID          ProcessorID
	Incarnation uint64
}

// ConfigID names a configuration: the epoch that its representative proposed,
// and that representative in its present life. The zero ConfigID is none.
type ConfigID struct {
	Epoch          uint64
	Rep            ProcessorID
	RepIncarnation uint64
}

// ConfigIDBytes is the size of a ConfigID on the wire:
// u64 epoch | u32 representative | u64 its incarnation.
const ConfigIDBytes = 20

// Tag folds c into the 64 bits that headers carry. Equal IDs have equal tags,
// different ones differ but for a chance of 2⁻⁶⁴. Only the zero ConfigID has
// tag 0.
func (c ConfigID) Tag() uint64 {
	if c == (ConfigID{}) {
		return 0
	}
	h := mix(c.Epoch)
	h = mix(h ^ uint64(c.Rep))
	h = mix(h ^ c.RepIncarnation)
	return max(h, 1)
}

// mix is one step of SplitMix64: a bijection in which every bit of x moves
// half of the bits of the result (Steele, Lea, Flood, "Fast Splittable
// Pseudorandom Number Generators", OOPSLA 2014, with Stafford's variant 13).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// Compare orders configurations by epoch, representative, incarnation; it is
// negative when c comes before d, 0 when they are equal.
func (c ConfigID) Compare(d ConfigID) int {
	return cmp.Or(cmp.Compare(c.Epoch, d.Epoch),
		cmp.Compare(c.Rep, d.Rep),
		cmp.Compare(c.RepIncarnation, d.RepIncarnation))
}

// String is "epoch.representative", or "none".
func (c ConfigID) String() string {
	if c == (ConfigID{}) {
		return "none"
	}
	return strconv.FormatUint(c.Epoch, 10) + "." + strconv.FormatUint(uint64(c.Rep), 10)
}

// GroupBytes is the size of a group's key.
const GroupBytes = 32

// Group is the key of a group: 32 bytes without inner meaning.
type Group [GroupBytes]byte

// String is the key in hexadecimal digits.
func (g Group) String() string { return hex.EncodeToString(g[:]) }

// Keys are group keys as they stand in a frame, one behind the other. They
// alias the datagram.
type Keys []byte

func (k Keys) Len() int { return len(k) / GroupBytes }

// At returns the i-th key, 0 <= i < Len; it copies 32 bytes.
func (k Keys) At(i int) Group { return Group(k[i*GroupBytes:]) }

// Guarantee says when a message may be delivered; each includes those below it.
type Guarantee uint8

const (
	Unordered Guarantee = iota // as soon as it has arrived
	FIFO                       // behind all that the sender sent earlier
	Agreed                     // at its place in the order that all members share
	Safe                       // as Agreed, once every member holds it
)

// NumGuarantees bounds arrays indexed by Guarantee.
const NumGuarantees = 4

func (g Guarantee) String() string {
	return nameOf(guaranteeNames[:], int(g), "guarantee ")
}

var guaranteeNames = [NumGuarantees]string{"unordered", "fifo", "agreed", "safe"}

// nameOf is names[i], or the bare number for what has no name.
func nameOf(names []string, i int, kind string) string {
	if i < len(names) && names[i] != "" {
		return names[i]
	}
	return kind + strconv.Itoa(i)
}
