package batch

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"stampede/wire"
)

// queueWorld drives one queue through configurations by dice. Its receiver
// begins anew with each configuration, and must get every accepted message
// exactly once, whole, in the order of numbers, with the groups it was sent to.
type queueWorld struct {
	t     testing.TB
	r     *rand.Rand
	c     PackerConfig
	q     *Queue
	arena *Arena

	want []sentMessage
	got  int // of want
	in   *receiver
	seen int // of in.got
	out  []popped
	lent map[*Loan][]byte
	sets [][]wire.Group

	renewals, lends, copied, moved int
}

type sentMessage struct {
	guarantee wire.Guarantee
	origin    uint16
	keys      []byte
	payload   []byte
}

var datagramSizes = []int{MinDatagram, 300, 548, 1472, 1451, 8972, 22_000, 32_769, 40_000, MaxDatagram}

func newQueueWorld(t testing.TB, r *rand.Rand, codec wire.Codec) *queueWorld {
	w := &queueWorld{t: t, r: r, lent: map[*Loan][]byte{}}
	w.c = PackerConfig{
		Datagram: w.datagram(), Compress: codec,
		MaxMessage: 1 + r.IntN(1<<(6+r.IntN(14))), QueueBytes: 1 + r.IntN(1<<(8+r.IntN(12))),
	}
	memory := QueueMemory(w.c)
	if r.IntN(2) == 0 {
		memory += r.IntN(40) * ChunkBytes
	}
	w.arena = NewArena(make([]byte, memory))
	var err error
	if w.q, err = NewQueue(lending(w.c), w.arena); err != nil {
		t.Fatal(err)
	}
	for range 1 + r.IntN(40) {
		w.sets = append(w.sets, randomKeys(r, 1+r.IntN(1<<r.IntN(8))))
	}
	w.in = newReceiver(t)
	return w
}

func randomKeys(r *rand.Rand, n int) []wire.Group {
	keys := make([]wire.Group, n)
	for i := range keys {
		binary.LittleEndian.PutUint64(keys[i][r.IntN(24):], r.Uint64())
	}
	return keys
}

func (w *queueWorld) datagram() int { return datagramSizes[w.r.IntN(len(datagramSizes))] }

// send sends a message of random shape, to a known set, a new one, or none.
func (w *queueWorld) send(lend bool) error {
	r := w.r
	body := text(r.IntN(1+r.IntN(w.c.MaxMessage+1)), byte(r.Uint32()))
	if r.IntN(3) == 0 { // what does not shrink
		for i := range body {
			body[i] = byte(r.Uint32())
		}
	}
	m := Message{Guarantee: wire.Guarantee(r.IntN(4)), Origin: uint16(r.Uint32())}
	switch r.IntN(8) {
	case 0:
	case 1:
		m.Keys = randomKeys(r, 1+r.IntN(1<<r.IntN(10)))
	default:
		m.Keys = w.sets[r.IntN(len(w.sets))]
	}
	var err error
	var number uint64
	if lend {
		loan := new(Loan)
		if number, err = w.q.Lend(&m, w.parts(body), loan); loan.Outstanding() > 0 {
			w.lent[loan] = body
			w.lends++
		}
	} else {
		number, err = w.q.Append(&m, w.parts(body))
	}
	if err != nil {
		if err != ErrFull {
			w.t.Fatalf("message of %d bytes to %d groups: %v", len(body), len(m.Keys), err)
		}
		return err
	}
	s := sentMessage{guarantee: m.Guarantee, origin: m.Origin, payload: bytes.Clone(body)}
	for _, k := range m.Keys {
		s.keys = append(s.keys, k[:]...)
	}
	w.want = append(w.want, s)
	if number != uint64(len(w.want)) {
		w.t.Fatalf("message %d got number %d", len(w.want), number)
	}
	return nil
}

func (w *queueWorld) parts(b []byte) (iov [][]byte) {
	for range w.r.IntN(4) {
		n := w.r.IntN(len(b) + 1)
		iov, b = append(iov, b[:n]), b[n:]
	}
	return append(iov, b)
}

// pop pops up to n datagrams and says whether it got any.
func (w *queueWorld) pop(n int) (any bool) {
	for range n {
		d, ok := w.q.Next()
		if !ok {
			return any
		}
		any = true
		if d.Len() > w.q.packer.config.Datagram {
			w.t.Fatalf("a datagram of %d bytes, full is %d", d.Len(), w.q.packer.config.Datagram)
		}
		w.out = append(w.out, popped{d, w.in.take(&d)})
		w.compare()
	}
	return any
}

// compare judges what the receiver got.
func (w *queueWorld) compare() {
	for _, got := range w.in.got[w.seen:] {
		if w.got == len(w.want) {
			w.t.Fatalf("message %d arrived, which nobody sent", got.number)
		}
		want := &w.want[w.got]
		w.got++
		keys := got.keys
		if keys == nil {
			keys = w.in.sets[got.set]
		}
		if got.number != uint64(w.got) || got.guarantee != want.guarantee || got.origin != want.origin ||
			!bytes.Equal(keys, want.keys) || !bytes.Equal(got.payload, want.payload) {
			w.t.Fatalf("in place of message %d came %d: %v, origin %d, %d bytes of keys, %d of payload; sent were %v, %d, %d, %d",
				w.got, got.number, got.guarantee, got.origin, len(keys), len(got.payload),
				want.guarantee, want.origin, len(want.keys), len(want.payload))
		}
	}
	w.seen = len(w.in.got)
}

// release gives up to n popped datagrams back in random order.
func (w *queueWorld) release(n int) {
	for range min(n, len(w.out)) {
		i := w.r.IntN(len(w.out))
		o := &w.out[i]
		if !bytes.Equal(flatten(&o.d), o.sent) {
			w.t.Fatal("a datagram changed after it was popped")
		}
		w.ended(w.q.Release(&o.d))
		w.out = slices.Delete(w.out, i, i+1)
	}
}

func (w *queueWorld) ended(loans ...*Loan) {
	for _, loan := range loans {
		if loan == nil {
			continue
		}
		body, lent := w.lent[loan]
		if !lent || loan.Outstanding() != 0 {
			w.t.Fatalf("loan %+v ended, which was not open", loan)
		}
		clear(body) // it is the lender's again
		delete(w.lent, loan)
	}
}

// renew begins a configuration.
func (w *queueWorld) renew(datagram int) {
	w.moved += w.q.Backlog()
	over := w.q.Renew(datagram, nil)
	w.copied += len(over)
	w.ended(over...)
	w.in = newReceiver(w.t)
	w.in.through = uint64(w.got)
	w.seen = 0
	w.renewals++
}

func (w *queueWorld) step() {
	switch n := w.r.IntN(100); {
	case n < 40:
		if w.send(n < 10) == ErrFull && len(w.out) == 0 && w.q.Queued() == 0 {
			w.t.Fatal("an empty queue refuses a message")
		}
	case n < 70:
		if !w.pop(1+w.r.IntN(8)) && len(w.out) == 0 && w.q.Backlog() > 0 {
			w.t.Fatal("nothing is popped, though nothing has to come back first")
		}
	case n < 95:
		w.release(w.r.IntN(1 + w.r.IntN(60)))
	default:
		for range 1 + w.r.IntN(3) {
			w.renew(w.datagram())
		}
	}
}

// end takes and gives back all that is left.
func (w *queueWorld) end() {
	for w.q.Backlog() > 0 {
		if !w.pop(100) && len(w.out) == 0 {
			w.t.Fatal("nothing is popped, though nothing has to come back first")
		}
		w.release(len(w.out))
	}
	w.release(len(w.out))
	switch {
	case w.got != len(w.want):
		w.t.Fatalf("%d of %d messages arrived", w.got, len(w.want))
	case w.q.Queued() != 0 || len(w.lent) != 0 || len(w.q.kept) != 0:
		w.t.Fatalf("at the end %d bytes are queued, %d loans out, %d datagrams kept", w.q.Queued(), len(w.lent), len(w.q.kept))
	case w.arena.Free() < w.arena.Len()-1: // the open one
		w.t.Fatalf("%d of %d chunks came back", w.arena.Free(), w.arena.Len())
	}
}

// TestQueueOverConfigurations: random lives of queues lose, double and reorder
// nothing, and never fail for want of memory.
func TestQueueOverConfigurations(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	worlds := 150
	if testing.Short() || Invariants {
		worlds = 30
	}
	var renewals, lends, copied, moved int
	all := func() bool { return renewals > 0 && lends > 0 && copied > 0 && moved > 0 }
	for i := 0; i < worlds || i < 10*worlds && !all(); i++ {
		w := newQueueWorld(t, rand.New(rand.NewPCG(seed, uint64(i))), wire.Codec(i%wire.NumCodecs))
		for range 400 {
			w.step()
		}
		w.end()
		renewals, lends, copied, moved = renewals+w.renewals, lends+w.lends, copied+w.copied, moved+w.moved
	}
	if !all() {
		t.Errorf("%d renewals of %d waiting datagrams, %d loans, %d ended by copying: the dice left something out",
			renewals, moved, lends, copied)
	}
}

// queueWith is a queue with just the memory that it must have.
func queueWith(t testing.TB, c PackerConfig, history int) *queueWorld {
	t.Helper()
	w := &queueWorld{t: t, r: rand.New(rand.NewPCG(1, 2)), c: c, lent: map[*Loan][]byte{}, in: newReceiver(t)}
	w.arena = NewArena(make([]byte, QueueMemory(c)+history))
	var err error
	if w.q, err = NewQueue(lending(c), w.arena); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *queueWorld) put(keys []wire.Group, body []byte, loan *Loan) error {
	m := Message{Guarantee: wire.Agreed, Keys: keys}
	var err error
	if loan != nil {
		_, err = w.q.Lend(&m, [][]byte{body}, loan)
		if err == nil && loan.Outstanding() > 0 {
			w.lent[loan] = body
		}
	} else {
		_, err = w.q.Append(&m, [][]byte{body})
	}
	if err == nil {
		s := sentMessage{guarantee: m.Guarantee, payload: bytes.Clone(body)}
		for _, k := range keys {
			s.keys = append(s.keys, k[:]...)
		}
		w.want = append(w.want, s)
	}
	return err
}

// TestQueueAtTheLimit: a queue full of what is worst to move is moved between
// the sizes that are worst for it, with just the memory that it must have.
func TestQueueAtTheLimit(t *testing.T) {
	limit := 1 << 20
	if testing.Short() || Invariants {
		limit = 1 << 16
	}
	c := PackerConfig{Datagram: MaxDatagram, MaxMessage: limit, QueueBytes: limit}
	keys := make([][]wire.Group, MaxSets)
	for i := range keys {
		keys[i] = randomKeys(rand.New(rand.NewPCG(7, uint64(i))), maxSetKeys/MaxSets)
	}
	fill := map[string]func(w *queueWorld, i int) error{
		"tiny messages": func(w *queueWorld, i int) error { return w.put(nil, []byte{1}, nil) },
		"all sets":      func(w *queueWorld, i int) error { return w.put(keys[i%MaxSets], []byte{1, 2}, nil) },
		"inline keys":   func(w *queueWorld, i int) error { return w.put(randomKeys(w.r, 50), text(40, byte(i)), nil) },
		"half a datagram": func(w *queueWorld, i int) error {
			return w.put(nil, text(33_000, byte(i)), nil)
		},
		"lent and copied in turn": func(w *queueWorld, i int) error {
			if i%2 == 0 {
				return w.put(nil, []byte{1}, nil)
			}
			return w.put(nil, text(600, byte(i)), new(Loan))
		},
		"one large": func(w *queueWorld, i int) error { return w.put(keys[0], text(limit, byte(i)), nil) },
	}
	for name, put := range fill {
		for _, first := range []int{MinDatagram, 1000, MaxDatagram} {
			t.Run(fmt.Sprintf("%s/%d", name, first), func(t *testing.T) {
				c.Datagram = first
				w := queueWith(t, c, 0)
				for round := range 3 {
					for i := 0; ; i++ {
						if err := put(w, i); err == ErrFull {
							break
						} else if err != nil {
							t.Fatal(err)
						}
					}
					// Some of it is out, and does not come back.
					w.pop(w.q.Backlog() / (2 + round))
					for _, d := range datagramSizes {
						w.renew(d)
						w.renew(MinDatagram)
						w.pop(1)
					}
				}
				w.end()
			})
		}
	}
}

// TestUnfinishedMessageInEveryConfiguration: a message of which each
// configuration sends a part, and gives nothing back, is sent whole in the last
// one, without taking memory without bounds.
func TestUnfinishedMessageInEveryConfiguration(t *testing.T) {
	for _, codec := range []wire.Codec{wire.CodecNone, wire.CodecS2} {
		for _, lend := range []bool{false, true} {
			c := PackerConfig{Datagram: 1472, MaxMessage: 1 << 20, QueueBytes: 1 << 17, Compress: codec}
			w := queueWith(t, c, 2<<20)
			var loan *Loan
			if lend {
				loan = new(Loan)
			}
			body := make([]byte, 1<<20)
			for i := range body {
				body[i] = byte(w.r.Uint32())
			}
			keys := randomKeys(w.r, 3)
			if err := w.put(keys, body, loan); err != nil {
				t.Fatal(err)
			}
			w.put(keys, []byte("behind it"), nil)
			for range 100 {
				w.pop(w.q.Backlog() / 2)
				w.renew(1472)
			}
			if w.got != 0 {
				t.Fatal("the message arrived though no configuration sent it whole")
			}
			w.end()
		}
	}
}

// TestQueueTellsItsLimits: what cannot work is refused when it is made.
func TestQueueTellsItsLimits(t *testing.T) {
	good := PackerConfig{Datagram: 1472, MaxMessage: 1000, QueueBytes: 10_000}
	small := NewArena(make([]byte, QueueMemory(good)-1))
	if _, err := NewQueue(good, small); err == nil {
		t.Error("a queue took less memory than it must have")
	}
	large := NewArena(make([]byte, 4*QueueMemory(good)))
	for _, change := range []func(c *PackerConfig){
		func(c *PackerConfig) { c.Datagram = 10 },
		func(c *PackerConfig) { c.MaxMessage = 0 },
		func(c *PackerConfig) { c.QueueBytes = 0 },
	} {
		c := good
		change(&c)
		if _, err := NewQueue(c, large); err == nil {
			t.Errorf("a queue of %+v was made", c)
		}
	}
	q, err := NewQueue(good, large)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		m    Message
		n    int
		want error
	}{
		{Message{Keys: make([]wire.Group, 1)}, 1001, ErrTooLarge},
		{Message{Keys: make([]wire.Group, wire.MaxSetKeys+1)}, 1, ErrKeys},
		{Message{Keys: make([]wire.Group, 1), Guarantee: 4}, 1, ErrGuarantee},
	} {
		if _, err := q.Append(&x.m, [][]byte{make([]byte, x.n)}); !errors.Is(err, x.want) {
			t.Errorf("%v, want %v", err, x.want)
		}
	}
	if q.Sets() != 0 || q.Backlog() != 0 {
		t.Error("something was announced for messages that were refused")
	}
}

// TestSetsKeepTheirNames: a set has one name, for as long as there are names,
// and is announced once in a configuration, if it is used there.
func TestSetsKeepTheirNames(t *testing.T) {
	w := queueWith(t, PackerConfig{Datagram: 1472, MaxMessage: 1000, QueueBytes: 1 << 20}, 1<<20)
	send := func(ids ...int) {
		t.Helper()
		for _, i := range ids {
			if err := w.put([]wire.Group{{byte(i), byte(i >> 8)}}, []byte{9}, nil); err != nil {
				t.Fatal(err)
			}
		}
		w.pop(w.q.Backlog())
	}
	for i := range MaxSets + 10 {
		send(i)
	}
	if w.q.Sets() != MaxSets || len(w.in.sets) != MaxSets {
		t.Errorf("%d sets have names, %d were announced", w.q.Sets(), len(w.in.sets))
	}
	w.renew(1000)
	send(5, MaxSets+3, 5, 7)
	if len(w.in.sets) != 2 || w.in.sets[5] == nil || w.in.sets[7] == nil {
		t.Errorf("%d sets were announced in a configuration that uses sets 5 and 7", len(w.in.sets))
	}
	w.end()
}

// TestQueueDoesNotAllocate: nor when messages are cut, or lent.
func TestQueueDoesNotAllocate(t *testing.T) {
	c := PackerConfig{Datagram: 1472, MaxMessage: 1 << 16, QueueBytes: 1 << 20}
	q, err := NewQueue(lending(c), NewArena(make([]byte, QueueMemory(c)+1<<20)))
	if err != nil {
		t.Fatal(err)
	}
	small, large := [][]byte{text(100, 1)}, [][]byte{text(5000, 2)}
	keys := randomKeys(rand.New(rand.NewPCG(1, 1)), 5)
	loans := make([]Loan, 10)
	round := func() {
		for i := range loans {
			m := Message{Guarantee: wire.Agreed, Keys: keys}
			if _, err := q.Append(&m, small); err != nil {
				t.Fatal(err)
			}
			if _, err := q.Append(&m, large); err != nil {
				t.Fatal(err)
			}
			if _, err := q.Lend(&m, large, &loans[i]); err != nil {
				t.Fatal(err)
			}
		}
		for {
			d, ok := q.Next()
			if !ok {
				break
			}
			q.Release(&d)
		}
	}
	if n := testing.AllocsPerRun(20, round); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
