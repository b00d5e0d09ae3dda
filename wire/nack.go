package wire

// Nack asks for datagrams of streams: one range of 20 bytes behind the other,
// at least one.
//
//	0       4      8              16     20
//	|stream |asked |first         |count |
type Nack struct {
	Ranges []Range
}

// Range is datagrams [First, First+Count) of a stream.
type Range struct {
	Stream ProcessorID // whose datagrams they are
	Asked  ProcessorID // who shall send them; 0 = whoever holds them
	First  uint64      // from 1
	Count  uint32      // at least 1
}

const RangeBytes = 20

// AppendTo appends the body.
func (n *Nack) AppendTo(dst []byte) []byte {
	for _, r := range n.Ranges {
		dst = le.AppendUint32(dst, uint32(r.Stream))
		dst = le.AppendUint32(dst, uint32(r.Asked))
		dst = le.AppendUint64(dst, r.First)
		dst = le.AppendUint32(dst, r.Count)
	}
	return dst
}

// Parse reads the body b, reusing the slice of n, which holds copies.
func (n *Nack) Parse(b []byte) Verdict {
	c := cursor{b: b}
	n.Ranges = resize(n.Ranges, c.rest(RangeBytes))
	c.want(len(n.Ranges) > 0)
	for i := range n.Ranges {
		r := Range{Stream: c.id(), Asked: ProcessorID(c.u32()), First: c.u64(), Count: c.u32()}
		c.want(someRun(r.First, r.Count))
		n.Ranges[i] = r
	}
	return c.done()
}

// someRun says whether [first, first+count) is a run of numbers from 1.
func someRun(first uint64, count uint32) bool {
	return first != 0 && count != 0 && first+uint64(count) > first
}
