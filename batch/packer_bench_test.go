package batch

import (
	"fmt"
	"testing"

	"stampede/wire"
)

// A message's way through the packer: Append, and its share of Peek, Pop and
// Release as the loop does them when a train has come together.
func BenchmarkAppend(b *testing.B) {
	for _, size := range []int{64, 1350, 8000} {
		for _, parts := range []int{1, 2} {
			b.Run(fmt.Sprintf("%dB/%d", size, parts), func(b *testing.B) { benchmark(b, size, parts, false) })
		}
	}
}

func BenchmarkLend(b *testing.B) {
	for _, size := range []int{1350, 8000, 60000} {
		b.Run(fmt.Sprintf("%dB", size), func(b *testing.B) { benchmark(b, size, 1, true) })
	}
}

func benchmark(b *testing.B, size, parts int, lend bool) {
	p, _ := packerWith(PackerConfig{Datagram: 1472}, 16)
	body := text(size, 1)
	iov := [][]byte{body}
	if parts == 2 {
		iov = [][]byte{body[:size/3], body[size/3:]}
	}
	m := &Message{Guarantee: wire.Agreed, Set: 1}
	loan := new(Loan)
	b.SetBytes(int64(size))
	b.ReportAllocs()
	for b.Loop() {
		var err error
		if lend {
			_, err = p.Lend(m, iov, loan)
		} else {
			_, err = p.Append(m, iov)
		}
		if err != nil {
			b.Fatal(err)
		}
		if p.Backlog() >= MaxSegments {
			for p.Backlog() > 1 {
				d := p.Pop()
				p.Release(&d)
			}
		}
	}
}

func BenchmarkCompress(b *testing.B) {
	for _, c := range []wire.Codec{wire.CodecS2, wire.CodecZstd} {
		b.Run(c.String(), func(b *testing.B) {
			p, _ := packerWith(PackerConfig{Datagram: 1472, Compress: c}, 16)
			iov := [][]byte{text(256, 1)}
			m := &Message{}
			b.SetBytes(256)
			for b.Loop() {
				if _, err := p.Append(m, iov); err != nil {
					b.Fatal(err)
				}
				for p.Backlog() > MaxSegments {
					d := p.Pop()
					p.Release(&d)
				}
			}
		})
	}
}
