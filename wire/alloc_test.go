package wire

import "testing"

// noAllocs holds that f, once it has run, allocates nothing.
func noAllocs(t *testing.T, name string, f func()) {
	t.Helper()
	f()
	if n := testing.AllocsPerRun(100, f); n != 0 {
		t.Errorf("%s: %v allocations", name, n)
	}
}

func TestDoorAllocatesNothing(t *testing.T) {
	r := chance(t)
	datagrams := [][]byte{everyFrame(), fullDatagram()}
	for k := KindAck; k < NumKinds; k++ {
		for range 3 {
			b := someBody(r, k).AppendTo(make([]byte, HeaderBytes))
			datagrams = append(datagrams, finish(b, Header{Kind: k}))
		}
	}
	var d Door
	var h Header
	for _, b := range datagrams {
		noAllocs(t, Dump(b), func() {
			if v := d.Check(b, &h); v != OK {
				t.Fatal(v)
			}
		})
		b[len(b)-1]++ // and now damaged
		noAllocs(t, Dump(b), func() {
			if v := d.Check(b, &h); v != BadCheck {
				t.Fatal(v)
			}
		})
	}
}

func TestFramesAllocateNothing(t *testing.T) {
	b := everyFrame()
	count := 0
	noAllocs(t, "iteration", func() {
		f := NewFrames(b[HeaderBytes:], 44)
		var fr Frame
		for f.Next(&fr) {
			count += len(fr.Keys()) + len(fr.Body)
		}
	})
	h := Header{First: 44}
	noAllocs(t, "summary", func() {
		if v := h.Summarize(b[HeaderBytes:]); v != OK {
			t.Fatal(v)
		}
	})
	if count == 0 {
		t.Error("nothing was read")
	}
}

func TestWritingAllocatesNothing(t *testing.T) {
	buf := make([]byte, 0, 1<<16)
	h := Header{Kind: KindStream, Sender: 1, Length: 1472}
	tail := [][]byte{make([]byte, 100), make([]byte, 200)}
	keys, shares, f := groups(3), []Share{{1, 2}}, Fragment{Number: 1, Total: 9}
	noAllocs(t, "frames", func() {
		b := AppendAccept(buf, 1, 2, 3, 4)
		b = AppendStamp(b, 1, 2, 3)
		b = AppendGroupSet(b, 1, 3, 0, keys)
		b = AppendMessage(b, Agreed, 1, 2, 0)
		b = AppendInline(b, Agreed, 0, 2, 0)
		b = AppendFragment(b, &f, 9)
		b = AppendSystem(b, true, 0)
		b = AppendHandoff(b, 1, 2, shares)
		AppendPadding(b, 1000)
	})
	noAllocs(t, "header", func() {
		b := buf[:1472]
		PutHeader(b, &h)
		PatchLate(b, 1, 2, 3, 4)
		PutCheck(b)
		PutCheckParts(b, tail)
	})
	r := chance(t)
	for k := KindAck; k < NumKinds; k++ {
		b := someBody(r, k)
		noAllocs(t, k.String(), func() { b.AppendTo(buf) })
	}
}

func TestCodecAllocatesNothing(t *testing.T) {
	if raceBuild {
		t.Skip("race build")
	}
	r := chance(t)
	for _, c := range codecs {
		var e Encoder
		var d Decoder
		for _, n := range []int{1, 1000, MaxBatchBytes, 400_000} {
			for _, src := range [][]byte{someText(r, n), someNoise(r, n)} {
				coded := make([]byte, 0, EncodedMax(n))
				plain := make([]byte, n)
				noAllocs(t, c.String()+" encode", func() { coded = e.Encode(coded[:0], src, c) })
				noAllocs(t, c.String()+" decode", func() {
					if _, err := d.Decode(plain, coded, c); err != nil {
						t.Fatal(err)
					}
				})
			}
		}
	}
	batch := append(message(Agreed, 1, "a"), message(Agreed, 1, "b")...)
	noAllocs(t, "batch", func() {
		if v := CheckBatch(batch, Agreed, 2); v != OK {
			t.Fatal(v)
		}
	})
}
