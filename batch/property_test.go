package batch

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"stampede/wire"
)

// A world drives one packer by dice and holds it to its promises: every
// datagram passes the door, every message accepted arrives as it was, under
// its number, and nothing else; datagrams are full unless there was a reason;
// what was popped stays as it is until released; all memory comes back.
type world struct {
	t     testing.TB
	dice  func(n int) int // 0 … n-1
	p     *Packer
	arena *Arena
	c     PackerConfig
	r     *receiver
	want  []received
	sets  int
	out   []popped
	loans map[*Loan][]byte // lent memory
	short bool             // the datagram popped last was short, and more waited
}

type popped struct {
	d    Datagram
	sent []byte
}

func newWorld(t testing.TB, dice func(int) int, codec wire.Codec) *world {
	c := PackerConfig{
		Datagram:    []int{256, 576, 1472, 1451, 8972, 65507}[dice(6)],
		Compress:    codec,
		FirstNumber: uint64(1 + dice(3)),
	}
	if dice(2) == 0 {
		c.QueueBytes = 1 << (10 + dice(10))
	}
	w := &world{t: t, dice: dice, c: c, r: newReceiver(t), loans: map[*Loan][]byte{}}
	w.p, w.arena = packerWith(c, 1+dice(12))
	w.r.through = c.FirstNumber - 1
	return w
}

func (w *world) step() {
	switch w.dice(10) {
	case 0, 1, 2, 3:
		w.send(false)
	case 4:
		w.send(true)
	case 5:
		w.announce()
	case 6, 7:
		w.pop()
	default:
		w.release()
	}
}

func (w *world) size() int { return w.dice(1 + 1<<w.dice(18)) }

func (w *world) keys(n int) []wire.Group {
	keys := make([]wire.Group, n)
	for i := range keys {
		binary.LittleEndian.PutUint32(keys[i][w.dice(28):], uint32(w.dice(1<<30)))
	}
	return keys
}

// send appends or lends a message of random shape.
func (w *world) send(lend bool) {
	body := text(w.size(), byte(w.dice(256)))
	if w.dice(3) == 0 { // what does not shrink
		for i := range body {
			body[i] = byte(w.dice(256))
		}
	}
	m := Message{Guarantee: wire.Guarantee(w.dice(4)), Origin: uint16(w.dice(1 << 16))}
	if w.sets > 0 {
		m.Set = uint16(w.dice(w.sets))
	}
	if w.sets == 0 || w.dice(8) == 0 {
		m.Keys = w.keys(w.dice(1 + 1<<w.dice(7)))
	}
	number, next, free := uint64(0), w.p.Next(), w.arena.Free()
	queued := w.p.Queued()
	var err error
	if lend {
		loan := new(Loan)
		number, err = w.p.Lend(&m, w.parts(body), loan)
		if loan.Outstanding() > 0 {
			w.loans[loan] = body
		}
	} else {
		number, err = w.p.Append(&m, w.parts(body))
	}
	size := len(body) + len(m.Keys)*wire.GroupBytes
	switch {
	case err == nil && number != next:
		w.t.Fatalf("message got number %d, said to be next was %d", number, next)
	case err == nil:
		w.want = append(w.want, received{number, m.Guarantee, m.Set, m.Origin, nil, bytes.Clone(body), true})
		last := &w.want[len(w.want)-1]
		if m.Keys != nil {
			last.set, last.announced = 0, false
			for _, k := range m.Keys {
				last.keys = append(last.keys, k[:]...)
			}
		}
	case err != ErrFull:
		w.t.Fatalf("message of %d bytes: %v", size, err)
	case w.p.Next() != next:
		w.t.Fatal("a message was refused and counted")
	case (queued == 0 || w.c.QueueBytes == 0 || queued+size+wire.MessageOverhead <= w.c.QueueBytes) && free > w.chunks(size):
		w.t.Fatalf("message of %d bytes refused with %d bytes queued and %d chunks free", size, queued, free)
	}
}

// chunks is more than a message of n bytes needs.
func (w *world) chunks(n int) int {
	each := ChunkBytes / w.c.Datagram * (w.c.Datagram - wire.HeaderBytes - wire.FragmentOverhead)
	return n/each + 2
}

// parts cuts b at random places; some parts are empty.
func (w *world) parts(b []byte) [][]byte {
	var iov [][]byte
	for range w.dice(1 + 1<<w.dice(7)) {
		n := w.dice(len(b)/4 + 2)
		n = min(n, len(b))
		iov = append(iov, b[:n])
		b = b[n:]
	}
	return append(iov, b)
}

func (w *world) announce() {
	n := 1 + w.dice(1<<w.dice(11))
	if w.sets == 50 || n > wire.MaxSetKeys {
		return
	}
	keys := w.keys(n)
	switch err := w.p.Announce(uint16(w.sets), keys); err {
	case nil:
		w.sets++
	case ErrFull:
	default:
		w.t.Fatal(err)
	}
}

func (w *world) pop() {
	for range w.dice(50) {
		backlog := w.p.Backlog()
		d := w.p.Pop()
		if d.Chunk == nil {
			if backlog != 0 {
				w.t.Fatalf("nothing to pop of a backlog of %d", backlog)
			}
			return
		}
		if d.Len() > w.c.Datagram {
			w.t.Fatalf("a datagram of %d bytes, full is %d", d.Len(), w.c.Datagram)
		}
		if w.short && d.Loan == nil {
			w.t.Fatal("a short datagram in front of one that was not lent")
		}
		w.short = d.Len() < w.c.Datagram && d.Loan == nil && w.p.Backlog() > 0
		w.out = append(w.out, popped{d, w.r.take(&d)})
	}
}

// release gives some popped datagrams back in random order.
func (w *world) release() {
	for range min(w.dice(50), len(w.out)) {
		i := w.dice(len(w.out))
		o := &w.out[i]
		if !bytes.Equal(flatten(&o.d), o.sent) {
			w.t.Fatal("a datagram changed after it was popped")
		}
		if loan := w.p.Release(&o.d); loan != nil {
			body, lent := w.loans[loan]
			if !lent || loan.Outstanding() != 0 {
				w.t.Fatalf("loan %+v ended, which was not open", loan)
			}
			clear(body) // it is the lender's again
			delete(w.loans, loan)
		}
		w.out[i] = w.out[len(w.out)-1]
		w.out = w.out[:len(w.out)-1]
	}
}

// end takes and gives back all that is left and compares what arrived.
func (w *world) end() {
	w.dice = func(n int) int { return n - 1 }
	for w.p.Backlog() > 0 {
		w.pop()
		w.release()
	}
	for len(w.out) > 0 {
		w.release()
	}
	if w.p.Queued() != 0 || len(w.loans) != 0 || len(w.r.partial) != 0 {
		w.t.Fatalf("at the end %d bytes are queued, %d loans out, %d bytes unfinished",
			w.p.Queued(), len(w.loans), len(w.r.partial))
	}
	if w.arena.Free() < w.arena.Len()-1 {
		w.t.Fatalf("%d of %d chunks came back", w.arena.Free(), w.arena.Len())
	}
	w.p.Close()
	if w.arena.Free() != w.arena.Len() {
		w.t.Fatalf("%d of %d chunks came back after Close", w.arena.Free(), w.arena.Len())
	}
	if len(w.r.got) != len(w.want) {
		w.t.Fatalf("%d messages arrived of %d", len(w.r.got), len(w.want))
	}
	for i, got := range w.r.got {
		want := w.want[i]
		if got.number != want.number || got.guarantee != want.guarantee || got.set != want.set ||
			got.origin != want.origin || got.announced != want.announced ||
			!bytes.Equal(got.keys, want.keys) || !bytes.Equal(got.payload, want.payload) {
			w.t.Fatalf("message %d arrived as %d %v set %d origin %d announced %v, %d bytes of keys, %d of payload",
				want.number, got.number, got.guarantee, got.set, got.origin, got.announced, len(got.keys), len(got.payload))
		}
	}
}

func TestPackerKeepsItsPromises(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	worlds := 200
	if testing.Short() || Invariants {
		worlds = 40
	}
	for i := range worlds {
		r := rand.New(rand.NewPCG(seed, uint64(i)))
		w := newWorld(t, r.IntN, wire.Codec(i%wire.NumCodecs))
		for range 150 {
			w.step()
		}
		w.end()
	}
}

func FuzzPacker(f *testing.F) {
	r := rand.New(rand.NewPCG(1, 2))
	for codec := range byte(wire.NumCodecs) {
		script := make([]byte, 400)
		for i := range script {
			script[i] = byte(r.Uint32())
		}
		f.Add(codec, script)
	}
	f.Fuzz(func(t *testing.T, codec byte, script []byte) {
		dice := func(n int) int {
			if len(script) < 2 {
				script = nil
				return 0
			}
			v := int(binary.LittleEndian.Uint16(script))
			script = script[2:]
			return v % n
		}
		w := newWorld(t, dice, wire.Codec(codec)%wire.NumCodecs)
		for len(script) > 0 {
			w.step()
		}
		w.end()
	})
}
