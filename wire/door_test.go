package wire

import (
	"bytes"
	"testing"
)

func TestDoorSummary(t *testing.T) {
	part := Fragment{Guarantee: Safe, Number: 7, Total: 9, Set: 1}
	last := Fragment{Guarantee: FIFO, Number: 7, Offset: 7, Total: 9}
	skip := []byte{200, FlagMaySkip, 1, 0, 9}
	for _, c := range []struct {
		name   string
		first  uint64
		frames [][]byte
		want   Header
	}{
		{"nothing", 0, nil, Header{}},
		{"padding", 0, [][]byte{make([]byte, 11)}, Header{Contents: 1}},
		{"one message", 7, [][]byte{message(Agreed, 3, "a")},
			Header{Messages: 1, Guarantees: 1 << Agreed, Contents: 1 << FrameMessage, Set: 3, OneSet: true}},
		{"an empty one", 7, [][]byte{message(Unordered, 0, "")},
			Header{Messages: 1, Guarantees: 1 << Unordered, Contents: 1 << FrameMessage, OneSet: true}},
		{"messages of one set", 7, [][]byte{message(Agreed, 3, "a"), message(Safe, 3, "bb"), make([]byte, 3)},
			Header{Messages: 2, Guarantees: 1<<Agreed | 1<<Safe, Contents: 1<<FrameMessage | 1, Set: 3, OneSet: true}},
		{"messages of two sets", 7, [][]byte{message(Agreed, 3, "a"), message(Agreed, 4, "b")},
			Header{Messages: 2, Guarantees: 1 << Agreed, Contents: 1 << FrameMessage}},
		{"inline messages", 7, [][]byte{inline(Agreed, 1, "a"), inline(Agreed, 1, "b")},
			Header{Messages: 2, Guarantees: 1 << Agreed, Contents: 1 << FrameMessage}},
		{"an inline one last", 7, [][]byte{message(Agreed, 1, "a"), inline(Agreed, 1, "b")},
			Header{Messages: 2, Guarantees: 1 << Agreed, Contents: 1 << FrameMessage}},
		{"two sets in two runs", 7, [][]byte{message(Agreed, 3, "a"), AppendGroupSet(nil, 4, 1, 0, groups(1)), message(Agreed, 4, "b")},
			Header{Messages: 2, Guarantees: 1 << Agreed, Contents: 1<<FrameMessage | 1<<FrameGroupSet}},
		{"one set in two runs", 7, [][]byte{message(Agreed, 3, "a"), AppendGroupSet(nil, 4, 1, 0, groups(1)), message(Agreed, 3, "b")},
			Header{Messages: 2, Guarantees: 1 << Agreed, Contents: 1<<FrameMessage | 1<<FrameGroupSet, Set: 3, OneSet: true}},
		{"a message and a first fragment", 6, [][]byte{message(FIFO, 3, "a"), fragment(part, "1234")},
			Header{Messages: 1, Guarantees: 1 << FIFO, Contents: 1<<FrameMessage | 1<<FrameFragment, Set: 3, OneSet: true, Unfinished: true}},
		{"a last fragment and a message", 8, [][]byte{fragment(last, "12"), message(Agreed, 3, "a")},
			Header{Messages: 1, Guarantees: 1<<FIFO | 1<<Agreed, Contents: 1<<FrameMessage | 1<<FrameFragment, Set: 3, OneSet: true}},
		{"all there is", 8, [][]byte{AppendAccept(nil, 2, 9, 100, 4), AppendStamp(nil, 2, 3, 4), AppendStamp(nil, 3, 1, 1),
			skip, AppendGroupSet(nil, 3, 2, 0, groups(2)), fragment(last, "12"), message(Agreed, 3, "a"),
			append(AppendSystem(nil, true, 3), "abc"...), AppendHandoff(nil, 3, 100, []Share{{1, 2}, {3, 4}}), make([]byte, 5)},
			Header{Messages: 1, Guarantees: 1<<FIFO | 1<<Agreed, Contents: 0xff, Set: 3, OneSet: true}},
	} {
		b := stream(c.first, c.frames...)
		before := bytes.Clone(b)
		var d Door
		var got Header
		if v := d.Check(b, &got); v != OK {
			t.Errorf("%s: %v", c.name, v)
			continue
		}
		want := c.want
		want.Kind, want.Length, want.Sender, want.Config, want.Dseq, want.First = KindStream, uint16(len(b)), 1, 5, 3, c.first
		if got != want {
			t.Errorf("%s:\n got %+v\nwant %+v", c.name, got, want)
		}
		if !bytes.Equal(b, before) {
			t.Errorf("%s: the datagram was written to", c.name)
		}
		own := Header{Kind: KindStream, Length: got.Length, Sender: 1, Config: 5, Dseq: 3, First: c.first, Messages: 99, OneSet: true, Set: 8}
		if v := own.Summarize(b[HeaderBytes:]); v != OK || own != want {
			t.Errorf("%s: summarized %v\n got %+v\nwant %+v", c.name, v, own, want)
		}
	}
}

func TestDoorRefusesFrames(t *testing.T) {
	whole := Fragment{Number: 7, Total: 4}
	with := func(edit func(*Fragment)) []byte { f := whole; edit(&f); return fragment(f, "1234") }
	edited := func(b []byte, at int, to byte) []byte { b[at] = to; return b }
	stamp := AppendStamp(nil, 2, 1, 1)
	accept := AppendAccept(nil, 2, 9, 100, 4)
	handoff := AppendHandoff(nil, 2, 1, nil)
	set := AppendGroupSet(nil, 1, 1, 0, groups(1))
	text := message(Agreed, 1, "x")
	piece := fragment(Fragment{Number: 7, Total: 9}, "1234")
	for _, c := range []struct {
		name   string
		first  uint64
		want   Verdict
		frames [][]byte
	}{
		{"half a frame head", 0, BadFrame, [][]byte{{2, 0, 0}}},
		{"unknown type", 0, BadFrame, [][]byte{{8, 0, 0, 0}}},
		{"unknown type beyond the end", 0, BadFrame, [][]byte{{8, FlagMaySkip, 1, 0}}},
		{"message beyond the end", 7, BadFrame, [][]byte{text[:len(text)-1]}},
		{"second message beyond the end", 7, BadFrame, [][]byte{text, text[:len(text)-1]}},
		{"fragment beyond the end", 0, BadFrame, [][]byte{piece[:len(piece)-1]}},
		{"stamp beyond the end", 0, BadFrame, [][]byte{stamp[:19]}},
		{"padding that is not", 0, BadPadding, [][]byte{{0, 0, 0, 0, 0, 0, 0, 0, 0, 1}}},
		{"something behind padding", 7, BadPadding, [][]byte{{0}, text}},

		{"message shorter than its front", 7, BadMessage, [][]byte{{1, 0, 3, 0, 1, 0, 1}}},
		{"message shorter than its front, and more", 7, BadMessage, [][]byte{{1, 0, 3, 0, 1, 0, 1, 0, 0, 0}}},
		{"message with a reserved flag", 7, BadMessage, [][]byte{edited(message(FIFO, 1, "x"), 1, 8)}},
		{"message that may be skipped", 7, BadMessage, [][]byte{edited(message(FIFO, 1, "x"), 1, 0x80)}},
		{"keys that do not fit", 7, BadMessage, [][]byte{edited(inline(FIFO, 1, ""), 4, 2)}},
		{"keys that do not fit, second", 7, BadMessage, [][]byte{text, edited(inline(FIFO, 1, ""), 4, 2)}},
		{"too many keys", 7, BadMessage, [][]byte{inline(FIFO, MaxSetKeys+1, "")}},
		{"message without a number", 0, BadNumber, [][]byte{text}},
		{"number without a message", 7, BadNumber, nil},
		{"numbers that run over", 1<<64 - 1, BadNumber, [][]byte{text, text}},

		{"fragment shorter than its front", 0, BadFragment, [][]byte{edited(bytes.Clone(piece[:23]), 2, 19)}},
		{"fragment with a reserved flag", 0, BadFragment, [][]byte{edited(with(func(*Fragment) {}), 1, 0x40)}},
		{"empty piece", 0, BadFragment, [][]byte{fragment(whole, "")}},
		{"empty message in fragments", 0, BadFragment, [][]byte{fragment(Fragment{Number: 7}, "")}},
		{"piece beyond the whole", 0, BadFragment, [][]byte{with(func(f *Fragment) { f.Offset = 1 })}},
		{"offset that runs over", 0, BadFragment, [][]byte{with(func(f *Fragment) { f.Offset = 1<<32 - 1 })}},
		{"codec that is none", 0, BadFragment, [][]byte{with(func(f *Fragment) { f.Codec = 3 })}},
		{"coded without contents", 0, BadFragment, [][]byte{with(func(f *Fragment) { f.Codec = CodecS2 })}},
		{"batch without a codec", 0, BadFragment, [][]byte{with(func(f *Fragment) { f.Batch, f.Set, f.Total = true, 2, 9 })}},
		{"batch of nothing", 0, BadFragment, [][]byte{with(func(f *Fragment) { f.Batch, f.Codec, f.Total = true, CodecS2, 9 })}},
		{"batch with keys", 0, BadFragment, [][]byte{with(func(f *Fragment) { f.Batch, f.Codec, f.Set, f.Total, f.Inline = true, CodecS2, 2, 9, true })}},
		{"batch with an origin", 0, BadFragment, [][]byte{with(func(f *Fragment) { f.Batch, f.Codec, f.Set, f.Total, f.Origin = true, CodecS2, 2, 9, 1 })}},
		{"keys larger than the whole", 0, BadFragment, [][]byte{with(func(f *Fragment) { f.Inline, f.Set = true, 1 })}},
		{"more keys than allowed", 0, BadFragment, [][]byte{with(func(f *Fragment) { f.Inline, f.Set, f.Codec, f.Total = true, MaxSetKeys+1, CodecS2, 9 })}},
		{"fragment without a number", 0, BadNumber, [][]byte{with(func(f *Fragment) { f.Number = 0 })}},
		{"fragment whose number runs over", 0, BadNumber, [][]byte{with(func(f *Fragment) { f.Number = 1<<64 - 1 })}},
		{"fragment that leaves a number out", 5, BadNumber, [][]byte{text, with(func(*Fragment) {})}},
		{"message that leaves a number out", 9, BadNumber, [][]byte{with(func(*Fragment) {}), text}},
		{"batch that takes other numbers", 8, BadNumber, [][]byte{with(func(f *Fragment) { f.Batch, f.Codec, f.Set, f.Total, f.Offset = true, CodecS2, 2, 9, 5 }), text}},

		{"group set shorter than its front", 0, BadGroupSet, [][]byte{{3, 0, 4, 0, 1, 0, 1, 0}}},
		{"half a key", 0, BadGroupSet, [][]byte{edited(bytes.Clone(set[:43]), 2, 39)}},
		{"no keys", 0, BadGroupSet, [][]byte{AppendGroupSet(nil, 1, 1, 0, nil)}},
		{"set of nothing", 0, BadGroupSet, [][]byte{AppendGroupSet(nil, 1, 0, 0, groups(1))}},
		{"keys beyond the set", 0, BadGroupSet, [][]byte{AppendGroupSet(nil, 1, 2, 1, groups(2))}},
		{"set that is too large", 0, BadGroupSet, [][]byte{AppendGroupSet(nil, 1, MaxSetKeys+1, 0, groups(2))}},
		{"group set with reserved bytes", 0, BadGroupSet, [][]byte{edited(AppendGroupSet(nil, 1, 1, 0, groups(1)), 10, 1)}},
		{"group set with flags", 0, BadGroupSet, [][]byte{edited(AppendGroupSet(nil, 1, 1, 0, groups(1)), 1, 0x80)}},

		{"stamp of nobody", 0, BadStamp, [][]byte{AppendStamp(nil, 0, 1, 1)}},
		{"stamp of nothing", 0, BadStamp, [][]byte{AppendStamp(nil, 2, 0, 1)}},
		{"stamp from 0", 0, BadStamp, [][]byte{AppendStamp(nil, 2, 1, 0)}},
		{"stamp that runs over", 0, BadStamp, [][]byte{AppendStamp(nil, 2, 2, 1<<64-2)}},
		{"stamp that is too long", 0, BadStamp, [][]byte{edited(AppendStamp(nil, 2, 1, 1), 2, 17), {0}}},
		{"stamp with flags", 0, BadStamp, [][]byte{edited(AppendStamp(nil, 2, 1, 1), 1, 1)}},

		{"hand-off to nobody", 0, BadHandoff, [][]byte{AppendHandoff(nil, 0, 1, nil)}},
		{"hand-off with too few shares", 0, BadHandoff, [][]byte{edited(AppendHandoff(nil, 2, 1, nil), 8, 1)}},
		{"shares that do not ascend", 0, BadHandoff, [][]byte{AppendHandoff(nil, 2, 1, []Share{{2, 1}, {2, 1}})}},
		{"share of nobody", 0, BadHandoff, [][]byte{AppendHandoff(nil, 2, 1, []Share{{0, 1}})}},

		{"accept from nobody", 0, BadAccept, [][]byte{AppendAccept(nil, 0, 9, 100, 4)}},
		{"accept of datagram 0", 0, BadAccept, [][]byte{AppendAccept(nil, 2, 0, 100, 4)}},
		{"accept from datagram 0", 0, BadAccept, [][]byte{AppendAccept(nil, 2, 9, 100, 0)}},
		{"accept with reserved bytes", 0, BadAccept, [][]byte{edited(AppendAccept(nil, 2, 9, 100, 4), 8, 1)}},
		{"system with flags", 0, BadSystem, [][]byte{edited(AppendSystem(nil, false, 0), 1, 1)}},

		{"accept twice", 0, BadOrder, [][]byte{accept, accept}},
		{"accept behind a stamp", 0, BadOrder, [][]byte{stamp, accept}},
		{"stamp behind a message", 7, BadOrder, [][]byte{text, stamp}},
		{"stamp behind a group set", 0, BadOrder, [][]byte{set, stamp}},
		{"message behind a hand-off", 7, BadOrder, [][]byte{handoff, text}},
		{"hand-off twice", 0, BadOrder, [][]byte{handoff, handoff}},
		{"message behind a cut one", 8, BadOrder, [][]byte{piece, text}},
		{"fragment behind a cut one", 0, BadOrder, [][]byte{piece, piece}},
		{"group set behind a cut message", 0, BadOrder, [][]byte{piece, set}},
	} {
		b := stream(c.first, c.frames...)
		var d Door
		var h Header
		if v := d.Check(b, &h); v != c.want {
			t.Errorf("%s: %v, want %v", c.name, v, c.want)
		}
		if v := h.Summarize(b[HeaderBytes:]); v == OK && c.want != BadFrame {
			t.Errorf("%s: summarized as good", c.name)
		}
	}
}

func TestDoorRefusesHeaders(t *testing.T) {
	good := func() []byte { return stream(7, message(Agreed, 1, "hello")) }
	ack := func(h Header) []byte {
		h.Kind = KindAck
		return finish((&Ack{}).AppendTo(make([]byte, HeaderBytes)), h)
	}
	edit := func(b []byte, at int, to byte) []byte { b[at] = to; PutCheck(b); return b }
	for _, c := range []struct {
		name string
		b    []byte
		want Verdict
	}{
		{"nothing", nil, Short},
		{"less than a header", good()[:71], Short},
		{"version 0", edit(good(), 0, 0), BadVersion},
		{"version 2", edit(good(), 0, 2), BadVersion},
		{"another cluster", edit(good(), 16, 1), BadCluster},
		{"a byte too many", append(good(), 0), BadLength},
		{"a byte too few", good()[:84], BadLength},
		{"sealed", edit(good(), 2, FlagSealed), BadSeal},
		{"key slot of no key", edit(good(), 2, FlagKeySlot), BadFlags},
		{"reserved flag", edit(good(), 2, 4), BadFlags},
		{"reserved byte", edit(good(), 3, 1), BadFlags},
		{"kind 0", edit(good(), 1, 0), BadKind},
		{"a kind that is none", edit(good(), 1, NumKinds), BadKind},
		{"sender 0", edit(good(), 12, 0), BadSender},
		{"dseq 0", edit(good(), 32, 0), BadNumber},
		{"stream without a configuration", edit(good(), 24, 0), BadNumber},
		{"ack with first", ack(Header{First: 1}), BadNumber},
		{"ack without a body", finish(make([]byte, HeaderBytes), Header{Kind: KindAck}), BadBody},
		{"good", good(), OK},
		{"good ack", ack(Header{}), OK},
	} {
		var d Door
		var h Header
		if v := d.Check(c.b, &h); v != c.want {
			t.Errorf("%s: %v, want %v", c.name, v, c.want)
		}
	}
}

// Any single bit that falls over is found, wherever it is.
func TestDoorFindsDamage(t *testing.T) {
	b := stream(7, AppendStamp(nil, 2, 3, 4), message(Agreed, 1, "hello"))
	var d Door
	var h Header
	for i := range len(b) * 8 {
		b[i/8] ^= 1 << (i % 8)
		if v := d.Check(b, &h); v == OK {
			t.Errorf("bit %d of byte %d may fall over", i%8, i/8)
		}
		b[i/8] ^= 1 << (i % 8)
	}
	if v := d.Check(b, &h); v != OK {
		t.Fatal(v)
	}
	b[8]++
	if v := d.Check(b, &h); v != BadCheck {
		t.Errorf("wrong check: %v", v)
	}
	d.NoCheck = true
	if v := d.Check(b, &h); v != OK {
		t.Errorf("wrong check, and nobody looks: %v", v)
	}
}

// The largest datagram there is, full of the smallest messages.
func TestLargestDatagram(t *testing.T) {
	b := make([]byte, HeaderBytes, MaxDatagramBytes)
	n := 0
	for ; len(b)+MessageOverhead <= MaxDatagramBytes; n++ {
		b = AppendMessage(b, FIFO, 0, 0, 0)
	}
	b = finish(AppendPadding(b, MaxDatagramBytes-len(b)), Header{Kind: KindStream, Config: 1, Dseq: 1, First: 1})
	var d Door
	var h Header
	if v := d.Check(b, &h); v != OK || int(h.Messages) != n {
		t.Errorf("%v, %d messages, want %d", v, h.Messages, n)
	}
	b = AppendMessage(make([]byte, HeaderBytes), FIFO, 0, 0, MaxPayload)
	b = finish(append(b, make([]byte, MaxPayload)...), Header{Kind: KindStream, Config: 1, Dseq: 1, First: 1})
	if v := d.Check(b, &h); v != OK || len(b) != MaxDatagramBytes {
		t.Errorf("%v of the largest message in %d bytes", v, len(b))
	}
}
