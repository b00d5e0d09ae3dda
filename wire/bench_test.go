package wire

import (
	"hash/crc32"
	"testing"
)

// fullDatagram is a Stream datagram of 1472 bytes: 19 agreed messages of 64
// bytes and padding.
func fullDatagram() []byte {
	b := make([]byte, HeaderBytes, 1472)
	for range 19 {
		b = AppendMessage(b, Agreed, 2, 1, 64)
		b = append(b, make([]byte, 64)...)
	}
	b = AppendPadding(b, 1472-len(b))
	return finish(b, Header{Kind: KindStream, Config: 5, Dseq: 3, First: 40})
}

func BenchmarkCheck(bench *testing.B) {
	b := fullDatagram()
	for _, c := range []struct {
		name string
		door Door
	}{{"crc", Door{}}, {"plain", Door{NoCheck: true}}} {
		bench.Run(c.name, func(bench *testing.B) {
			bench.SetBytes(int64(len(b)))
			var h Header
			for bench.Loop() {
				if v := c.door.Check(b, &h); v != OK {
					bench.Fatal(v)
				}
			}
		})
	}
	bench.Run("crc_alone", func(bench *testing.B) {
		bench.SetBytes(int64(len(b)))
		for bench.Loop() {
			crc32.Update(0, castagnoli, b)
		}
	})
}

func BenchmarkCheckAck(bench *testing.B) {
	a := Ack{Sent: 1, Echoes: []Echo{{1, 2, 3}, {2, 3, 4}}, Shares: []Share{{1, 2}, {2, 3}, {3, 4}}}
	b := finish(a.AppendTo(make([]byte, HeaderBytes)), Header{Kind: KindAck})
	var d Door
	var h Header
	for bench.Loop() {
		if v := d.Check(b, &h); v != OK {
			bench.Fatal(v)
		}
	}
}

func BenchmarkFrames(bench *testing.B) {
	benchReading(bench, func(f *Frames) (bytes int) {
		var fr Frame
		for f.Next(&fr) {
			bytes += len(fr.Body)
		}
		return bytes
	})
}

func BenchmarkWholes(bench *testing.B) {
	benchReading(bench, func(f *Frames) (bytes int) {
		var m Whole
		for f.NextWhole(&m) {
			bytes += len(m.Body)
		}
		return bytes
	})
}

// benchReading reads the frames of a full datagram.
func benchReading(bench *testing.B, read func(*Frames) int) {
	b := fullDatagram()
	var h Header
	var d Door
	d.Check(b, &h)
	total := 0
	for bench.Loop() {
		f := NewFrames(b[HeaderBytes:], h.First)
		total += read(&f)
	}
	bench.ReportMetric(float64(bench.Elapsed().Nanoseconds())/float64(bench.N)/19, "ns/frame")
	if total == 0 {
		bench.Fatal("no frames")
	}
}

func BenchmarkPut(bench *testing.B) {
	b := fullDatagram()
	h := Header{Kind: KindStream, Sender: 1, Length: uint16(len(b)), Config: 5, Dseq: 3, First: 40}
	bench.SetBytes(int64(len(b)))
	for bench.Loop() {
		PutHeader(b, &h)
		PutCheck(b)
	}
}

func BenchmarkSummarize(bench *testing.B) {
	b := fullDatagram()
	h := Header{First: 40}
	for bench.Loop() {
		if v := h.Summarize(b[HeaderBytes:]); v != OK {
			bench.Fatal(v)
		}
	}
}
