package perf

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"unsafe"
)

func TestBucketsCoverEveryValueOnce(t *testing.T) {
	next := uint64(0) // the least value not yet covered
	for i := range buckets {
		top := uint64(highest(i))
		if bucket(next) != i || bucket(top) != i {
			t.Fatalf("bucket %d: %d falls into %d, %d into %d", i, next, bucket(next), top, bucket(top))
		}
		if width := top - next + 1; width > 1 && width > next/16 {
			t.Fatalf("bucket %d from %d is %d wide: more than 1/16", i, next, width)
		}
		next = top + 1
	}
	if next != 1<<63 {
		t.Fatalf("buckets end before %d, want 2^63", next)
	}
}

func TestQuantileIsWithinASixteenthAbove(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	for range 200 {
		var h Histogram
		values := make([]int64, 1+r.IntN(500))
		sum := uint64(0)
		for i := range values {
			values[i] = int64(r.Uint64() >> (1 + r.IntN(63)))
			h.Record(values[i])
			sum += uint64(values[i])
		}
		slices.Sort(values)
		if h.Count() != uint64(len(values)) || h.Sum() != sum || h.Max() != values[len(values)-1] {
			t.Fatalf("count %d sum %d max %d", h.Count(), h.Sum(), h.Max())
		}
		for _, q := range []float64{0, 0.001, 0.25, 0.5, 0.9, 0.99, 0.999, 1} {
			exact := values[max(int(math.Ceil(q*float64(len(values))))-1, 0)]
			got := h.Quantile(q)
			if got < exact || got-exact > exact/16 {
				t.Fatalf("quantile %v of %d values = %d, exactly %d", q, len(values), got, exact)
			}
		}
	}
}

func TestHistogramEdges(t *testing.T) {
	var h Histogram
	if h.Quantile(0.5) != 0 || h.Max() != 0 || h.Count() != 0 {
		t.Error("an empty histogram is not all zero")
	}
	h.Record(-5)
	h.Record(math.MaxInt64)
	if h.Quantile(0) != 0 || h.Quantile(1) != math.MaxInt64 || h.Count() != 2 {
		t.Errorf("least %d, greatest %d of %d values", h.Quantile(0), h.Quantile(1), h.Count())
	}
	if h.Quantile(-1) != 0 || h.Quantile(2) != math.MaxInt64 || h.Quantile(math.NaN()) != math.MaxInt64 {
		t.Error("shares outside 0 … 1 are not taken as the nearest")
	}
	if size := unsafe.Sizeof(h); size > 8<<10 {
		t.Errorf("a histogram takes %d bytes", size)
	}
}

func TestMergeEqualsRecordingBoth(t *testing.T) {
	var a, b, both Histogram
	for i := range int64(1000) {
		a.Record(i * 7)
		both.Record(i * 7)
		b.Record(i * i)
		both.Record(i * i)
	}
	a.Merge(&b)
	if a != both {
		t.Error("merged histogram differs from one that recorded both")
	}
}

func TestRecordDoesNotAllocate(t *testing.T) {
	var h Histogram
	if n := testing.AllocsPerRun(100, func() { h.Record(12345) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkRecord(b *testing.B) {
	var h Histogram
	v := int64(1)
	for b.Loop() {
		h.Record(v & (1<<30 - 1))
		v = v*6364136223846793005 + 1442695040888963407
	}
}
