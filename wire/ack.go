package wire

// Ack is the body of acknowledgements and heartbeats; aru, taken and the
// stable line stand in the header. Sent, held and their difference measure
// round trips without common clocks.
//
//	0      8          16            24      26      28        32
//	|sent  |position  |least taken  |echoes |shares |pressure |echoes ...|shares ...
//
// An echo is u32 member | u32 held | u64 sent. Echoes and Shares ascend by
// member.
type Ack struct {
	Sent       int64  // the sender's clock, ns; it comes back in echoes
	Position   uint64 // walk position at which Shares were issued; the highest wins
	LeastTaken uint64 // least taken position of all members, as the sender knows
	Pressure   uint32 // how often, so far, the sender could not keep up with what it was sent
	Echoes     []Echo
	Shares     []Share
}

// Echo gives a member its own clock back.
type Echo struct {
	Member ProcessorID
	Held   uint32 // µs between its arrival here and this departure
	Sent   int64  // as it stood in the member's Ack
}

const (
	AckBytes  = 32 // an Ack without echoes and shares
	EchoBytes = 16
)

// AppendTo appends the body.
func (a *Ack) AppendTo(dst []byte) []byte {
	dst = le.AppendUint64(dst, uint64(a.Sent))
	dst = le.AppendUint64(dst, a.Position)
	dst = le.AppendUint64(dst, a.LeastTaken)
	dst = le.AppendUint16(dst, uint16(len(a.Echoes)))
	dst = le.AppendUint16(dst, uint16(len(a.Shares)))
	dst = le.AppendUint32(dst, a.Pressure)
	for _, e := range a.Echoes {
		dst = le.AppendUint32(dst, uint32(e.Member))
		dst = le.AppendUint32(dst, e.Held)
		dst = le.AppendUint64(dst, uint64(e.Sent))
	}
	return appendShares(dst, a.Shares)
}

// Parse reads the body b, reusing the slices of a; they hold copies.
func (a *Ack) Parse(b []byte) Verdict {
	c := cursor{b: b}
	a.Sent = int64(c.u64())
	a.Position = c.u64()
	a.LeastTaken = c.u64()
	echoes, shares := int(c.u16()), int(c.u16())
	a.Pressure = c.u32()
	c.want(len(c.b) == echoes*EchoBytes+shares*ShareBytes)
	a.Echoes = resize(a.Echoes, c.fits(echoes, EchoBytes))
	var last ProcessorID
	for i := range a.Echoes {
		a.Echoes[i] = Echo{Member: c.after(&last), Held: c.u32(), Sent: int64(c.u64())}
	}
	a.Shares = c.shares(a.Shares, c.fits(shares, ShareBytes))
	return c.done()
}
