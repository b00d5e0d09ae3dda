package batch

import "stampede/wire"

// cut writes what f describes as Fragment frames: one that fills the open
// datagram, full ones, and what is left at the front of the last.
//
//	| messages | piece | piece             | piece | messages …
//	|-- datagram ------|-- datagram -------|-- datagram --
func (p *Packer) cut(f *wire.Fragment, src *source) {
	f.Number = p.next
	for {
		piece := min(p.room()-wire.FragmentOverhead, int(f.Total-f.Offset))
		b := wire.AppendFragment(p.buf[:p.end], f, piece)
		src.read(p.buf[len(b) : len(b)+piece])
		p.end = len(b) + piece
		first := f.Offset == 0
		f.Offset += uint32(piece)
		if f.Offset == f.Total {
			p.last = true
			return
		}
		p.begins = first
		p.close()
		p.begin()
	}
}

// holds says whether the open datagram and the arena have room for total bytes;
// whole, if they may stand in one Message frame.
func (p *Packer) holds(total int, whole bool) bool {
	return p.plenty(total) || p.chunksFor(total, whole) <= p.free()
}

// plenty says that total bytes fit without a doubt, which spares dividing: a
// chunk takes more than 16 KiB of them, whatever the size of a datagram.
func (p *Packer) plenty(total int) bool {
	return p.free() >= total>>14+2
}

// chunksFor is how many chunks it takes from the arena to pack total bytes;
// whole, if they may stand in one Message frame.
func (p *Packer) chunksFor(total int, whole bool) int {
	room := p.room()
	if whole && total+wire.MessageOverhead <= room {
		return 0
	}
	rest := total
	switch {
	case room > p.slack:
		rest -= min(room-wire.FragmentOverhead, rest)
	case whole && total+wire.MessageOverhead <= p.capacity:
		return p.chunksForFull(1)
	}
	piece := p.capacity - wire.FragmentOverhead
	return p.chunksForFull((rest + piece - 1) / piece)
}

// chunksForFull is how many chunks it takes to begin n more full datagrams
// behind the open one, once that is closed full.
func (p *Packer) chunksForFull(n int) int {
	here := 0
	if p.chunk != nil {
		from := p.start
		if p.end > p.start {
			from += p.config.Datagram
		} else if !p.chunk.Shared() {
			from = 0
		}
		here = (ChunkBytes - from) / p.config.Datagram
	}
	each := ChunkBytes / p.config.Datagram
	return (max(n-here, 0) + each - 1) / each
}

// source is the bytes of a message in their order: keys, and then parts. A
// value on the caller's stack, read once.
type source struct {
	keys []wire.Group
	iov  [][]byte
	at   int // bytes of the first key, or the first part, that were read
}

// read fills dst with the next bytes, of which there are as many.
func (s *source) read(dst []byte) {
	for len(dst) > 0 && len(s.keys) > 0 {
		n := copy(dst, s.keys[0][s.at:])
		dst, s.at = dst[n:], s.at+n
		if s.at == wire.GroupBytes {
			s.keys, s.at = s.keys[1:], 0
		}
	}
	for len(dst) > 0 {
		n := copy(dst, s.iov[0][s.at:])
		dst, s.at = dst[n:], s.at+n
		if s.at == len(s.iov[0]) {
			s.iov, s.at = s.iov[1:], 0
		}
	}
}

// keyBytes is how many bytes of keys are left.
func (s *source) keyBytes() int {
	if len(s.keys) == 0 {
		return 0 // at counts within the parts
	}
	return len(s.keys)*wire.GroupBytes - s.at
}

// lend appends the next bytes of the parts to dst by reference, at most n
// bytes in at most parts slices, and says how many bytes. All keys were read.
func (s *source) lend(dst [][]byte, n, parts int) (_ [][]byte, bytes int) {
	for n > 0 && len(s.iov) > 0 {
		part := s.iov[0][s.at:]
		switch {
		case len(part) == 0:
			s.iov, s.at = s.iov[1:], 0
			continue
		case len(dst) == parts:
			return dst, bytes
		}
		part = part[:min(n, len(part)):min(n, len(part))]
		dst = append(dst, part)
		s.at += len(part)
		n -= len(part)
		bytes += len(part)
	}
	return dst, bytes
}
