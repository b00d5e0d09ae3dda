package raw

import (
	"math/bits"
	"net/netip"
)

// stream is what a host has of one sender's datagrams.
type stream struct {
	got   uint64 // all up to this one are here
	ahead int    // and so many beyond
	seen  [maxWindow / 64]uint64
	sum   uint64         // over all that are here, whatever their order
	acked uint64         // got, as the sender was last told
	from  netip.AddrPort // where it is
}

// maxWindow is the most datagrams that a sender has out.
const maxWindow = 8192

// take notes datagram n, and tells whether it is the first time.
func (s *stream) take(n uint64, length int) bool {
	switch {
	case n == s.got+1 && s.ahead == 0:
		s.got++
	case n <= s.got || n > s.got+maxWindow || s.bit(n):
		return false
	default:
		s.flip(n)
		s.ahead++
		for s.ahead > 0 && s.bit(s.got+1) {
			s.got++
			s.flip(s.got)
			s.ahead--
		}
	}
	s.sum += mark(n, length)
	return true
}

func (s *stream) bit(n uint64) bool { return s.seen[n%maxWindow/64]>>(n%64)&1 != 0 }
func (s *stream) flip(n uint64)     { s.seen[n%maxWindow/64] ^= 1 << (n % 64) }

// mark stands for one datagram in a sum.
func mark(n uint64, length int) uint64 {
	return bits.RotateLeft64(n*0x6a09e667f3bcc909, 17) ^ uint64(length)*0xbb67ae8584caa73b
}
