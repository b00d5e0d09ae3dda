package wire

import (
	"bytes"
	"fmt"
	"net/netip"
	"testing"
)

// show prints what a body says, and not what it keeps for the next Parse.
func show(b body) string {
	switch b := b.(type) {
	case *Join:
		c := *b
		c.hears = nil
		return fmt.Sprintf("%+v", c)
	case *Answer:
		c := *b
		c.spans = nil
		return fmt.Sprintf("%+v", c)
	case *State:
		c := *b
		c.answer = Answer{}
		return fmt.Sprintf("%+v", c)
	}
	return fmt.Sprintf("%+v", b)
}

// TestBodiesRoundTrip parses what was appended into a body that was used for
// others before, and judges every shortened and lengthened form.
func TestBodiesRoundTrip(t *testing.T) {
	r := chance(t)
	for k := KindAck; k < NumKinds; k++ {
		got := newBody(k)
		for range 50 {
			want := someBody(r, k)
			b := want.AppendTo(nil)
			if v := got.Parse(b); v != OK {
				t.Fatalf("%v: %v of %s", k, v, show(want))
			}
			if show(got) != show(want) {
				t.Fatalf("%v: parsed\n%s\nof\n%s", k, show(got), show(want))
			}
			if again := got.AppendTo(nil); !bytes.Equal(again, b) {
				t.Fatalf("%v: appended\n%x\nof\n%x", k, again, b)
			}
			var d Door
			var h Header
			whole := finish(append(make([]byte, HeaderBytes), b...), Header{Kind: k})
			if v := d.Check(whole, &h); v != OK || h.Kind != k {
				t.Fatalf("%v: door says %v", k, v)
			}
		}
	}
}

// A body cut anywhere, or with a byte too many, is refused, but for those whose
// length tells how much they contain.
func TestBodiesOfWrongLength(t *testing.T) {
	r := chance(t)
	open := map[Kind]int{KindNack: RangeBytes, KindInstall: ShareBytes, KindPiece: 1}
	for k := KindAck; k < NumKinds; k++ {
		for range 10 {
			b := someBody(r, k).AppendTo(nil)
			got := newBody(k)
			for n := range b {
				v := got.Parse(b[:n])
				if step := open[k]; step != 0 && (len(b)-n)%step == 0 {
					continue
				}
				if v != BadBody {
					t.Fatalf("%v: %v of %d bytes out of %d: %x", k, v, n, len(b), b[:n])
				}
			}
			if k != KindPiece && got.Parse(append(b, 0)) != BadBody {
				t.Fatalf("%v: a byte too many passed", k)
			}
		}
	}
}

func TestBodySizes(t *testing.T) {
	a4 := netip.MustParseAddrPort("10.0.0.1:5")
	a6 := netip.MustParseAddrPort("[fd00::1]:5")
	row := Row{Owner: 1, Hears: make([]Hear, 9)}
	member4, member6, member0 := ProposedMember{Address: a4}, ProposedMember{Address: a6}, ProposedMember{}
	stream := StreamState{Member: 1, Extras: make([]Span, 3)}
	for _, c := range []struct {
		name string
		b    body
		want int
	}{
		{"ack", &Ack{}, AckBytes},
		{"ack of 2 echoes, 3 shares", &Ack{Echoes: make([]Echo, 2), Shares: make([]Share, 3)}, AckBytes + 2*EchoBytes + 3*ShareBytes},
		{"nack", &Nack{make([]Range, 3)}, 3 * RangeBytes},
		{"join", &Join{}, JoinBytes},
		{"join of a row", &Join{Rows: []Row{row}}, JoinBytes + row.Size()},
		{"join with addresses", &Join{Addresses: []netip.AddrPort{a6, a6}}, JoinBytes + 2*MaxAddressBytes},
		{"proposal", &Proposal{}, ProposalBytes},
		{"proposal of members", &Proposal{Members: []ProposedMember{member4, member6, member0}},
			ProposalBytes + member4.Size() + member6.Size() + member0.Size()},
		{"answer", &Answer{}, AnswerBytes},
		{"answer of a stream", &Answer{Streams: []StreamState{stream}, Obligations: make([]ProcessorID, 2)},
			AnswerBytes + stream.Size() + 2*ObligationBytes},
		{"state", &State{}, StateBytes},
		{"state of an answer", &State{Answers: []OwnedAnswer{{1, make([]byte, 70)}}}, StateBytes + OwnedAnswerBytes + 70},
		{"state request", &State{Request: true, Missing: make([]byte, 4)}, StateBytes + 4},
		{"hold", &Hold{}, ConfigIDBytes},
		{"install", &Install{}, ConfigIDBytes},
		{"leave", &Leave{}, ConfigIDBytes + 8},
		{"probe", &Probe{Bytes: 1472}, 1472 - HeaderBytes},
		{"probe reply", &Probe{Bytes: 1472, Reply: true}, ProbeBytes},
		{"piece", &Piece{Bytes: make([]byte, 10)}, PieceOverhead + 10},
	} {
		if got := len(c.b.AppendTo(nil)); got != c.want {
			t.Errorf("%s: %d bytes, want %d", c.name, got, c.want)
		}
	}
}

// Zero Parts mean one: the zero value is a body in one part.
func TestOnePart(t *testing.T) {
	id := ConfigID{1, 2, 3}
	p := Proposal{Config: id}
	if v := p.Parse(p.AppendTo(nil)); v != OK || p.Parts != 1 {
		t.Errorf("proposal: %v, %d parts", v, p.Parts)
	}
	a := Answer{Proposal: id}
	if v := a.Parse(a.AppendTo(nil)); v != OK || a.Parts != 1 {
		t.Errorf("answer: %v, %d parts", v, a.Parts)
	}
	s := State{Proposal: id}
	if v := s.Parse(s.AppendTo(nil)); v != OK || s.Parts != 1 {
		t.Errorf("state: %v, %d parts", v, s.Parts)
	}
}

func TestAddressForms(t *testing.T) {
	for in, want := range map[string]string{
		"10.1.2.3:7":          "10.1.2.3:7",
		"[::ffff:10.1.2.3]:7": "10.1.2.3:7",
		"[fe80::1%eth0]:7":    "[fe80::1]:7",
		"[::]:0":              "[::]:0",
		"0.0.0.0:9":           "0.0.0.0:9",
	} {
		j := Join{Addresses: []netip.AddrPort{netip.MustParseAddrPort(in)}}
		if v := j.Parse(j.AppendTo(nil)); v != OK || len(j.Addresses) != 1 || j.Addresses[0].String() != want {
			t.Errorf("%s: %v, %v", in, v, j.Addresses)
		}
	}
}

// Every rule of a body, broken alone.
func TestBodiesRefused(t *testing.T) {
	id := ConfigID{1, 2, 3}
	span := func(contiguous uint64, s ...Span) *Answer {
		return &Answer{Proposal: id, Streams: []StreamState{{1, contiguous, s}}}
	}
	good := func(edit func([]byte), b body) []byte {
		out := b.AppendTo(nil)
		if v := b.Parse(out); v != OK {
			t.Fatalf("%T to be broken is %v", b, v)
		}
		edit(out)
		return out
	}
	for _, c := range []struct {
		name string
		k    Kind
		b    []byte
	}{
		{"echoes that do not ascend", KindAck, (&Ack{Echoes: []Echo{{2, 0, 0}, {2, 0, 0}}}).AppendTo(nil)},
		{"share of nobody", KindAck, (&Ack{Shares: []Share{{0, 1}}}).AppendTo(nil)},
		{"shares that do not ascend", KindAck, (&Ack{Shares: []Share{{2, 1}, {1, 1}}}).AppendTo(nil)},
		{"more echoes than bytes", KindAck, good(func(b []byte) { b[24], b[25] = 255, 255 }, &Ack{})},
		{"nack of nothing", KindNack, nil},
		{"range of no stream", KindNack, (&Nack{[]Range{{0, 1, 1, 1}}}).AppendTo(nil)},
		{"range from 0", KindNack, (&Nack{[]Range{{1, 1, 0, 1}}}).AppendTo(nil)},
		{"empty range", KindNack, (&Nack{[]Range{{1, 1, 1, 0}}}).AppendTo(nil)},
		{"range that runs over", KindNack, (&Nack{[]Range{{1, 1, 1<<64 - 1, 1}}}).AppendTo(nil)},
		{"versions the wrong way round", KindJoin, (&Join{MinVersion: 2, MaxVersion: 1}).AppendTo(nil)},
		{"configuration of nobody", KindJoin, (&Join{Seen: ConfigID{Epoch: 1}}).AppendTo(nil)},
		{"nine addresses", KindJoin, (&Join{Addresses: make([]netip.AddrPort, 9)}).AppendTo(nil)},
		{"an address that is none", KindBeacon, (&Join{Addresses: make([]netip.AddrPort, 1)}).AppendTo(nil)},
		{"an address of a family that is none", KindJoin, good(func(b []byte) { b[JoinBytes] = 5 },
			&Join{Addresses: []netip.AddrPort{netip.MustParseAddrPort("1.2.3.4:5")}})},
		{"IPv4 dressed as IPv6", KindJoin, good(func(b []byte) { copy(b[JoinBytes+1:], append(make([]byte, 10), 0xff, 0xff)) },
			&Join{Addresses: []netip.AddrPort{netip.MustParseAddrPort("[fd00::1]:5")}})},
		{"rows that do not ascend", KindJoin, (&Join{Rows: []Row{{Owner: 2}, {Owner: 2}}}).AppendTo(nil)},
		{"hears that do not ascend", KindJoin, (&Join{Rows: []Row{{Owner: 2, Hears: []Hear{{3, true}, {1, true}}}}}).AppendTo(nil)},
		{"a hear of more bytes than it takes", KindJoin, append(good(func(b []byte) { b[len(b)-1] |= 0x80 },
			&Join{Rows: []Row{{Owner: 2, Hears: []Hear{{1, true}, {3, true}}}}}), 0)},
		{"a hear beyond all ids", KindJoin, append((&Join{Rows: []Row{{Owner: 2, Hears: []Hear{{1, true}, {3, true}}}}}).AppendTo(nil)[:JoinBytes+42],
			0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1)},
		{"more hears than bytes", KindJoin, good(func(b []byte) { b[JoinBytes+4], b[JoinBytes+5] = 255, 255 },
			&Join{Rows: []Row{{Owner: 2, Hears: []Hear{{1, true}, {3, true}}}}})},
		{"proposal of no configuration", KindPropose, (&Proposal{}).AppendTo(nil)},
		{"part beyond parts", KindPropose, (&Proposal{Config: id, Part: 2, Parts: 2}).AppendTo(nil)},
		{"members that do not ascend", KindPropose, (&Proposal{Config: id, Members: []ProposedMember{{ID: 2}, {ID: 1}}}).AppendTo(nil)},
		{"answer to no proposal", KindAnswer, (&Answer{}).AppendTo(nil)},
		{"streams that do not ascend", KindAnswer, (&Answer{Proposal: id, Streams: []StreamState{{Member: 2}, {Member: 2}}}).AppendTo(nil)},
		{"obligations that do not ascend", KindAnswer, (&Answer{Proposal: id, Obligations: []ProcessorID{2, 2}}).AppendTo(nil)},
		{"an extra without a gap before it", KindAnswer, span(5, Span{6, 1}).AppendTo(nil)},
		{"an extra within the prefix", KindAnswer, span(5, Span{3, 1}).AppendTo(nil)},
		{"extras that touch", KindAnswer, span(5, Span{7, 1}, Span{8, 1}).AppendTo(nil)},
		{"an empty extra", KindAnswer, span(5, Span{7, 0}).AppendTo(nil)},
		{"an extra that runs over", KindAnswer, span(5, Span{1<<64 - 1, 1}).AppendTo(nil)},
		{"state of no proposal", KindState, (&State{}).AppendTo(nil)},
		{"state that is neither answer nor request", KindState, good(func(b []byte) { b[20] = 2 }, &State{Proposal: id})},
		{"an answer that is none", KindState, (&State{Proposal: id, Answers: []OwnedAnswer{{1, make([]byte, AnswerBytes)}}}).AppendTo(nil)},
		{"an answer to another proposal", KindState, (&State{Proposal: id, Answers: []OwnedAnswer{{1, (&Answer{Proposal: ConfigID{9, 9, 9}}).AppendTo(nil)}}}).AppendTo(nil)},
		{"owners that descend", KindState, (&State{Proposal: id, Answers: []OwnedAnswer{
			{2, (&Answer{Proposal: id}).AppendTo(nil)}, {1, (&Answer{Proposal: id}).AppendTo(nil)}}}).AppendTo(nil)},
		{"bitmap bits left over", KindState, (&State{Proposal: id, Request: true, Parts: 3, Missing: []byte{8}}).AppendTo(nil)},
		{"bitmap too long", KindState, (&State{Proposal: id, Request: true, Parts: 3, Missing: []byte{1, 0}}).AppendTo(nil)},
		{"hold of nothing", KindHold, (&Hold{}).AppendTo(nil)},
		{"install of nothing", KindInstall, (&Install{}).AppendTo(nil)},
		{"probe smaller than itself", KindProbe, (&Probe{Bytes: 75}).AppendTo(nil)},
		{"probe that is not as large as it says", KindProbe, good(func(b []byte) { b[0]++ }, &Probe{Bytes: 100})},
		{"probe padded with ones", KindProbe, good(func(b []byte) { b[9] = 1 }, &Probe{Bytes: 100})},
		{"piece of no stream", KindPiece, (&Piece{Dseq: 1, Total: 99, Bytes: []byte{1}}).AppendTo(nil)},
		{"piece of no datagram", KindPiece, (&Piece{Stream: 1, Total: 99, Bytes: []byte{1}}).AppendTo(nil)},
		{"piece of nothing", KindPiece, (&Piece{Stream: 1, Dseq: 1, Total: 99}).AppendTo(nil)},
		{"piece beyond the whole", KindPiece, (&Piece{Stream: 1, Dseq: 1, Total: 99, Offset: 99, Bytes: []byte{1}}).AppendTo(nil)},
		{"piece of less than a header", KindPiece, (&Piece{Stream: 1, Dseq: 1, Total: 71, Bytes: []byte{1}}).AppendTo(nil)},
	} {
		var d Door
		var h Header
		whole := finish(append(make([]byte, HeaderBytes), c.b...), Header{Kind: c.k})
		if v := d.Check(whole, &h); v != BadBody {
			t.Errorf("%s: %v", c.name, v)
		}
	}
}

// What a door keeps to judge bodies with stays within a few datagrams' size,
// whatever comes: here long lists in ever another row.
func TestDoorStaysSmall(t *testing.T) {
	var d Door
	var h Header
	hears := make([]Hear, 10000)
	for i := range hears {
		hears[i].ID = ProcessorID(i + 1)
	}
	for long := range 200 {
		j := Join{Rows: make([]Row, 200)}
		for i := range j.Rows {
			j.Rows[i].Owner = ProcessorID(i + 1)
		}
		j.Rows[long].Hears = hears
		b := finish(j.AppendTo(make([]byte, HeaderBytes)), Header{Kind: KindJoin})
		if v := d.Check(b, &h); v != OK {
			t.Fatal(v)
		}
	}
	if n := cap(d.bodies.join.hears); n > 2*len(hears) {
		t.Errorf("room for %d hears is kept", n)
	}
}
