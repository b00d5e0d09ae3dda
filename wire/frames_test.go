package wire

import (
	"bytes"
	"reflect"
	"testing"
)

// everyFrame is a datagram with a frame of each type, in order.
func everyFrame() []byte {
	return stream(44,
		AppendAccept(nil, 2, 9, 100, 4),
		AppendStamp(nil, 3, 5, 6),
		AppendGroupSet(nil, 7, 5, 2, groups(3)),
		[]byte{99, FlagMaySkip, 2, 0, 1, 1},
		fragment(Fragment{Guarantee: FIFO, Codec: CodecZstd, Batch: true, Set: 3, Number: 41, Offset: 4, Total: 8}, "tail"),
		message(Agreed, 1, "hello"),
		inline(Safe, 2, "you"),
		append(AppendSystem(nil, true, 3), "sys"...),
		fragment(Fragment{Guarantee: Safe, Inline: true, Set: 2, Origin: 8, Number: 46, Total: 100}, "head"),
		AppendHandoff(nil, 3, 77, []Share{{1, 10}, {3, 30}}),
		make([]byte, 9))
}

func TestFramesReadWhatWasAppended(t *testing.T) {
	keys := Keys(nil)
	for _, g := range groups(3) {
		keys = append(keys, g[:]...)
	}
	b := everyFrame()
	want := []Frame{
		{Type: FrameAccept, Member: 2, Dseq: 9, Position: 100, First: 4},
		{Type: FrameStamp, Member: 3, Count: 5, First: 6},
		{Type: FrameGroupSet, Set: 7, Total: 5, Offset: 2, Count: 3, Body: keys},
		{Type: FrameFragment, Flags: 1 | 2<<3 | 1<<5, Guarantee: FIFO, Codec: CodecZstd, Batch: true, Set: 3, Number: 41, Offset: 4, Total: 8, Body: []byte("tail")},
		{Type: FrameMessage, Flags: 2, Guarantee: Agreed, Set: 1, Origin: 2, Number: 44, Body: []byte("hello")},
		{Type: FrameMessage, Flags: 3 | 4, Guarantee: Safe, Inline: true, Set: 2, Origin: 2, Number: 45, Body: inline(Safe, 2, "you")[8:]},
		{Type: FrameSystem, Flags: 0x80, Body: []byte("sys")},
		{Type: FrameFragment, Flags: 3 | 4, Guarantee: Safe, Inline: true, Set: 2, Origin: 8, Number: 46, Total: 100, Body: []byte("head")},
		{Type: FrameHandoff, Member: 3, Position: 77, Count: 2, Body: appendShares(nil, []Share{{1, 10}, {3, 30}})},
	}
	var d Door
	var h Header
	if v := d.Check(b, &h); v != OK {
		t.Fatal(v)
	}
	f := NewFrames(b[HeaderBytes:], h.First)
	var fr Frame
	end := 0
	for i, w := range want {
		if !f.Next(&fr) {
			t.Fatalf("frame %d is missing", i)
		}
		if fr.End <= end {
			t.Errorf("frame %d ends at %d, the one before at %d", i, fr.End, end)
		}
		end = fr.End
		w.End = end
		if fr.Body == nil {
			fr.Body = w.Body
		}
		if !reflect.DeepEqual(fr, w) {
			t.Errorf("frame %d is\n%+v, want\n%+v", i, fr, w)
		}
	}
	if f.Next(&fr) || !f.Done() || end != len(b)-HeaderBytes-9 || f.Number() != 47 {
		t.Errorf("after the last: %+v, done %v, end %d, number %d", fr, f.Done(), end, f.Number())
	}
}

func TestFrameParts(t *testing.T) {
	b := everyFrame()
	f := NewFrames(b[HeaderBytes:], 44)
	var fr Frame
	for f.Next(&fr) {
		switch {
		case fr.Type == FrameGroupSet:
			if k := fr.Keys(); k.Len() != 3 || k.At(1) != groups(3)[1] {
				t.Errorf("set has keys %x", k)
			}
		case fr.Type == FrameMessage && fr.Inline:
			if k := fr.Keys(); k.Len() != 2 || k.At(1)[0] != 2 || string(fr.Payload()) != "you" {
				t.Errorf("inline message has keys %x, payload %q", k, fr.Payload())
			}
		case fr.Type == FrameMessage:
			if fr.Keys() != nil || string(fr.Payload()) != "hello" {
				t.Errorf("message has keys %x, payload %q", fr.Keys(), fr.Payload())
			}
		case fr.Type == FrameFragment:
			if fr.Last() != (fr.Number == 41) || fr.Span() != map[bool]uint64{true: 3, false: 1}[fr.Batch] {
				t.Errorf("fragment of %d: last %v, span %d", fr.Number, fr.Last(), fr.Span())
			}
		case fr.Type == FrameHandoff:
			if fr.Share(1) != (Share{3, 30}) {
				t.Errorf("share is %v", fr.Share(1))
			}
		}
	}
	if _, _, ok := SplitInline(2, make([]byte, 63)); ok {
		t.Error("63 bytes hold two keys")
	}
}

// A lent datagram's last frame goes on elsewhere: the head alone tells as much.
func TestLentHead(t *testing.T) {
	last := Fragment{Guarantee: Safe, Number: 9, Offset: 10, Total: 30, Set: 4}
	cut := Fragment{Guarantee: Safe, Number: 9, Offset: 10, Total: 31, Set: 4}
	for _, c := range []struct {
		name string
		b    []byte
		lent int // bytes that are elsewhere
	}{
		{"a message", message(Agreed, 4, "01234567890123456789"), 20},
		{"a message, keys here", inline(Agreed, 2, "01234567890123456789"), 20},
		{"a message, part of it here", message(Agreed, 4, "01234567890123456789"), 13},
		{"a last fragment", fragment(last, "01234567890123456789"), 20},
		{"another fragment", fragment(cut, "01234567890123456789"), 20},
	} {
		frames := append(message(FIFO, 4, "in front"), c.b...)
		want := Header{First: 8}
		if v := want.Summarize(frames); v != OK {
			t.Fatalf("%s whole: %v", c.name, v)
		}
		head := frames[: len(frames)-c.lent : len(frames)-c.lent]
		got := Header{First: 8}
		if v := got.Summarize(head); v != OK || got != want {
			t.Errorf("%s: %v\n got %+v\nwant %+v", c.name, v, got, want)
		}
		whole, part := NewFrames(frames, 8), NewFrames(head, 8)
		var fw, fp Frame
		for whole.Next(&fw) {
			if !part.Next(&fp) {
				t.Fatalf("%s: a frame is missing", c.name)
			}
		}
		if fp.Missing != c.lent || !bytes.HasPrefix(fw.Body, fp.Body) || len(fp.Body)+c.lent != len(fw.Body) ||
			fp.End != len(frames) || fp.Last() != fw.Last() || fp.Number != fw.Number {
			t.Errorf("%s: last frame is\n%+v, whole\n%+v", c.name, fp, fw)
		}
		if part.Next(&fp) || !part.Done() || part.Number() != whole.Number() {
			t.Errorf("%s: reading does not end with the lent frame", c.name)
		}
	}
}

func TestLentHeadRefused(t *testing.T) {
	lent := func(b []byte, n int) []byte { return b[:len(b)-n] }
	flagged := message(Agreed, 1, "0123456789")
	flagged[1] |= 1 << 6
	for _, c := range []struct {
		name   string
		frames []byte
		want   Verdict
	}{
		{"unknown flags", lent(flagged, 5), BadFrame},
		{"behind a cut message", append(fragment(Fragment{Number: 7, Total: 9}, "1"), lent(message(Agreed, 1, "0123"), 2)...), BadOrder},
		{"a front that is cut", lent(message(Agreed, 1, ""), 1), BadFrame},
		{"keys that do not fit", append([]byte{1, 4, 10, 0, 9, 0, 0, 0}, 1, 2), BadMessage},
		{"a lent stamp", lent(AppendStamp(nil, 1, 1, 1), 3), BadFrame},
	} {
		h := Header{First: 7}
		if v := h.Summarize(c.frames); v != c.want {
			t.Errorf("%s: %v, want %v", c.name, v, c.want)
		}
	}
}

// What this version does not know is passed over, also at the end.
func TestFramesPassOverUnknown(t *testing.T) {
	unknown := []byte{99, FlagMaySkip, 2, 0, 1, 1}
	b := stream(5, unknown, message(FIFO, 1, "x"), unknown)
	var d Door
	var h Header
	if v := d.Check(b, &h); v != OK || h.Contents != 1<<FrameMessage {
		t.Fatalf("%v, contents %b", v, h.Contents)
	}
	f := NewFrames(b[HeaderBytes:], 5)
	var fr Frame
	if !f.Next(&fr) || string(fr.Body) != "x" || f.Next(&fr) || !f.Done() {
		t.Errorf("read %+v, done %v", fr, f.Done())
	}
}

// On bytes that never passed a door reading stops, and says that it gave up.
func TestFramesStop(t *testing.T) {
	for name, b := range map[string][]byte{
		"half a head":    {1, 0, 4},
		"short message":  {1, 0, 3, 0, 0, 0, 0, 0},
		"cut stamp":      AppendStamp(nil, 1, 1, 1)[:19],
		"bad padding":    {0, 0, 0, 7},
		"cut handoff":    AppendHandoff(nil, 1, 1, []Share{{1, 1}})[:26],
		"short fragment": {2, 0, 4, 0, 0, 0, 0, 0},
		"short handoff":  {5, 0, 4, 0, 0, 0, 0, 0},
	} {
		f := NewFrames(append(message(FIFO, 1, "x"), b...), 5)
		var fr Frame
		if !f.Next(&fr) || string(fr.Body) != "x" {
			t.Errorf("%s: the good frame in front is not read", name)
		}
		if f.Next(&fr) || f.Done() {
			t.Errorf("%s: read as %+v, done %v", name, fr, f.Done())
		}
	}
}
