package wire

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"
)

var codecs = []Codec{CodecS2, CodecZstd}

// someText is n bytes with a wish to be compressed.
func someText(r *rand.Rand, n int) []byte {
	var b []byte
	for len(b) < n {
		b = fmt.Appendf(b, "order %d of %d at %d; ", r.IntN(100), r.IntN(50), r.IntN(1000))
	}
	return b[:n]
}

func someNoise(r *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

func TestCodecRoundTrip(t *testing.T) {
	r := chance(t)
	var e Encoder
	var d Decoder
	for _, c := range codecs {
		for _, n := range []int{1, 2, 100, 255, 256, 257, 1500, 65535, 65536, 65537, 65536 + 256, 300_000, 1_500_000} {
			for _, src := range [][]byte{someText(r, n), someNoise(r, n), make([]byte, n)} {
				coded := e.Encode([]byte("in front"), src, c)
				if !bytes.HasPrefix(coded, []byte("in front")) {
					t.Fatalf("%v of %d: what stood in front is gone", c, n)
				}
				coded = coded[len("in front"):]
				if len(coded) > EncodedMax(n) {
					t.Errorf("%v of %d: %d bytes, more than %d", c, n, len(coded), EncodedMax(n))
				}
				if claimed, ok := DecodedLen(coded); !ok || claimed != n {
					t.Errorf("%v of %d: claims %d, %v", c, n, claimed, ok)
				}
				dst := make([]byte, n+3)
				got, err := d.Decode(dst, coded, c)
				if err != nil || !bytes.Equal(dst[:got], src) {
					t.Fatalf("%v of %d: decodes to %d bytes, %v", c, n, got, err)
				}
				if got, err := d.Decode(dst[:n-1], coded, c); err != ErrDecodedBytes || got != 0 {
					t.Errorf("%v of %d into less: %d, %v", c, n, got, err)
				}
			}
		}
	}
}

func TestCodecShrinksText(t *testing.T) {
	src := someText(chance(t), 60_000)
	var e Encoder
	for _, c := range codecs {
		if n := len(e.Encode(nil, src, c)); n > len(src)/2 {
			t.Errorf("%v makes %d bytes of %d", c, n, len(src))
		}
	}
}

// Refused before a byte is decoded, whatever the claim.
func TestDecodeRefuses(t *testing.T) {
	var e Encoder
	var d Decoder
	text := bytes.Repeat([]byte("abcdefgh"), 100)
	claim := func(b []byte, n uint32) []byte { b = bytes.Clone(b); le.PutUint32(b, n); return b }
	set := func(b []byte, at int, to byte) []byte { b = bytes.Clone(b); b[at] = to; return b }
	s2, zstd := e.Encode(nil, text, CodecS2), e.Encode(nil, text, CodecZstd)
	windowed := set(zstd, 8, zstd[8]&^(1<<5))
	for _, c := range []struct {
		name  string
		codec Codec
		src   []byte
		want  error
	}{
		{"no codec", CodecNone, s2, ErrCodec},
		{"codec 3", 3, s2, ErrCodec},
		{"nothing", CodecS2, nil, ErrDamaged},
		{"a length alone", CodecS2, s2[:4], ErrDamaged},
		{"more than fits", CodecS2, claim(s2, 801), ErrDecodedBytes},
		{"4 GiB", CodecZstd, claim(zstd, 1<<32-1), ErrDecodedBytes},
		{"less than it is, s2", CodecS2, claim(s2, 799), ErrDecodedBytes},
		{"less than it is, zstd", CodecZstd, claim(zstd, 799), ErrDecodedBytes},
		{"s2 that claims 4 GiB within", CodecS2, []byte{9, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0x0f, 0}, ErrDecodedBytes},
		{"cut s2", CodecS2, s2[:len(s2)-1], ErrDamaged},
		{"cut zstd", CodecZstd, zstd[:len(zstd)-1], ErrDamaged},
		{"cut zstd header", CodecZstd, zstd[:9], ErrDecodedBytes},
		{"another magic", CodecZstd, set(zstd, 4, 0), ErrDecodedBytes},
		{"a frame with a window", CodecZstd, windowed, ErrDecodedBytes},
		{"a frame with a checksum", CodecZstd, set(zstd, 8, zstd[8]|4), ErrDecodedBytes},
		{"a frame with a dictionary", CodecZstd, set(zstd, 8, zstd[8]|1), ErrDecodedBytes},
		{"a second frame", CodecZstd, append(bytes.Clone(zstd), zstd[4:]...), ErrDamaged},
	} {
		dst := bytes.Repeat([]byte{0xee}, 900)
		n, err := d.Decode(dst[:800], c.src, c.codec)
		if n != 0 || !errors.Is(err, c.want) {
			t.Errorf("%s: %d, %v, want %v", c.name, n, err, c.want)
		}
		if !bytes.Equal(dst[800:], bytes.Repeat([]byte{0xee}, 100)) {
			t.Errorf("%s: wrote beyond the limit", c.name)
		}
	}
	if got := e.Encode([]byte("x"), text, CodecNone); string(got) != "x" {
		t.Errorf("encoded by no codec: %q", got)
	}
}

// What encoder and decoder keep is bounded, whatever they were given.
func TestCodecMemory(t *testing.T) {
	r := chance(t)
	inputs := [][]byte{someText(r, 1_500_000), someNoise(r, 1_500_000), make([]byte, 1_500_000), someText(r, 99)}
	var e Encoder
	var d Decoder
	coded := make([]byte, 0, EncodedMax(1_500_000))
	plain := make([]byte, 1_500_000)
	encoder := allocated(func() {
		for _, src := range inputs {
			e.Encode(coded, src, CodecZstd)
		}
	})
	if encoder > 3<<20 {
		t.Errorf("the encoder took %d bytes", encoder)
	}
	decoder := uint64(0)
	for _, src := range inputs {
		coded = e.Encode(coded[:0], src, CodecZstd)
		decoder += allocated(func() {
			if _, err := d.Decode(plain, coded, CodecZstd); err != nil {
				t.Fatal(err)
			}
		})
	}
	if decoder > 4<<20 {
		t.Errorf("the decoder took %d bytes", decoder)
	}
	t.Logf("encoder %d, decoder %d bytes", encoder, decoder)
}

// allocated is how many bytes f takes from the heap.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

func TestCheckBatch(t *testing.T) {
	two := append(message(Agreed, 1, "a"), inline(Agreed, 1, "b")...)
	for _, c := range []struct {
		name  string
		b     []byte
		g     Guarantee
		count uint16
		want  Verdict
	}{
		{"two messages", two, Agreed, 2, OK},
		{"another count", two, Agreed, 3, BadMessage},
		{"another guarantee", two, Safe, 2, BadMessage},
		{"two guarantees", append(message(Safe, 1, "a"), two...), Agreed, 3, BadMessage},
		{"nothing", nil, Agreed, 0, BadMessage},
		{"a cut message", two[:len(two)-1], Agreed, 2, BadFrame},
		{"a stamp within", append(AppendStamp(nil, 1, 1, 1), two...), Agreed, 2, BadMessage},
		{"padding", append(bytes.Clone(two), 0), Agreed, 2, BadMessage},
		{"too much", make([]byte, MaxBatchBytes+1), Agreed, 2, BadLength},
		{"as much as there may be", bytes.Repeat(message(FIFO, 1, ""), MaxBatchBytes/8), FIFO, MaxBatchBytes / 8, OK},
	} {
		if v := CheckBatch(c.b, c.g, c.count); v != c.want {
			t.Errorf("%s: %v, want %v", c.name, v, c.want)
		}
	}
}

func BenchmarkCodec(bench *testing.B) {
	src := someText(rand.New(rand.NewPCG(1, 1)), 60_000)
	for _, c := range codecs {
		var e Encoder
		var d Decoder
		coded := e.Encode(nil, src, c)
		bench.Run("encode_"+c.String(), func(bench *testing.B) {
			dst := make([]byte, 0, EncodedMax(len(src)))
			bench.SetBytes(int64(len(src)))
			for bench.Loop() {
				e.Encode(dst, src, c)
			}
			bench.ReportMetric(float64(len(src))/float64(len(coded)), "ratio")
		})
		bench.Run("decode_"+c.String(), func(bench *testing.B) {
			dst := make([]byte, len(src))
			bench.SetBytes(int64(len(src)))
			for bench.Loop() {
				if _, err := d.Decode(dst, coded, c); err != nil {
					bench.Fatal(err)
				}
			}
		})
	}
}
