package wire

// Answer is the body with which a processor answers a proposal: its state in
// its old configuration. What one datagram has no room for goes into further
// parts: then a stream may stand in several, with the same Contiguous and
// other Extras, and the obligations in any.
//
//	0         20   40         48       56       58           60    62     64
//	|proposal |old |position  |stable  |streams |obligations |part |parts |streams ...|obligations ...
//
// A stream is u32 member | u16 extras | u16 0 | u64 contiguous | extras of
// u64 first | u32 count; an obligation is a u32. Streams, extras and
// obligations ascend.
type Answer struct {
	Proposal ConfigID // that is answered; not zero
	Old      ConfigID // configuration that the rest is about; zero before the first
	Position uint64   // of the walk
	Stable   uint64   // stable line that the sender knows
	// Part counts from 0 and is below Parts. Parts 0 is written as 1: all in one.
	Part, Parts uint16
	Streams     []StreamState
	Obligations []ProcessorID

	spans []Span // backs Extras of all Streams that Parse made
}

// StreamState is what a processor holds of a stream: [1, Contiguous], and
// beyond the first gap the Extras, with a gap before each.
type StreamState struct {
	Member     ProcessorID
	Contiguous uint64
	Extras     []Span
}

// Span is datagrams [First, First+Count); Count is at least 1.
type Span struct {
	First uint64
	Count uint32
}

const (
	AnswerBytes     = 64 // an Answer without streams and obligations
	ObligationBytes = 4
	SpanBytes       = 12
	streamBytes     = 16
)

// Size is how many bytes s takes in an Answer.
func (s *StreamState) Size() int { return streamBytes + len(s.Extras)*SpanBytes }

// AppendTo appends the body.
func (a *Answer) AppendTo(dst []byte) []byte {
	dst = appendConfig(dst, a.Proposal)
	dst = appendConfig(dst, a.Old)
	dst = le.AppendUint64(dst, a.Position)
	dst = le.AppendUint64(dst, a.Stable)
	dst = le.AppendUint16(dst, uint16(len(a.Streams)))
	dst = le.AppendUint16(dst, uint16(len(a.Obligations)))
	dst = appendPart(dst, a.Part, a.Parts)
	for i := range a.Streams {
		dst = a.Streams[i].appendTo(dst)
	}
	for _, id := range a.Obligations {
		dst = le.AppendUint32(dst, uint32(id))
	}
	return dst
}

func (s *StreamState) appendTo(dst []byte) []byte {
	dst = le.AppendUint32(dst, uint32(s.Member))
	dst = le.AppendUint16(dst, uint16(len(s.Extras)))
	dst = le.AppendUint16(dst, 0)
	dst = le.AppendUint64(dst, s.Contiguous)
	for _, e := range s.Extras {
		dst = le.AppendUint64(dst, e.First)
		dst = le.AppendUint32(dst, e.Count)
	}
	return dst
}

// Parse reads the body b, reusing the slices of a; they hold copies, and those
// of an earlier Parse are overwritten.
func (a *Answer) Parse(b []byte) Verdict {
	c := cursor{b: b}
	a.Proposal = c.someConfig()
	a.Old = c.config()
	a.Position, a.Stable = c.u64(), c.u64()
	streams, obligations := int(c.u16()), int(c.u16())
	a.Part, a.Parts = c.part()
	a.Streams = resize(a.Streams, c.fits(streams, streamBytes))
	a.spans = a.spans[:0]
	var last ProcessorID
	for i := range a.Streams {
		a.stream(&c, &a.Streams[i], &last)
	}
	a.Obligations = resize(a.Obligations, c.fits(obligations, ObligationBytes))
	last = 0
	for i := range a.Obligations {
		a.Obligations[i] = c.after(&last)
	}
	return c.done()
}

func (a *Answer) stream(c *cursor, s *StreamState, last *ProcessorID) {
	s.Member = c.after(last)
	n := int(c.u16())
	c.zero(2)
	s.Contiguous = c.u64()
	n = c.fits(n, SpanBytes)
	from, held := len(a.spans), s.Contiguous // held: the end of what came before
	for range n {
		e := Span{c.u64(), c.u32()}
		c.want(someRun(e.First, e.Count) && e.First > held && e.First-held > 1)
		held = e.First + uint64(e.Count) - 1
		a.spans = append(a.spans, e)
	}
	s.Extras = a.spans[from:len(a.spans):len(a.spans)]
}
