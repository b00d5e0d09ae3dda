package wire

// Probe finds out how large a datagram the path carries (RFC 8899): it is as
// large as it says, and comes back as a reply of 4 bytes.
//
//	0      2      3  4
//	|bytes |reply |0 |zeros ...
type Probe struct {
	Bytes uint16 // of the probing datagram, header included
	Reply bool
}

const ProbeBytes = 4 // a Probe without padding

// AppendTo appends the body; one that is not a reply is padded so that the
// datagram has Bytes bytes.
func (p *Probe) AppendTo(dst []byte) []byte {
	reply := byte(0)
	if p.Reply {
		reply = 1
	}
	dst = append(le.AppendUint16(dst, p.Bytes), reply, 0)
	return AppendPadding(dst, p.padding())
}

// padding is how many zeros follow.
func (p *Probe) padding() int {
	if p.Reply {
		return 0
	}
	return max(0, int(p.Bytes)-HeaderBytes-ProbeBytes)
}

// Parse reads the body b.
func (p *Probe) Parse(b []byte) Verdict {
	c := cursor{b: b}
	p.Bytes = c.u16()
	reply := c.u8()
	p.Reply = reply == 1
	c.want(reply <= 1 && p.Bytes >= HeaderBytes+ProbeBytes)
	c.zero(1 + p.padding())
	return c.done()
}
