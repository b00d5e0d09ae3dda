package wire

import "net/netip"

// Proposal is the body with which a representative opens a commit. More
// members than one datagram has room for are told in parts, each with the
// same ConfigID, MTU and MaxMessage.
//
//	0       20    22       24           28    30     32
//	|config |MTU  |members |max message |part |parts |members ...
//
// A member is u32 id | u64 incarnation | u32 window | u32 history |
// address. Members ascend by id.
type Proposal struct {
	Config     ConfigID // proposed; not zero
	MTU        uint16   // bytes of a full datagram: the least of the members'
	MaxMessage uint32   // bytes
	// Part counts from 0 and is below Parts. Parts 0 is written as 1: all in one.
	Part, Parts uint16
	Members     []ProposedMember // of this part
}

// ProposedMember is what the members have to know of each other. See Join.
type ProposedMember struct {
	ID          ProcessorID
	Incarnation uint64
	Address     netip.AddrPort // may be the zero one
	Window      uint32         // full datagrams that its receive buffer holds
	History     uint32         // full datagrams of each sender that it can keep
}

const (
	ProposalBytes = 32 // a Proposal without members
	proposedBytes = 20 // a ProposedMember without its address
)

// Size is how many bytes m takes in a Proposal.
func (m *ProposedMember) Size() int { return proposedBytes + addressBytes(m.Address) }

// AppendTo appends the body.
func (p *Proposal) AppendTo(dst []byte) []byte {
	dst = appendConfig(dst, p.Config)
	dst = le.AppendUint16(dst, p.MTU)
	dst = le.AppendUint16(dst, uint16(len(p.Members)))
	dst = le.AppendUint32(dst, p.MaxMessage)
	dst = appendPart(dst, p.Part, p.Parts)
	for i := range p.Members {
		m := &p.Members[i]
		dst = le.AppendUint32(dst, uint32(m.ID))
		dst = le.AppendUint64(dst, m.Incarnation)
		dst = le.AppendUint32(dst, m.Window)
		dst = le.AppendUint32(dst, m.History)
		dst = appendAddress(dst, m.Address)
	}
	return dst
}

// Parse reads the body b, reusing the slice of p, which holds copies.
func (p *Proposal) Parse(b []byte) Verdict {
	c := cursor{b: b}
	p.Config = c.someConfig()
	p.MTU = c.u16()
	members := c.u16()
	p.MaxMessage = c.u32()
	p.Part, p.Parts = c.part()
	p.Members = resize(p.Members, c.fits(int(members), proposedBytes+1))
	var last ProcessorID
	for i := range p.Members {
		p.Members[i] = ProposedMember{
			ID:          c.after(&last),
			Incarnation: c.u64(),
			Window:      c.u32(),
			History:     c.u32(),
			Address:     c.address(),
		}
	}
	return c.done()
}
