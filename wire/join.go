package wire

import (
	"encoding/binary"
	"math"
	"math/bits"
	"net/netip"
)

// Join is the body of joins and beacons: what a processor is, and what it
// knows about who hears whom.
//
//	0             8        28     48       52          53          54   56
//	|incarnation  |config  |seen  |version |min version|max version|MTU |window |
//	60       64           68     69         70    72
//	|history |max message |flags |addresses |rows |addresses ...|rows ...
//
// A row is
//
//	0      4     6  8             16       20      40
//	|owner |hears|0 |incarnation  |version |config |address |hears ...
//
// where each of hears is an unsigned LEB128 number of as few bytes as it takes,
// one for ids close together: twice the distance to the id before it, less one,
// and 1 more for HearsMe. So they ascend. Rows ascend by owner.
type Join struct {
	Incarnation            uint64
	Config                 ConfigID // that the sender is in; may be zero
	Seen                   ConfigID // highest that it proposed, answered or installed
	Version                uint32   // of the sender's own row
	MinVersion, MaxVersion uint8    // versions of the format that it speaks
	MTU                    uint16   // largest datagram that it can send and receive, bytes
	Window                 uint32   // full datagrams that its receive buffer holds
	History                uint32   // full datagrams of each sender that it can keep
	MaxMessage             uint32   // bytes
	Flags                  JoinFlags
	Addresses              []netip.AddrPort // where it can be reached, at most MaxAddresses
	Rows                   []Row

	hears []Hear // backs Hears of all Rows that Parse made
}

// JoinFlags tell of the sender. Bits that this version does not know may be
// set, and mean nothing to it.
type JoinFlags uint8

// JoinLeaving: it will not be in the next configuration.
const JoinLeaving JoinFlags = 1

// Row is what one processor says about hearing. The newest version wins.
type Row struct {
	Owner       ProcessorID
	Incarnation uint64
	Version     uint32
	Config      ConfigID
	Address     netip.AddrPort // of a row passed on: where its owner was heard; may be the zero one
	Hears       []Hear
}

// Hear says that a row's owner hears ID, and whether ID says the same of him.
type Hear struct {
	ID      ProcessorID
	HearsMe bool
}

const (
	JoinBytes    = 72 // a Join without addresses and rows
	MaxAddresses = 8  // of one processor
	rowBytes     = 40 // a Row without address and hears
)

// Size is how many bytes r takes in a Join.
func (r *Row) Size() int {
	n := rowBytes + addressBytes(r.Address)
	var last ProcessorID
	for _, h := range r.Hears {
		n += HearBytes(last, h.ID)
		last = h.ID
	}
	return n
}

// HearBytes is how many bytes id takes in a row behind last, the id before it,
// 0 if it is the first.
func HearBytes(last, id ProcessorID) int { return (bits.Len64(uint64(id-last-1)<<1|1) + 6) / 7 }

// AppendTo appends the body.
func (j *Join) AppendTo(dst []byte) []byte {
	dst = le.AppendUint64(dst, j.Incarnation)
	dst = appendConfig(dst, j.Config)
	dst = appendConfig(dst, j.Seen)
	dst = le.AppendUint32(dst, j.Version)
	dst = append(dst, j.MinVersion, j.MaxVersion)
	dst = le.AppendUint16(dst, j.MTU)
	dst = le.AppendUint32(dst, j.Window)
	dst = le.AppendUint32(dst, j.History)
	dst = le.AppendUint32(dst, j.MaxMessage)
	dst = append(dst, byte(j.Flags), byte(len(j.Addresses)))
	dst = le.AppendUint16(dst, uint16(len(j.Rows)))
	for _, a := range j.Addresses {
		dst = appendAddress(dst, a)
	}
	for i := range j.Rows {
		dst = j.Rows[i].appendTo(dst)
	}
	return dst
}

func (r *Row) appendTo(dst []byte) []byte {
	dst = le.AppendUint32(dst, uint32(r.Owner))
	dst = le.AppendUint16(dst, uint16(len(r.Hears)))
	dst = le.AppendUint16(dst, 0)
	dst = le.AppendUint64(dst, r.Incarnation)
	dst = le.AppendUint32(dst, r.Version)
	dst = appendConfig(dst, r.Config)
	dst = appendAddress(dst, r.Address)
	var last ProcessorID
	for _, h := range r.Hears {
		v := uint64(h.ID-last-1) << 1
		if h.HearsMe {
			v |= 1
		}
		dst = binary.AppendUvarint(dst, v)
		last = h.ID
	}
	return dst
}

// Parse reads the body b, reusing the slices of j; they hold copies, and those
// of an earlier Parse are overwritten.
func (j *Join) Parse(b []byte) Verdict {
	c := cursor{b: b}
	j.Incarnation = c.u64()
	j.Config, j.Seen = c.config(), c.config()
	j.Version = c.u32()
	j.MinVersion, j.MaxVersion = c.u8(), c.u8()
	c.want(j.MinVersion <= j.MaxVersion)
	j.MTU = c.u16()
	j.Window, j.History, j.MaxMessage = c.u32(), c.u32(), c.u32()
	j.Flags = JoinFlags(c.u8())
	addresses := int(c.u8())
	rows := c.count(rowBytes + 1)
	c.want(addresses <= MaxAddresses)
	j.Addresses = resize(j.Addresses, min(addresses, MaxAddresses))
	for i := range j.Addresses {
		j.Addresses[i] = c.address()
		c.want(j.Addresses[i].IsValid())
	}
	j.Rows = resize(j.Rows, c.fits(rows, rowBytes+1))
	j.hears = j.hears[:0]
	var last ProcessorID
	for i := range j.Rows {
		j.row(&c, &j.Rows[i], &last)
	}
	return c.done()
}

func (j *Join) row(c *cursor, r *Row, last *ProcessorID) {
	r.Owner = c.after(last)
	n := int(c.u16())
	c.zero(2)
	r.Incarnation = c.u64()
	r.Version = c.u32()
	r.Config = c.config()
	r.Address = c.address()
	from := len(j.hears)
	var lastHeard ProcessorID
	for i := 0; i < n && !c.bad; i++ {
		v := c.uvarint()
		id := uint64(lastHeard) + 1 + v>>1
		c.want(id <= math.MaxUint32)
		lastHeard = ProcessorID(id)
		j.hears = append(j.hears, Hear{lastHeard, v&1 != 0})
	}
	r.Hears = j.hears[from:len(j.hears):len(j.hears)]
}
