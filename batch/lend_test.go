package batch

import (
	"bytes"
	"errors"
	"runtime"
	"testing"
	"weak"

	"stampede/wire"
)

func mustLend(t *testing.T, p *Packer, loan *Loan, iov ...[]byte) {
	t.Helper()
	if _, err := p.Lend(&Message{Guarantee: wire.Safe}, iov, loan); err != nil {
		t.Fatal(err)
	}
}

func TestLentBytesAreNotCopied(t *testing.T) {
	p, _ := packerWith(PackerConfig{Datagram: 1472}, 4)
	body := text(5000, 1)
	loan := &Loan{Handle: 9}
	mustLend(t, p, loan, body)
	if loan.Number != 1 || loan.Handle != 9 || loan.Outstanding() != 4 {
		t.Fatalf("loan %+v, want 4 datagrams of message 1", loan)
	}
	r := newReceiver(t)
	at := 0
	for p.Peek() != nil {
		d := p.Pop()
		if len(d.Tail) != 1 || &d.Tail[0][0] != &body[at] {
			t.Fatalf("the body at %d is not referred to", at)
		}
		at += len(d.Tail[0])
		r.take(&d)
	}
	if len(r.got) != 1 || !bytes.Equal(r.got[0].payload, body) || r.got[0].guarantee != wire.Safe {
		t.Error("the message did not arrive as it was")
	}
}

func TestLoanEndsWithItsLastDatagram(t *testing.T) {
	p, a := packerWith(PackerConfig{Datagram: 1472}, 4)
	loan := new(Loan)
	mustLend(t, p, loan, text(5000, 1))
	var out []Datagram
	for p.Peek() != nil {
		out = append(out, p.Pop())
	}
	for i := len(out) - 1; i >= 0; i-- { // any order
		got := p.Release(&out[i])
		if last := i == 0; last != (got == loan) || !last && got != nil {
			t.Errorf("releasing datagram %d returned %v", i, got)
		}
		if out[i].Tail != nil || out[i].Chunk != nil {
			t.Error("a released datagram still refers to memory")
		}
	}
	p.Close()
	if a.Free() != a.Len() {
		t.Error("memory did not come back")
	}
}

func TestLendingClosesTheOpenDatagramFirst(t *testing.T) {
	const h, m, f = wire.HeaderBytes, wire.MessageOverhead, wire.FragmentOverhead
	p, _ := packerWith(PackerConfig{Datagram: 1472}, 4)
	mustAppend(t, p, 100)
	mustLend(t, p, new(Loan), text(1000, 1))
	mustAppend(t, p, 50)
	mustLend(t, p, new(Loan), text(1500, 1))
	mustAppend(t, p, 1310) // not worth a piece behind it: padded to fit into the train
	mustLend(t, p, new(Loan), text(2*(1400-f), 1))
	r := newReceiver(t)
	want := []int{h + m + 100, h + m + 1000, h + m + 50, 1472, h + f + 1500 - (1400 - f), 1472, 1472, 1472}
	if got := drain(r, p); !sameInts(got, want) {
		t.Errorf("datagrams of %v bytes, want %v", got, want)
	}
	for i, g := range r.got {
		if g.number != uint64(i+1) {
			t.Errorf("message %d has number %d", i+1, g.number)
		}
	}
}

func TestWhatGainsNothingIsCopied(t *testing.T) {
	many := make([][]byte, 100)
	for i := range many {
		many[i] = text(100, byte(i))
	}
	for _, c := range []struct {
		name   string
		config PackerConfig
		iov    [][]byte
	}{
		{"small", PackerConfig{Datagram: 1472}, [][]byte{text(700, 1)}},
		{"many parts", PackerConfig{Datagram: 1472}, many},
		{"sealed", PackerConfig{Datagram: 1472, Sealed: true}, [][]byte{text(5000, 1)}},
		{"compressed", PackerConfig{Datagram: 1472, Compress: wire.CodecS2}, [][]byte{text(5000, 1)}},
	} {
		p, _ := packerWith(c.config, 8)
		loan := &Loan{Number: 77}
		mustLend(t, p, loan, c.iov...)
		if loan.Outstanding() != 0 || loan.Number != 1 {
			t.Errorf("%s: loan %+v, want nothing lent of message 1", c.name, loan)
		}
		for p.Peek() != nil {
			d := p.Pop()
			if d.Tail != nil || p.Release(&d) != nil {
				t.Errorf("%s: a datagram is lent", c.name)
			}
		}
	}
}

// A message that one datagram holds is still cut if it is in too many parts.
func TestLentWholeMessageInManyParts(t *testing.T) {
	body := text(40_000, 1)
	for _, n := range []int{maxTail, maxTail + 1, 3 * maxTail} {
		for _, empty := range []bool{false, true} {
			var iov [][]byte
			for i := range n {
				from, to := i*len(body)/n, (i+1)*len(body)/n
				if empty && i < n-1 {
					from, to = 0, 0
				} else if empty {
					from = 0
				}
				iov = append(iov, body[from:to])
			}
			p, _ := packerWith(PackerConfig{Datagram: MaxDatagram}, 2)
			mustLend(t, p, new(Loan), iov...)
			r := newReceiver(t)
			if got := drain(r, p); len(got) != (n+maxTail-1)/maxTail && !empty {
				t.Errorf("%d parts in %d datagrams", n, len(got))
			}
			if len(r.got) != 1 || !bytes.Equal(r.got[0].payload, body) {
				t.Errorf("%d parts: the message did not arrive as it was", n)
			}
		}
	}
}

// Parts may be as uneven as they like: the tails stay short.
func TestLentPartsOfAllSizes(t *testing.T) {
	p, _ := packerWith(PackerConfig{Datagram: 1472}, 4)
	var iov [][]byte
	var want []byte
	for i := range 300 {
		iov = append(iov, text(i%3, byte(i)))
	}
	iov = append(iov, text(200_000, 5))
	for i := range 50 {
		iov = append(iov, text(1, byte(i)))
	}
	for _, part := range iov {
		want = append(want, part...)
	}
	mustLend(t, p, new(Loan), iov...)
	r := newReceiver(t)
	for p.Peek() != nil {
		d := p.Pop()
		if len(d.Tail) > maxTail {
			t.Errorf("a tail of %d parts", len(d.Tail))
		}
		r.take(&d)
	}
	if len(r.got) != 1 || !bytes.Equal(r.got[0].payload, want) {
		t.Error("the message did not arrive as it was")
	}
}

func TestLentKeysTravelInTheHeads(t *testing.T) {
	p, _ := packerWith(PackerConfig{Datagram: 1472}, 4)
	keys := make([]wire.Group, 100) // more than two datagrams of them
	for i := range keys {
		keys[i][0] = byte(i)
	}
	body := text(3000, 1)
	for _, n := range []int{1, 100} {
		r := newReceiver(t)
		first := p.Next()
		if _, err := p.Lend(&Message{Keys: keys[:n]}, [][]byte{body[:1200]}, new(Loan)); err != nil {
			t.Fatal(err)
		}
		if _, err := p.Lend(&Message{Keys: keys[:n]}, [][]byte{body}, new(Loan)); err != nil {
			t.Fatal(err)
		}
		r.through = first - 1
		drain(r, p)
		if len(r.got) != 2 || len(r.got[0].keys) != n*wire.GroupBytes || !bytes.Equal(r.got[1].payload, body) ||
			!bytes.Equal(r.got[0].payload, body[:1200]) {
			t.Errorf("%d keys: messages did not arrive as they were", n)
		}
	}
}

func TestLendTakesAllOrNothing(t *testing.T) {
	p, a := packerWith(PackerConfig{Datagram: 256}, 1)
	loan := new(Loan)
	body := text(1<<20, 1)
	mustAppend(t, p, 10)
	queued, backlog := p.Queued(), p.Backlog()
	if _, err := p.Lend(&Message{}, [][]byte{body}, loan); !errors.Is(err, ErrFull) {
		t.Fatalf("more heads than the arena holds: %v", err)
	}
	if loan.Outstanding() != 0 || p.Queued() != queued || p.Backlog() != backlog || a.Free() != 0 || p.Next() != 2 {
		t.Error("refused, yet something changed")
	}
	r := newReceiver(t)
	drain(r, p)
	mustLend(t, p, loan, body[:50_000])
	drain(r, p)
	if len(r.got) != 2 || !bytes.Equal(r.got[1].payload, body[:50_000]) || loan.Outstanding() != 0 {
		t.Error("the message did not arrive as it was")
	}
}

func TestLendCountsThePaddingBeforeIt(t *testing.T) {
	p, _ := packerWith(PackerConfig{Datagram: MaxDatagram}, 1)
	mustAppend(t, p, 62_000) // will be padded: then the chunk is full
	if _, err := p.Lend(&Message{}, [][]byte{text(40_000, 1)}, new(Loan)); err != ErrFull {
		t.Errorf("no room for a head: %v", err)
	}
	r := newReceiver(t)
	drain(r, p)
	mustLend(t, p, new(Loan), text(40_000, 1))
}

func TestLendCountsDatagramsThatEndEarly(t *testing.T) {
	p, _ := packerWith(PackerConfig{Datagram: MaxDatagram}, 1)
	mustAppend(t, p, 49_000)
	first := p.Pop() // the chunk has room for 170 heads behind it
	var iov [][]byte
	for range 3000 {
		iov = append(iov, []byte{1})
	}
	iov = append(iov, make([]byte, 3001*minPart))
	if _, err := p.Lend(&Message{}, iov, new(Loan)); err != ErrFull {
		t.Errorf("200 datagrams of %d parts each: %v", maxTail, err)
	}
	p.Release(&first)
}

func TestReleasedPackerForgetsLentMemory(t *testing.T) {
	p, _ := packerWith(PackerConfig{Datagram: 1472}, 1)
	lent := func() weak.Pointer[byte] {
		body := text(5000, 1)
		mustLend(t, p, new(Loan), body)
		drain(newReceiver(t), p)
		return weak.Make(&body[0])
	}()
	runtime.GC()
	if lent.Value() != nil {
		t.Error("lent memory is still referred to")
	}
	runtime.KeepAlive(p)
}

func TestLendingDoesNotAllocate(t *testing.T) {
	p, _ := packerWith(PackerConfig{Datagram: 1472}, 4)
	iov := [][]byte{text(5000, 1), text(5000, 2)}
	loans := make([]Loan, 20)
	m := &Message{}
	round := func() {
		for i := range loans {
			if _, err := p.Lend(m, iov, &loans[i]); err != nil {
				t.Fatal(err)
			}
		}
		for p.Peek() != nil {
			d := p.Pop()
			p.Release(&d)
		}
	}
	if n := testing.AllocsPerRun(20, round); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
