package wire

import (
	"bytes"
	"reflect"
	"strings"
	"testing"
)

// seeds is one datagram of everything.
func seeds(f *testing.F) [][]byte {
	r := chance(f)
	all := [][]byte{everyFrame(), fullDatagram(), stream(0), stream(7, message(Unordered, 0, ""), []byte{0})}
	for k := KindAck; k < NumKinds; k++ {
		for range 2 {
			all = append(all, finish(someBody(r, k).AppendTo(make([]byte, HeaderBytes)), Header{Kind: k}))
		}
	}
	return all
}

// FuzzCheck holds what the door promises to those behind it, of any bytes.
func FuzzCheck(f *testing.F) {
	for _, b := range seeds(f) {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if s := Dump(b); s == "" || strings.ContainsAny(s, "\n\r") {
			t.Errorf("dump is %q", s)
		}
		if len(b) >= HeaderBytes {
			holds(t, b)
			holds(t, mended(b))
		}
	})
}

// mended is b with a header that passes, so that more is tried of what follows.
func mended(b []byte) []byte {
	var h Header
	ReadHeader(b, &h)
	h.Kind = 1 + h.Kind%(NumKinds-1)
	h.Flags = 0
	h.Config, h.Dseq = max(h.Config, 1), max(h.Dseq, 1)
	if h.Kind != KindStream {
		h.First = 0
	}
	return finish(bytes.Clone(b), h)
}

// holds judges b, all but its CRC, and what can be said of it then.
func holds(t *testing.T, b []byte) {
	var h Header
	ReadHeader(b, &h)
	before := bytes.Clone(b)
	d := Door{Cluster: h.Cluster, NoCheck: true}
	v := d.Check(b, &h)
	if !bytes.Equal(b, before) {
		t.Error("the datagram was written to")
	}
	if !rehead(b, &h, v) {
		t.Error("the header is not what was read from it")
	}
	if v != OK {
		readAnyway(t, b[HeaderBytes:], h.First)
	} else if h.Kind == KindStream {
		holdsStream(t, b[HeaderBytes:], &h)
	} else if body := newBody(h.Kind); body.Parse(b[HeaderBytes:]) != OK {
		t.Errorf("a checked %v is not parsed", h.Kind)
	} else if got := body.AppendTo(nil); !bytes.Equal(got, b[HeaderBytes:]) {
		t.Errorf("%v comes back as\n%x, was\n%x", h.Kind, got, b[HeaderBytes:])
	}
}

// rehead says whether h writes back what it was read from, if it was checked.
func rehead(b []byte, h *Header, v Verdict) bool {
	if v != OK {
		return true
	}
	again := make([]byte, HeaderBytes)
	PutHeader(again, h)
	copy(again[atCheck:], b[atCheck:atCheck+4])
	return bytes.Equal(again, b[:HeaderBytes])
}

// readAnyway reads what did not pass: it may stop anywhere, and must go on
// until then.
func readAnyway(t *testing.T, b []byte, first uint64) {
	it := NewFrames(b, first)
	var fr Frame
	end := 0
	for it.Next(&fr) {
		if fr.End <= end || fr.End-fr.Missing > len(b) || len(fr.Body) > len(b) {
			t.Fatalf("frame ends at %d behind %d of %d: %+v", fr.End, end, len(b), fr)
		}
		end = fr.End
		fr.Keys()
		fr.Payload()
	}
	h := Header{First: first}
	h.Summarize(b)
	sameWholes(t, b, first)
}

// sameWholes reads the whole messages in both ways.
func sameWholes(t *testing.T, b []byte, first uint64) {
	it, wholes := NewFrames(b, first), NewFrames(b, first)
	var fr Frame
	var m Whole
	for it.Next(&fr) {
		if fr.Type != FrameMessage || fr.Missing > 0 {
			continue
		}
		want := Whole{fr.Body, fr.Number, fr.Set, fr.Origin, fr.Guarantee, fr.Inline}
		if !wholes.NextWhole(&m) || !reflect.DeepEqual(m, want) {
			t.Fatalf("a whole message is %+v, want %+v", m, want)
		}
	}
	if wholes.NextWhole(&m) {
		t.Fatalf("one more: %+v", m)
	}
}

// holdsStream reads checked frames, and writes them again: both must give the
// summary, and the bytes.
func holdsStream(t *testing.T, b []byte, h *Header) {
	sameWholes(t, b, h.First)
	sum := Header{First: h.First}
	var again []byte
	var fr Frame
	skipped, end := false, 0
	it := NewFrames(b, h.First)
	for it.Next(&fr) {
		if fr.Missing != 0 || fr.End > len(b) {
			t.Fatalf("frame reaches beyond the end: %+v", fr)
		}
		again = reappend(again, &fr)
		end = fr.End
		skipped = skipped || end != len(again)
		sum.Contents |= 1 << fr.Type
		switch {
		case fr.Type == FrameMessage:
			if fr.Number != h.First+uint64(sum.Messages) {
				t.Errorf("message %d has number %d", sum.Messages, fr.Number)
			}
			sum.Messages++
			sum.Guarantees |= 1 << fr.Guarantee
			sum.OneSet = (sum.Messages == 1 || sum.OneSet && sum.Set == fr.Set) && !fr.Inline
			sum.Set = fr.Set
			if fr.Inline && fr.Keys().Len() != int(fr.Set) {
				t.Errorf("%d keys, want %d", fr.Keys().Len(), fr.Set)
			}
		case fr.Type == FrameFragment && fr.Last():
			sum.Guarantees |= 1 << fr.Guarantee
		case fr.Type == FrameFragment:
			sum.Unfinished = true
		}
	}
	if !it.Done() {
		t.Fatal("reading stops before the end")
	}
	if end < len(b) && FrameType(b[end]) >= NumFrameTypes {
		skipped = true // and no frame behind it tells
	}
	if h.Has(FramePadding) {
		sum.Contents |= 1 << FramePadding
	}
	got := Header{First: h.First}
	if v := got.Summarize(b); v != OK {
		t.Errorf("summarized as %v", v)
	}
	if !sum.OneSet {
		sum.Set = 0
	}
	if got != sum || got.Messages != h.Messages || got.Contents != h.Contents || got.Set != h.Set || got.OneSet != h.OneSet {
		t.Errorf("summary\n%+v, want\n%+v", got, sum)
	}
	if len(again) <= len(b) && !skipped && !bytes.Equal(append(again, make([]byte, len(b)-len(again))...), b) {
		t.Errorf("frames come back as\n%x, were\n%x", again, b)
	}
}

// reappend appends fr as it was before it was read.
func reappend(dst []byte, fr *Frame) []byte {
	switch fr.Type {
	case FrameMessage:
		put := AppendMessage
		if fr.Inline {
			put = AppendInline
		}
		return append(put(dst, fr.Guarantee, fr.Set, fr.Origin, len(fr.Body)), fr.Body...)
	case FrameFragment:
		f := Fragment{fr.Guarantee, fr.Inline, fr.Batch, fr.Codec, fr.Set, fr.Origin, fr.Number, fr.Offset, fr.Total}
		return append(AppendFragment(dst, &f, len(fr.Body)), fr.Body...)
	case FrameGroupSet:
		keys := make([]Group, fr.Keys().Len())
		for i := range keys {
			keys[i] = fr.Keys().At(i)
		}
		return AppendGroupSet(dst, fr.Set, uint16(fr.Total), uint16(fr.Offset), keys)
	case FrameStamp:
		return AppendStamp(dst, fr.Member, fr.Count, fr.First)
	case FrameHandoff:
		shares := make([]Share, fr.Count)
		for i := range shares {
			shares[i] = fr.Share(i)
		}
		return AppendHandoff(dst, fr.Member, fr.Position, shares)
	case FrameAccept:
		return AppendAccept(dst, fr.Member, fr.Dseq, fr.Position, fr.First)
	case FrameSystem:
		return append(AppendSystem(dst, fr.Flags&FlagMaySkip != 0, len(fr.Body)), fr.Body...)
	}
	return dst
}

// FuzzFrames puts frames together from what it is given, and holds that the
// door passes them and that they are read as written.
func FuzzFrames(f *testing.F) {
	f.Add(uint8(2), uint16(1), uint16(3), uint64(7), uint32(4), uint32(5), []byte("payload"), uint8(1))
	f.Add(uint8(7), uint16(1), uint16(0), uint64(1), uint32(0), uint32(9), make([]byte, 40), uint8(0))
	f.Fuzz(func(t *testing.T, bits uint8, set, origin uint16, number uint64, member, count uint32, text []byte, pad uint8) {
		text = text[:min(len(text), 1300)]
		number = max(1, number>>1)
		member, count = max(1, member), max(1, count)
		g := Guarantee(bits & 3)
		keys := uint16(min(int(set), len(text)/GroupBytes))
		frames := [][]byte{
			AppendAccept(nil, ProcessorID(member), number, number, number),
			AppendStamp(nil, ProcessorID(member), count, number),
			append(AppendMessage(nil, g, set, origin, len(text)), text...),
			append(AppendInline(nil, g, keys, origin, len(text)), text...),
			append(AppendFragment(nil, &Fragment{Guarantee: g, Set: set, Origin: origin, Number: number + 2,
				Offset: count >> 2, Total: count>>2 + uint32(len(text)) + 1}, len(text)+1), append(text, 'x')...),
			AppendHandoff(nil, ProcessorID(member), number, []Share{{ProcessorID(member), count}}),
			AppendPadding(nil, int(pad)),
		}
		b := stream(number, frames...)
		var d Door
		var h Header
		if v := d.Check(b, &h); v != OK || h.Messages != 2 {
			t.Fatalf("%v of %s", v, Dump(b))
		}
		holdsStream(t, b[HeaderBytes:], &h)
	})
}

// FuzzDecode holds that decoding keeps to its limit whatever the bytes claim,
// and that encoding loses nothing.
func FuzzDecode(f *testing.F) {
	r := chance(f)
	var e Encoder
	for _, c := range codecs {
		for _, src := range [][]byte{{1}, someText(r, 500), someNoise(r, 300), make([]byte, 70_000)} {
			coded := e.Encode(nil, src, c)
			f.Add(uint8(c), uint32(len(src)), coded)
			for _, claim := range []uint32{0, 1, uint32(len(src)) - 1, MaxBatchBytes + 1, 1<<32 - 1} {
				lie := bytes.Clone(coded)
				le.PutUint32(lie, claim)
				f.Add(uint8(c), uint32(len(src)), lie)
			}
		}
	}
	f.Add(uint8(CodecS2), uint32(64), []byte{9, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0x0f, 0})
	var d Decoder
	f.Fuzz(func(t *testing.T, codec uint8, limit uint32, b []byte) {
		c := Codec(codec)
		const canary = 64
		limit %= 2 * MaxBatchBytes
		buf := bytes.Repeat([]byte{0xee}, int(limit)+canary)
		n, err := d.Decode(buf[:limit], b, c)
		if !bytes.Equal(buf[limit:], bytes.Repeat([]byte{0xee}, canary)) {
			t.Error("wrote beyond the limit")
		}
		claimed, ok := DecodedLen(b)
		if err == nil && (!ok || n != claimed || n > int(limit)) || err != nil && n != 0 {
			t.Errorf("%d bytes of %d claimed, limit %d: %v", n, claimed, limit, err)
		}
		if c == CodecNone || c >= NumCodecs {
			if err != ErrCodec {
				t.Errorf("codec %d: %v", c, err)
			}
			return
		}
		coded := e.Encode(nil, b, c)
		plain := make([]byte, len(b))
		if n, err := d.Decode(plain, coded, c); err != nil || !bytes.Equal(plain[:n], b) || len(coded) > EncodedMax(len(b)) {
			t.Errorf("%d bytes come back as %d: %v", len(b), n, err)
		}
	})
}

// FuzzBatch holds that a batch that passed is count messages of a guarantee.
func FuzzBatch(f *testing.F) {
	f.Add(append(message(Agreed, 1, "a"), inline(Agreed, 1, "b")...), uint8(Agreed), uint16(2))
	f.Add(message(FIFO, 3, ""), uint8(FIFO), uint16(1))
	f.Fuzz(func(t *testing.T, b []byte, guarantee uint8, count uint16) {
		g := Guarantee(guarantee % NumGuarantees)
		if CheckBatch(b, g, count) != OK {
			return
		}
		it := NewFrames(b, 1)
		var fr Frame
		n := uint16(0)
		for it.Next(&fr) {
			if fr.Type != FrameMessage || fr.Guarantee != g || fr.Missing != 0 {
				t.Errorf("frame %d is %+v", n, fr)
			}
			n++
		}
		if n != count || !it.Done() {
			t.Errorf("%d messages of %d, done %v", n, count, it.Done())
		}
	})
}
