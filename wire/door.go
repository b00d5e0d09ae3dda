package wire

import "hash/crc32"

// Door is the one place where datagrams are judged. It serves one goroutine.
type Door struct {
	Cluster uint64 // whose datagrams may pass
	NoCheck bool   // believe the CRC without computing it (benchmarks)

	head   [atSender]byte // a header's front, with the check taken as zero
	bodies bodies
}

// Check judges b, one whole datagram, and fills h in when its verdict is OK.
// Behind it no length, count or order of frames need be looked at again; what
// the numbers mean to the protocol is for those who know its state.
// It allocates nothing, writes nothing to b and keeps nothing of it.
func (d *Door) Check(b []byte, h *Header) Verdict {
	if v := ReadHeader(b, h); v != OK {
		return v
	}
	if v := d.header(b, h); v != OK {
		return v
	}
	if h.Kind == KindStream {
		return h.checkFrames(b[HeaderBytes:])
	}
	return d.bodies.parse(h.Kind, b[HeaderBytes:])
}

// header judges the fixed fields, what tells foreign traffic first.
func (d *Door) header(b []byte, h *Header) Verdict {
	switch {
	case b[atVersion] != Version:
		return BadVersion
	case h.Cluster != d.Cluster:
		return BadCluster
	case int(h.Length) != len(b):
		return BadLength
	case h.Flags&FlagSealed != 0:
		return BadSeal
	case !d.NoCheck && d.sum(b) != le.Uint32(b[atCheck:]):
		return BadCheck
	case h.Flags != 0 || b[atReserved] != 0:
		return BadFlags
	case h.Kind == 0 || h.Kind >= NumKinds:
		return BadKind
	case h.Sender == 0:
		return BadSender
	case h.Kind == KindStream && (h.Dseq == 0 || h.Config == 0):
		return BadNumber
	case h.Kind != KindStream && h.First != 0:
		return BadNumber
	}
	return OK
}

// sum is the CRC-32C of b as PutCheck computed it.
func (d *Door) sum(b []byte) uint32 {
	copy(d.head[:atCheck], b)
	return crc32.Update(crc32.Update(0, castagnoli, d.head[:]), castagnoli, b[atSender:])
}
