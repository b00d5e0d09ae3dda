package batch

import "stampede/wire"

// stage is where messages wait to be compressed together. Small messages alone
// do not shrink; a run of one guarantee, up to what a batch may decode to, does.
type stage struct {
	run       []byte // Message frames, as a batch decodes to
	guarantee wire.Guarantee
	messages  int
	spare     []*Chunk // enough to pack run as it is, if it does not shrink
	encoder   wire.Encoder
	flat      []byte // a large message in one piece
	coded     []byte
}

const (
	// aloneBytes and more are a batch of their own: the message is coded as
	// it is, without a frame's front, and may be larger than a batch.
	aloneBytes = wire.MaxBatchBytes / 2
	// minRun is the least run that is worth coding: below it what is saved is
	// less than what header, IP, UDP and Ethernet add to it (~140 bytes).
	minRun = 512
)

// compress is Append with compression. What f describes was judged.
func (p *Packer) compress(f *wire.Fragment, src source) (uint64, error) {
	s := p.stage
	size := int(f.Total) + wire.MessageOverhead
	if size > aloneBytes {
		p.unstage()
		return p.alone(f, src)
	}
	if s.messages > 0 && (s.guarantee != f.Guarantee || len(s.run)+size > wire.MaxBatchBytes) {
		p.unstage()
	}
	if s.messages == 0 && !p.reserve() {
		return p.plain(f, src) // an arena so nearly empty can still hold one message
	}
	p.put(f, &src, size)
	return p.Next() - 1, nil
}

// put appends a Message frame to the run.
func (p *Packer) put(f *wire.Fragment, src *source, size int) {
	s := p.stage
	head := wire.AppendMessage
	if f.Inline {
		head = wire.AppendInline
	}
	at := len(s.run)
	head(s.run, f.Guarantee, f.Set, f.Origin, int(f.Total))
	s.run = s.run[:at+size]
	src.read(s.run[at+wire.MessageOverhead:])
	s.guarantee = f.Guarantee
	s.messages++
	p.queued += size
}

// plain packs one message as without compression.
func (p *Packer) plain(f *wire.Fragment, src source) (uint64, error) {
	if !p.holds(int(f.Total), true) {
		return 0, ErrFull
	}
	p.pack(f, &src)
	return p.next - 1, nil
}

// alone codes and packs one large message.
func (p *Packer) alone(f *wire.Fragment, src source) (uint64, error) {
	if !p.holds(int(f.Total), false) {
		return 0, ErrFull // before the work of coding, which can only help
	}
	s := p.stage
	flat := src.flat(&s.flat, int(f.Total))
	if !s.encode(flat, p.config.Compress) {
		return p.plain(f, src)
	}
	p.saved += len(flat) - len(s.coded) // the queue holds a time's worth of messages, however small they became
	f.Codec, f.Total = p.config.Compress, uint32(len(s.coded))
	p.pack(f, &source{iov: [][]byte{s.coded}})
	return p.next - 1, nil
}

// flat returns all n bytes of the source in one piece: the only part it has,
// or a copy in *buf. The source is not read by it.
func (s source) flat(buf *[]byte, n int) []byte {
	if len(s.keys) == 0 && len(s.iov) == 1 {
		return s.iov[0]
	}
	if cap(*buf) < n {
		*buf = make([]byte, n)
	}
	s.read((*buf)[:n])
	return (*buf)[:n]
}

// encode codes b into s.coded and says whether that saves at least 1/16.
func (s *stage) encode(b []byte, c wire.Codec) bool {
	if need := wire.EncodedMax(len(b)); cap(s.coded) < need {
		s.coded = make([]byte, 0, need)
	}
	s.coded = s.encoder.Encode(s.coded[:0], b, c)
	return len(s.coded) <= len(b)-len(b)/16
}

// unstage codes the run, if that pays, and packs it. It cannot fail: memory
// enough was put aside.
func (p *Packer) unstage() {
	s := p.stage
	if s == nil || s.messages == 0 {
		return
	}
	for _, c := range s.spare {
		c.Release()
	}
	s.spare = s.spare[:0]
	run, messages := s.run, s.messages
	s.run, s.messages = s.run[:0], 0
	p.queued -= len(run)
	if len(run) < minRun || !s.encode(run, p.config.Compress) {
		p.unpack(run)
		return
	}
	f := wire.Fragment{
		Guarantee: s.guarantee,
		Batch:     true,
		Codec:     p.config.Compress,
		Set:       uint16(messages),
		Total:     uint32(len(s.coded)),
	}
	p.saved += len(run) - len(s.coded)
	p.pack(&f, &source{iov: [][]byte{s.coded}})
}

// unpack packs the messages of a run one by one.
func (p *Packer) unpack(run []byte) {
	var fr wire.Frame
	part := make([][]byte, 1)
	for frames := wire.NewFrames(run, 1); frames.Next(&fr); {
		part[0] = fr.Body
		f := wire.Fragment{Guarantee: fr.Guarantee, Inline: fr.Inline, Set: fr.Set, Origin: fr.Origin,
			Total: uint32(len(fr.Body))}
		p.pack(&f, &source{iov: part})
	}
}

// reserve puts chunks aside that hold a full run packed as it is, so that what
// was accepted can always be packed, whatever else is packed until then. Of
// each datagram the front of a piece at either end may be lost to messages,
// and room that is not worth a piece.
func (p *Packer) reserve() bool {
	s := p.stage
	if s.run == nil {
		s.run = make([]byte, 0, wire.MaxBatchBytes)
	}
	useful := p.capacity - p.slack - 2*wire.FragmentOverhead
	datagrams := wire.MaxBatchBytes/useful + 2
	each := ChunkBytes / p.config.Datagram
	need := (datagrams + each - 1) / each
	if p.free() < need {
		return false
	}
	for range need {
		s.spare = append(s.spare, p.arena.Take())
	}
	return true
}

func (p *Packer) staged() int {
	if p.stage == nil {
		return 0
	}
	return len(p.stage.run)
}

func (p *Packer) stagedMessages() uint64 {
	if p.stage == nil {
		return 0
	}
	return uint64(p.stage.messages)
}
