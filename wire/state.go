package wire

// State is the body with which a representative hands the frozen answers of an
// attempt to all members, in numbered parts, or with which a member asks for
// the parts that it lacks.
//
//	0         20      22    24     26       28
//	|proposal |request|part |parts |answers |answers ... or bitmap
//
// An answer is u32 owner | u16 length | u16 0 | an Answer body. Owners ascend;
// one whose answer has several parts may stand in a row. In a request, which
// is 1 and not 0, part and answers are 0 and the bitmap has a bit for each of
// parts, bit i%8 of byte i/8; bits left over are 0.
type State struct {
	Proposal ConfigID // not zero
	Request  bool
	// Part counts from 0 and is below Parts. Parts 0 is written as 1 where
	// Request is false; in a request it means that all are missing, however many.
	Part, Parts uint16
	Answers     []OwnedAnswer // unless Request
	Missing     []byte        // if Request: bit i set asks for part i; aliases the datagram

	answer Answer // to judge the answers with
}

// OwnedAnswer is an Answer body and whose it is.
type OwnedAnswer struct {
	Owner ProcessorID
	Body  []byte // for Answer.Parse; aliases the datagram
}

const (
	StateBytes       = 28 // a State without answers or bitmap
	OwnedAnswerBytes = 8  // what State adds to an Answer body
)

// AppendTo appends the body.
func (s *State) AppendTo(dst []byte) []byte {
	dst = appendConfig(dst, s.Proposal)
	if s.Request {
		dst = le.AppendUint16(dst, 1)
		dst = le.AppendUint16(dst, 0)
		dst = le.AppendUint16(dst, s.Parts)
		dst = le.AppendUint16(dst, 0)
		return append(dst, s.Missing...)
	}
	dst = le.AppendUint16(dst, 0)
	dst = appendPart(dst, s.Part, s.Parts)
	dst = le.AppendUint16(dst, uint16(len(s.Answers)))
	for _, a := range s.Answers {
		dst = le.AppendUint32(dst, uint32(a.Owner))
		dst = le.AppendUint16(dst, uint16(len(a.Body)))
		dst = le.AppendUint16(dst, 0)
		dst = append(dst, a.Body...)
	}
	return dst
}

// Parse reads the body b, reusing the slice of s. Bodies and bitmap alias b.
func (s *State) Parse(b []byte) Verdict {
	c := cursor{b: b}
	s.Proposal = c.someConfig()
	request := c.u16()
	c.want(request <= 1)
	s.Request = request == 1
	s.Answers, s.Missing = s.Answers[:0], nil
	if s.Request {
		s.parseRequest(&c)
	} else {
		s.parseAnswers(&c)
	}
	return c.done()
}

func (s *State) parseRequest(c *cursor) {
	s.Part = c.u16()
	s.Parts = c.u16()
	c.want(s.Part == 0 && c.u16() == 0)
	n := int(s.Parts)
	s.Missing = c.take((n + 7) / 8)
	c.want(n%8 == 0 || s.Missing == nil || s.Missing[n/8]>>(n%8) == 0)
}

func (s *State) parseAnswers(c *cursor) {
	s.Part, s.Parts = c.part()
	s.Answers = resize(s.Answers, c.count(OwnedAnswerBytes+AnswerBytes))
	var last ProcessorID
	for i := range s.Answers {
		a := OwnedAnswer{Owner: c.id()}
		n := int(c.u16())
		c.zero(2)
		a.Body = c.take(n)
		c.want(a.Owner >= last && s.answer.Parse(a.Body) == OK && s.answer.Proposal == s.Proposal)
		last = a.Owner
		s.Answers[i] = a
	}
}
