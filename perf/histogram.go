package perf

import (
	"math"
	"math/bits"
)

// The buckets are log-linear: values below 16 have one each; above, every
// power of two is cut into 16 equal parts.
//
//	index   0 … 15    16 … 31    32 … 47        …    944 … 959
//	values  0 … 15    16 … 31    32 … 63        …    2^62 … 2^63-1
//	width   1         1          2              …    2^58
//
// A bucket is at most 1/16 as wide as its least value: that is the error.
const (
	subBits = 4
	sub     = 1 << subBits
	buckets = (64 - subBits) * sub
)

// Histogram counts values 0 … 2^63-1 (durations in ns, sizes in bytes) with a
// relative error of at most 1/16. The zero value is empty and ready; it is
// copied by assignment, has a fixed size (under 8 KiB) and never allocates.
// Not safe for concurrent use.
type Histogram struct {
	counts [buckets]uint64
	count  uint64 // = sum of counts
	sum    uint64
	max    int64
}

// Record counts v once; a negative v counts as 0.
func (h *Histogram) Record(v int64) {
	v = max(v, 0)
	h.counts[bucket(uint64(v))]++
	h.count++
	h.sum += uint64(v)
	h.max = max(h.max, v)
}

// bucket is the index for v < 2^63. For v >= 16 with its highest bit at place
// e, v>>(e-4) is 16 … 31: the highest bit and the four behind it.
func bucket(v uint64) int {
	shift := max(bits.Len64(v), subBits+1) - (subBits + 1)
	return shift<<subBits + int(v>>shift)
}

// highest is the largest value that falls into bucket i.
func highest(i int) int64 {
	if i < sub {
		return int64(i)
	}
	shift := i>>subBits - 1
	lowest := uint64(sub+i&(sub-1)) << shift
	return int64(lowest + 1<<shift - 1)
}

// Merge adds all that o has counted.
func (h *Histogram) Merge(o *Histogram) {
	for i, n := range o.counts {
		h.counts[i] += n
	}
	h.count += o.count
	h.sum += o.sum
	h.max = max(h.max, o.max)
}

// Count is the number of values recorded.
func (h *Histogram) Count() uint64 { return h.count }

// Sum is the sum of the values recorded, modulo 2^64.
func (h *Histogram) Sum() uint64 { return h.sum }

// Max is the largest value recorded, exactly; 0 if there is none.
func (h *Histogram) Max() int64 { return h.max }

// Quantile is a value that at least the share q (0 … 1) of the recorded values
// does not exceed; it is never below the exact quantile and at most 1/16
// above. Quantile(1) is Max; 0 if nothing was recorded. It reads all buckets:
// not for the hot path.
func (h *Histogram) Quantile(q float64) int64 {
	if h.count == 0 || !(q < 1) {
		return h.max
	}
	rank := uint64(max(math.Ceil(q*float64(h.count)), 1)) // of the sorted values, from 1
	for i, n := range &h.counts {
		if rank <= n {
			return min(highest(i), h.max)
		}
		rank -= n
	}
	return h.max
}
