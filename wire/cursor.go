package wire

import (
	"encoding/binary"
	"net/netip"
)

// cursor reads a control body front to back. What is not there reads as zero
// and makes bad true, so that a body is judged once, at its end.
type cursor struct {
	b   []byte
	bad bool
}

// done is the verdict: everything was there, made sense, and nothing is left.
func (c *cursor) done() Verdict {
	if c.bad || len(c.b) != 0 {
		return BadBody
	}
	return OK
}

// want makes the body bad unless ok.
func (c *cursor) want(ok bool) { c.bad = c.bad || !ok }

// take is the next n bytes, or nil when there are fewer. They alias the body.
func (c *cursor) take(n int) []byte {
	if n < 0 || n > len(c.b) {
		c.bad, c.b = true, nil
		return nil
	}
	b := c.b[:n:n]
	c.b = c.b[n:]
	return b
}

func (c *cursor) u8() uint8 {
	if b := c.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (c *cursor) u16() uint16 {
	if b := c.take(2); b != nil {
		return le.Uint16(b)
	}
	return 0
}

func (c *cursor) u32() uint32 {
	if b := c.take(4); b != nil {
		return le.Uint32(b)
	}
	return 0
}

func (c *cursor) u64() uint64 {
	if b := c.take(8); b != nil {
		return le.Uint64(b)
	}
	return 0
}

// uvarint reads an unsigned LEB128 number, written in as few bytes as it takes.
func (c *cursor) uvarint() uint64 {
	v, n := binary.Uvarint(c.b)
	if n <= 0 || n > 1 && c.b[n-1] == 0 {
		c.bad = true
		return 0
	}
	c.b = c.b[n:]
	return v
}

// zero reads n bytes that must be 0.
func (c *cursor) zero(n int) { c.want(allZero(c.take(n))) }

// count reads a u16 that counts entries of at least size bytes each. More than
// the rest has room for is bad and reads as 0, so that a claim alone never
// makes anything grow.
func (c *cursor) count(size int) int { return c.fits(int(c.u16()), size) }

// rest is how many entries of size bytes the rest consists of.
func (c *cursor) rest(size int) int {
	c.want(len(c.b)%size == 0)
	return c.fits(len(c.b)/size, size)
}

func (c *cursor) fits(n, size int) int {
	if c.bad || n*size > len(c.b) {
		c.bad = true
		return 0
	}
	return n
}

// id reads a processor, which must not be 0.
func (c *cursor) id() ProcessorID {
	id := ProcessorID(c.u32())
	c.want(id != 0)
	return id
}

// after reads a processor that must be above *last, and keeps it there.
func (c *cursor) after(last *ProcessorID) ProcessorID {
	id := ProcessorID(c.u32())
	c.want(id > *last)
	*last = id
	return id
}

// config reads a ConfigID, which may be the zero one.
func (c *cursor) config() ConfigID {
	id := ConfigID{Epoch: c.u64(), Rep: ProcessorID(c.u32()), RepIncarnation: c.u64()}
	c.want(id.Rep != 0 || id == ConfigID{})
	return id
}

// someConfig reads a ConfigID that is not the zero one.
func (c *cursor) someConfig() ConfigID {
	id := c.config()
	c.want(id.Rep != 0)
	return id
}

func appendConfig(dst []byte, c ConfigID) []byte {
	dst = le.AppendUint64(dst, c.Epoch)
	dst = le.AppendUint32(dst, uint32(c.Rep))
	return le.AppendUint64(dst, c.RepIncarnation)
}

// part reads u16 part | u16 parts.
func (c *cursor) part() (part, parts uint16) {
	part, parts = c.u16(), c.u16()
	c.want(part < parts)
	return part, parts
}

// appendPart writes them; no parts means one.
func appendPart(dst []byte, part, parts uint16) []byte {
	dst = le.AppendUint16(dst, part)
	return le.AppendUint16(dst, max(parts, 1))
}

// shares reads n shares over s.
func (c *cursor) shares(s []Share, n int) []Share {
	b := c.take(n * ShareBytes)
	c.want(ascendingShares(b))
	s = s[:0]
	for ; len(b) > 0; b = b[ShareBytes:] {
		s = append(s, shareAt(b))
	}
	return s
}

// An address is u8 4 | 4 bytes | u16 port, or u8 6 | 16 bytes | u16 port, or
// u8 0 for none. An IPv4 address within an IPv6 one travels as IPv4. A zone
// means something only to the host that it was taken from: it does not travel.
const (
	addressNone = 0
	address4    = 4
	address6    = 6
	// MaxAddressBytes is the largest size of an address in a body.
	MaxAddressBytes = 1 + 16 + 2
)

func appendAddress(dst []byte, a netip.AddrPort) []byte {
	ip := a.Addr().Unmap()
	switch {
	case ip.Is4():
		b := ip.As4()
		dst = append(append(dst, address4), b[:]...)
	case ip.Is6():
		b := ip.As16()
		dst = append(append(dst, address6), b[:]...)
	default:
		return append(dst, addressNone)
	}
	return le.AppendUint16(dst, a.Port())
}

func addressBytes(a netip.AddrPort) int {
	ip := a.Addr().Unmap()
	if !ip.IsValid() {
		return 1
	}
	return 1 + ip.BitLen()/8 + 2
}

func (c *cursor) address() netip.AddrPort {
	var ip netip.Addr
	switch c.u8() {
	case addressNone:
		return netip.AddrPort{}
	case address4:
		if b := c.take(4); b != nil {
			ip = netip.AddrFrom4([4]byte(b))
		}
	case address6:
		if b := c.take(16); b != nil {
			ip = netip.AddrFrom16([16]byte(b))
			c.want(!ip.Is4In6())
		}
	default:
		c.bad = true
	}
	return netip.AddrPortFrom(ip, c.u16())
}

// resize is s with length n. Elements within its capacity are kept, so that
// what they hold is used again.
func resize[T any](s []T, n int) []T {
	if n <= cap(s) {
		return s[:n]
	}
	return append(s[:cap(s)], make([]T, n-cap(s))...)
}
