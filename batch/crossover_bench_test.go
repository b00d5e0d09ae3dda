package batch_test

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"stampede/batch"
	"stampede/sock"
	"stampede/wire"
)

// BenchmarkCrossover holds messages that are copied against messages that are
// lent, all the way: packing, headers with CRC, iovecs, the kernel, and the
// receiver's kernel, since a lent message ends its train with a short datagram
// and so costs both sides trains. Both take turns; the medians of the rounds are
// reported as ns for a kilobyte. A message goes on being referred to for some
// trains, as it does until it is stable.
//
//	go test ./batch -run - -bench Crossover -benchtime 200x
func BenchmarkCrossover(b *testing.B) {
	b.Run("trains", func(b *testing.B) { crossover(b, sock.Auto) })
	b.Run("lone", func(b *testing.B) { crossover(b, sock.Off) })
}

func crossover(b *testing.B, gso sock.Switch) {
	for _, size := range []int{800, 1400, 2900, 8000, 16_000, 32_000, 64_000, 128_000, 256_000, 512_000, 1 << 20, 2 << 20} {
		b.Run(fmt.Sprintf("%dB", size), func(b *testing.B) {
			c := newCrossing(b, size, gso)
			var copied, lent []float64
			for i := 0; b.Loop(); i++ {
				for turn := range 2 { // who goes first alternates too
					if (i+turn)%2 == 0 {
						copied = append(copied, c.round(b, false))
					} else {
						lent = append(lent, c.round(b, true))
					}
				}
			}
			slices.Sort(copied)
			slices.Sort(lent)
			b.ReportMetric(copied[len(copied)/2], "copied-ns/kB")
			b.ReportMetric(lent[len(lent)/2], "lent-ns/kB")
			b.ReportMetric(lent[len(lent)/2]/copied[len(copied)/2], "lent/copied")
		})
	}
}

// crossing is a sender and a receiver on the loopback interface.
type crossing struct {
	size     int
	from, to *sock.Socket
	packer   *batch.Packer
	memory   []byte // of the application: messages lie one behind the other
	at       int
	held     []batch.Datagram // sent, not yet stable
	burst    batch.Burst
	arrivals []batch.Arrival
}

const (
	crossDatagram = 1472
	crossBytes    = 256 << 10 // of a round, or a message
	heldDatagrams = 1000      // a window
)

func newCrossing(b *testing.B, size int, gso sock.Switch) *crossing {
	open := func(peers ...netip.AddrPort) *sock.Socket {
		s, err := sock.Open(sock.Config{Bind: netip.MustParseAddrPort("127.0.0.1:0"), Peers: peers, Datagram: crossDatagram, GSO: gso})
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { s.Close() })
		return s
	}
	c := &crossing{size: size, to: open(), memory: make([]byte, max(4<<20, 2*size)), arrivals: make([]batch.Arrival, 64)}
	c.from = open(c.to.Local())
	for i := range c.memory {
		c.memory[i] = byte(i * 31)
	}
	c.packer = batch.NewPacker(batch.PackerConfig{Datagram: crossDatagram}, batch.NewArena(make([]byte, 512*batch.ChunkBytes)))
	return c
}

// round sends a few hundred kilobytes and returns the ns that one took.
func (c *crossing) round(b *testing.B, lend bool) float64 {
	for len(c.held) > heldDatagrams {
		c.packer.Release(&c.held[0])
		c.held = c.held[1:]
	}
	m := &batch.Message{Guarantee: wire.Agreed, Set: 1}
	began, n := time.Now(), 0
	for i := 0; n < crossBytes; i, n = i+1, n+c.size {
		if c.at += c.size; c.at+c.size > len(c.memory) {
			c.at = 0
		}
		iov := [][]byte{c.memory[c.at : c.at+c.size]}
		var err error
		if lend {
			_, err = c.packer.LendAnyway(m, iov, new(batch.Loan))
		} else {
			_, err = c.packer.Append(m, iov)
		}
		if err != nil {
			b.Fatal(err)
		}
	}
	c.send(b)
	return float64(time.Since(began)) / (float64(n) / 1000)
}

// send takes all that is packed to the receiver.
func (c *crossing) send(b *testing.B) {
	c.burst.Reset()
	c.burst.MaxSegments = c.from.Facts().MaxSegments
	sent := 0
	for c.packer.Backlog() > 0 {
		d := c.packer.Pop()
		h := wire.Header{Kind: wire.KindStream, Length: uint16(d.Len()), Sender: 1, Dseq: 1}
		wire.PutHeader(d.Bytes, &h)
		wire.PutCheckParts(d.Bytes, d.Tail)
		c.burst.Add(netip.AddrPort{}, &d)
		c.held = append(c.held, d)
		sent += d.Len()
	}
	if err := c.from.Send(&c.burst); err != nil {
		b.Fatal(err)
	}
	for deadline := time.Now().Add(time.Second); sent > 0; {
		n, err := c.to.Receive(c.arrivals)
		if err != nil {
			b.Fatal(err)
		}
		for i := range c.arrivals[:n] {
			sent -= len(c.arrivals[i].Bytes)
		}
		if n == 0 && time.Now().After(deadline) {
			b.Fatalf("%d bytes were lost", sent)
		}
	}
}
