package wire

import (
	"fmt"
	"strings"
)

// maxDump bounds a dump, in bytes.
const maxDump = 2000

// Dump tells in one line what b is, whatever it is: what was made of it unless
// it is OK (the cluster is not judged), the header, and frames or body as far
// as they make sense. It is for people and not fast.
func Dump(b []byte) string {
	var h Header
	if ReadHeader(b, &h) != OK {
		return fmt.Sprintf("%v: %d bytes %x", Short, len(b), b)
	}
	d := dump{}
	door := Door{Cluster: h.Cluster}
	v := door.Check(b, &h)
	if v != OK {
		d.add("%v: ", v)
	}
	d.header(&h)
	switch {
	case h.Flags&FlagSealed != 0:
		d.add(" sealed")
	case h.Kind == KindStream:
		d.frames(b[HeaderBytes:], h.First)
	default:
		d.body(&door.bodies, h.Kind, b[HeaderBytes:])
	}
	return d.String()
}

type dump struct{ strings.Builder }

func (d *dump) add(format string, args ...any) {
	if d.Len() < maxDump {
		fmt.Fprintf(d, format, args...)
	}
}

// String is the line, cut when it is too long.
func (d *dump) String() string {
	s := d.Builder.String()
	if len(s) > maxDump {
		return strings.ToValidUTF8(s[:maxDump], "") + " …"
	}
	return s
}

func (d *dump) header(h *Header) {
	d.add("%v from %d, %d bytes, cluster %x config %x dseq %d aru %d taken %d stable %d",
		h.Kind, h.Sender, h.Length, h.Cluster, h.Config, h.Dseq, h.Aru, h.Taken, h.Stable)
	if h.Backlog != 0 {
		d.add(" backlog %d", h.Backlog)
	}
}

// frames tells one frame after the other, a run of equal messages as one.
func (d *dump) frames(b []byte, first uint64) {
	f := NewFrames(b, first)
	var fr, run Frame
	run.Number = first
	count := uint64(0)
	for f.Next(&fr) {
		if count > 0 && (fr.Type != FrameMessage || fr.Flags != run.Flags || fr.Set != run.Set ||
			fr.Origin != run.Origin || len(fr.Body) != len(run.Body)) {
			d.messages(&run, count)
			count = 0
		}
		if fr.Type != FrameMessage {
			d.frame(&fr)
			continue
		}
		if count == 0 {
			run = fr
		}
		count++
	}
	if count > 0 {
		d.messages(&run, count)
	}
	if !f.Done() {
		d.add(" | senseless from byte %d", HeaderBytes+f.at)
	}
}

func (d *dump) messages(fr *Frame, count uint64) {
	d.add(" | message %d", fr.Number)
	if count > 1 {
		d.add("+%d", count)
	}
	d.add(" %v", fr.Guarantee)
	d.set(fr)
	d.add(" origin %d, %d bytes", fr.Origin, len(fr.Body)+fr.Missing)
}

func (d *dump) set(fr *Frame) {
	switch {
	case fr.Batch:
		d.add(" batch of %d", fr.Set)
	case fr.Inline:
		d.add(" inline keys %d", fr.Set)
	default:
		d.add(" set %d", fr.Set)
	}
}

func (d *dump) frame(fr *Frame) {
	d.add(" | %v", fr.Type)
	switch fr.Type {
	case FrameFragment:
		d.add(" of %d %v", fr.Number, fr.Guarantee)
		d.set(fr)
		if fr.Codec != CodecNone {
			d.add(" %v", fr.Codec)
		}
		d.add(" origin %d, bytes %d+%d of %d", fr.Origin, fr.Offset, len(fr.Body)+fr.Missing, fr.Total)
	case FrameGroupSet:
		d.add(" %d, keys %d+%d of %d", fr.Set, fr.Offset, fr.Count, fr.Total)
	case FrameStamp:
		d.add(" %d: %d+%d", fr.Member, fr.First, fr.Count)
	case FrameHandoff:
		d.add(" to %d at %d, %d shares", fr.Member, fr.Position, fr.Count)
	case FrameAccept:
		d.add(" from %d: its dseq %d, at %d, own from %d", fr.Member, fr.Dseq, fr.Position, fr.First)
	case FrameSystem:
		d.add(" %d bytes", len(fr.Body))
	}
}

// body tells what a control body says, if it makes sense.
func (d *dump) body(s *bodies, k Kind, b []byte) {
	if s.parse(k, b) != OK {
		d.add(" | %d bytes %x", len(b), b[:min(len(b), 64)])
		return
	}
	d.add(" | ")
	switch k {
	case KindAck:
		a := &s.ack
		d.add("sent %d position %d least taken %d echoes %v shares %v",
			a.Sent, a.Position, a.LeastTaken, a.Echoes, a.Shares)
	case KindNack:
		for _, r := range s.nack.Ranges {
			d.add("%d: %d+%d of %d ", r.Stream, r.First, r.Count, r.Asked)
		}
	case KindJoin, KindBeacon:
		d.join(&s.join)
	case KindPropose:
		p := &s.proposal
		d.add("%v part %d of %d mtu %d max message %d members %v",
			p.Config, p.Part, p.Parts, p.MTU, p.MaxMessage, p.Members)
	case KindAnswer:
		d.answer(&s.answer)
	case KindState:
		d.state(&s.state)
	case KindHold:
		d.add("%v", s.hold.Proposal)
	case KindInstall:
		d.add("%v", s.install.Config)
	case KindLeave:
		d.add("%v incarnation %d", s.leave.Config, s.leave.Incarnation)
	case KindProbe:
		d.add("%d bytes, reply %v", s.probe.Bytes, s.probe.Reply)
	case KindPiece:
		p := &s.piece
		d.add("of %d dseq %d, bytes %d+%d of %d", p.Stream, p.Dseq, p.Offset, len(p.Bytes), p.Total)
	}
}

func (d *dump) join(j *Join) {
	d.add("incarnation %d config %v seen %v row %d speaks %d-%d mtu %d window %d history %d",
		j.Incarnation, j.Config, j.Seen, j.Version, j.MinVersion, j.MaxVersion,
		j.MTU, j.Window, j.History)
	d.add(" max message %d flags %x addresses %v", j.MaxMessage, uint8(j.Flags), j.Addresses)
	for i := range j.Rows {
		r := &j.Rows[i]
		d.add(" row %d.%d version %d in %v at %v hears %v", r.Owner, r.Incarnation, r.Version, r.Config, r.Address, r.Hears)
	}
}

func (d *dump) answer(a *Answer) {
	d.add("%v part %d of %d old %v position %d stable %d", a.Proposal, a.Part, a.Parts, a.Old, a.Position, a.Stable)
	for i := range a.Streams {
		s := &a.Streams[i]
		d.add(" stream %d: %d extras %v", s.Member, s.Contiguous, s.Extras)
	}
	d.add(" obligations %v", a.Obligations)
}

func (d *dump) state(s *State) {
	if s.Request {
		d.add("%v lacks %x of %d parts", s.Proposal, s.Missing, s.Parts)
		return
	}
	d.add("%v part %d of %d", s.Proposal, s.Part, s.Parts)
	for _, a := range s.Answers {
		if s.answer.Parse(a.Body) == OK {
			d.add(" [%d: ", a.Owner)
			d.answer(&s.answer)
			d.add("]")
		}
	}
}
