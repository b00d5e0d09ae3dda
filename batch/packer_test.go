package batch

import (
	"bytes"
	"errors"
	"testing"

	"stampede/wire"
)

const testCluster = 0x5eed

// receiver is the other end: it judges datagrams and puts messages together.
type receiver struct {
	t       testing.TB
	door    wire.Door
	dseq    uint64
	decoder wire.Decoder
	got     []received
	sets    map[uint16][]byte // keys announced so far
	partial []byte            // of the unfinished message
	through uint64            // last message completed
}

type received struct {
	number      uint64
	guarantee   wire.Guarantee
	set, origin uint16
	keys        []byte // nil unless inline
	payload     []byte
	announced   bool // set was announced before, or keys are inline
}

func newReceiver(t testing.TB) *receiver {
	return &receiver{t: t, door: wire.Door{Cluster: testCluster}, sets: map[uint16][]byte{}}
}

// finish writes the header of a popped datagram and returns a copy of all.
func (r *receiver) finish(d *Datagram) []byte {
	r.dseq++
	wire.PutHeader(d.Bytes, &wire.Header{Kind: wire.KindStream, Length: uint16(d.Len()), Sender: 1,
		Cluster: testCluster, Config: 7, Dseq: r.dseq, First: d.First})
	wire.PutCheckParts(d.Bytes, d.Tail)
	return flatten(d)
}

func flatten(d *Datagram) []byte {
	out := bytes.Clone(d.Bytes)
	for _, part := range d.Tail {
		out = append(out, part...)
	}
	return out
}

// take finishes a popped datagram, judges it and reads it; it returns the
// bytes as they would be sent.
func (r *receiver) take(d *Datagram) []byte {
	r.t.Helper()
	b := r.finish(d)
	var h wire.Header
	if v := r.door.Check(b, &h); v != wire.OK {
		r.t.Fatalf("datagram %d: %v", r.dseq, v)
	}
	var fr wire.Frame
	last, begins := false, false
	frames := wire.NewFrames(b[wire.HeaderBytes:], h.First)
	for frames.Next(&fr) {
		switch fr.Type {
		case wire.FrameMessage:
			r.message(&fr, fr.Number, fr.Body)
		case wire.FrameFragment:
			begins = fr.Offset == 0 && !fr.Last()
			last = r.fragment(&fr) || last
		case wire.FrameGroupSet:
			if fr.Offset == 0 {
				r.sets[fr.Set] = nil
			}
			r.sets[fr.Set] = append(r.sets[fr.Set], fr.Keys()...)
		}
	}
	if d.Messages != h.Messages || d.Through != r.through || d.Last != last || d.Begins != begins {
		r.t.Fatalf("datagram %d says messages %d through %d last %v begins %v; read %d, %d, %v, %v",
			r.dseq, d.Messages, d.Through, d.Last, d.Begins, h.Messages, r.through, last, begins)
	}
	return b
}

func (r *receiver) message(fr *wire.Frame, number uint64, whole []byte) {
	m := received{number: number, guarantee: fr.Guarantee, set: fr.Set, origin: fr.Origin, payload: bytes.Clone(whole)}
	if fr.Inline {
		keys, payload, ok := wire.SplitInline(fr.Set, m.payload)
		if !ok {
			r.t.Fatalf("message %d is shorter than its keys", number)
		}
		m.keys, m.payload, m.set = keys, payload, 0
	} else {
		_, m.announced = r.sets[fr.Set]
	}
	r.got = append(r.got, m)
	r.through = number
}

// fragment adds a piece, and says whether it was the last.
func (r *receiver) fragment(fr *wire.Frame) bool {
	if int(fr.Offset) != len(r.partial) {
		r.t.Fatalf("message %d: a piece at %d behind %d bytes", fr.Number, fr.Offset, len(r.partial))
	}
	r.partial = append(r.partial, fr.Body...)
	if !fr.Last() {
		return false
	}
	whole := r.partial
	r.partial = nil
	if fr.Codec != wire.CodecNone {
		n, ok := wire.DecodedLen(whole)
		if !ok || n > 1<<24 {
			r.t.Fatalf("message %d: decoded length %d, %v", fr.Number, n, ok)
		}
		plain := make([]byte, n)
		if m, err := r.decoder.Decode(plain, whole, fr.Codec); err != nil || m != n {
			r.t.Fatalf("message %d: decoded %d of %d bytes, %v", fr.Number, m, n, err)
		}
		whole = plain
	}
	if fr.Batch {
		r.batch(fr, whole)
	} else {
		r.message(fr, fr.Number, whole)
	}
	return true
}

func (r *receiver) batch(fr *wire.Frame, run []byte) {
	if v := wire.CheckBatch(run, fr.Guarantee, fr.Set); v != wire.OK {
		r.t.Fatalf("batch %d of %d messages: %v", fr.Number, fr.Set, v)
	}
	var inner wire.Frame
	for frames := wire.NewFrames(run, fr.Number); frames.Next(&inner); {
		r.message(&inner, inner.Number, inner.Body)
	}
}

// drain pops, reads and releases all that waits; it returns the lengths.
func drain(r *receiver, p *Packer) (lengths []int) {
	for p.Peek() != nil {
		d := p.Pop()
		r.take(&d)
		lengths = append(lengths, d.Len())
		p.Release(&d)
	}
	return lengths
}

func packerWith(c PackerConfig, chunks int) (*Packer, *Arena) {
	a := NewArena(make([]byte, chunks*ChunkBytes))
	return NewPacker(lending(c), a), a
}

// lending is c with loans of all that is longer than half a datagram: the tests
// are about what becomes of loans, not about which are worth it.
func lending(c PackerConfig) PackerConfig {
	c.LendFrom = 1
	return c
}

func text(n int, seed byte) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i)*31 ^ byte(i>>8) ^ seed
	}
	return b
}

func mustAppend(t *testing.T, p *Packer, n int) {
	t.Helper()
	if _, err := p.Append(&Message{Guarantee: wire.Agreed}, [][]byte{text(n, byte(n))}); err != nil {
		t.Fatal(err)
	}
}

func sameInts(a, b []int) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// The packing rule, case by case: lengths of the datagrams that messages of
// given lengths become. 1472 bytes hold 1400 of frames; a sixteenth is 87.
func TestPackingRule(t *testing.T) {
	const full, h, m, f = 1472, wire.HeaderBytes, wire.MessageOverhead, wire.FragmentOverhead
	for _, c := range []struct {
		name     string
		messages []int
		want     []int
	}{
		{"one message", []int{64}, []int{h + m + 64}},
		{"empty message", []int{0}, []int{h + m}},
		{"several share", []int{64, 64, 64}, []int{h + 3*(m+64)}},
		{"exactly full", []int{1392}, []int{full}},
		{"exactly full, one more", []int{1392, 10}, []int{full, h + m + 10}},
		{"little room is padded", []int{1305, 200}, []int{full, h + m + 200}},
		{"more room is filled with a piece", []int{1304, 200}, []int{full, h + f + 200 - (88 - f)}},
		{"what fits is not cut", []int{1304, 80}, []int{full}},
		{"a large one is cut", []int{3000}, []int{full, full, h + f + 3000 - 2*(1400-f)}},
		{"and shares its last datagram", []int{3000, 100}, []int{full, full, h + f + 3000 - 2*(1400-f) + m + 100}},
	} {
		p, _ := packerWith(PackerConfig{Datagram: full}, 4)
		for _, n := range c.messages {
			mustAppend(t, p, n)
		}
		r := newReceiver(t)
		if got := drain(r, p); !sameInts(got, c.want) {
			t.Errorf("%s: datagrams of %v bytes, want %v", c.name, got, c.want)
		}
		if len(r.got) != len(c.messages) {
			t.Errorf("%s: %d messages arrived, want %d", c.name, len(r.got), len(c.messages))
		}
	}
}

func TestTrainOfFullDatagramsIsOneElement(t *testing.T) {
	for _, datagram := range []int{1472, 1451, 8972} {
		p, _ := packerWith(PackerConfig{Datagram: datagram}, 4)
		for p.Backlog() <= 2*ChunkBytes/datagram {
			mustAppend(t, p, 700)
		}
		var b Burst
		for p.Peek() != nil {
			d := p.Pop()
			b.Add(everybody, &d)
		}
		for i := range b.Trains {
			if n := len(b.Iov(&b.Trains[i])); n > 2 || i == 0 && n != 1 {
				t.Errorf("datagrams of %d: train %d of %d is %d elements", datagram, i, b.Trains[i].Count, n)
			}
		}
	}
}

func TestSealedDatagramsLeaveRoomForTheSeal(t *testing.T) {
	p, _ := packerWith(PackerConfig{Datagram: 1000, Sealed: true}, 2)
	for range 50 {
		mustAppend(t, p, 90)
	}
	for p.Peek() != nil {
		d := p.Pop()
		if last := p.Backlog() == 0; !last && d.Len() != 1000 {
			t.Errorf("a full datagram has %d bytes", d.Len())
		}
		frames := wire.NewFrames(d.Bytes[wire.HeaderBytes:d.Len()-wire.SealBytes], d.First)
		var fr wire.Frame
		for frames.Next(&fr) {
			if fr.Missing != 0 {
				t.Fatal("a frame reaches into the seal")
			}
		}
		if !frames.Done() {
			t.Error("frames do not end where the seal begins")
		}
	}
}

func TestQueueLimitTakesAllOrNothing(t *testing.T) {
	p, a := packerWith(PackerConfig{Datagram: 1472, QueueBytes: 10_000}, 4)
	m := &Message{Guarantee: wire.FIFO}
	if _, err := p.Append(m, [][]byte{text(50_000, 1)}); err != nil {
		t.Fatalf("an empty queue refused a message above its limit: %v", err)
	}
	if _, err := p.Append(m, [][]byte{{1}}); !errors.Is(err, ErrFull) {
		t.Fatalf("a queue over its limit: %v", err)
	}
	r := newReceiver(t)
	drain(r, p)
	accepted := 0
	for {
		queued, next, free := p.Queued(), p.Next(), a.Free()
		n, err := p.Append(m, [][]byte{text(600, 2)})
		if err != nil {
			if !errors.Is(err, ErrFull) || p.Queued() != queued || p.Next() != next || a.Free() != free || n != 0 {
				t.Errorf("refused with %v, yet something changed", err)
			}
			break
		}
		accepted++
	}
	if p.Queued() > 10_000 || p.Queued() < 9_000 {
		t.Errorf("%d bytes wait under a limit of 10,000", p.Queued())
	}
	drain(r, p)
	if p.Queued() != 0 || len(r.got) != accepted+1 {
		t.Errorf("%d bytes left, %d messages arrived of %d", p.Queued(), len(r.got), accepted+1)
	}
}

func TestAnnouncementsCountAgainstTheLimits(t *testing.T) {
	keys := make([]wire.Group, 1000)
	p, a := packerWith(PackerConfig{Datagram: 1472, QueueBytes: 10_000}, 4)
	if err := p.Announce(1, keys); err != nil { // as with messages, when nothing waits
		t.Fatal(err)
	}
	if err := p.Announce(2, keys[:1]); err != ErrFull {
		t.Errorf("a queue over its limit: %v", err)
	}
	drain(newReceiver(t), p)
	p.Close()
	if a.Free() != 4 {
		t.Errorf("%d chunks came back of 4", a.Free())
	}
	p, _ = packerWith(PackerConfig{Datagram: 1472}, 1)
	announced := 0
	for p.Announce(uint16(announced), keys) == nil {
		announced++
	}
	if announced != 1 { // 43 keys in a datagram, 44 datagrams in a chunk
		t.Errorf("%d sets of 1000 keys in one chunk", announced)
	}
	r := newReceiver(t)
	drain(r, p)
	if len(r.sets) != 1 || len(r.sets[0]) != 1000*wire.GroupBytes {
		t.Error("the set did not arrive whole")
	}
}

func TestDatagramsBeginAtWordsBehindShortOnes(t *testing.T) {
	p, _ := packerWith(PackerConfig{Datagram: 1471}, 2)
	var held []Datagram
	for n := range 30 {
		mustAppend(t, p, n)
		held = append(held, p.Pop())
		if at := cap(held[n].Chunk.Bytes) - cap(held[n].Bytes); at%shortAlign != 0 {
			t.Errorf("datagram %d begins at %d", n, at)
		}
	}
}

func TestArenaLimitTakesAllOrNothing(t *testing.T) {
	p, a := packerWith(PackerConfig{Datagram: 1472}, 2)
	each := (1400 - wire.FragmentOverhead) * (ChunkBytes / 1472)
	m := &Message{}
	if _, err := p.Append(m, [][]byte{text(2*each+1, 0)}); !errors.Is(err, ErrFull) || a.Free() != 2 || p.Backlog() != 0 {
		t.Fatalf("one byte more than the arena holds: %v, %d chunks free", err, a.Free())
	}
	if _, err := p.Append(m, [][]byte{text(2*each, 0)}); err != nil {
		t.Fatalf("as much as the arena holds: %v", err)
	}
	if _, err := p.Append(m, [][]byte{{1}}); !errors.Is(err, ErrFull) {
		t.Fatalf("a byte into a full arena: %v", err)
	}
	r := newReceiver(t)
	drain(r, p)
	if len(r.got) != 1 || !bytes.Equal(r.got[0].payload, text(2*each, 0)) {
		t.Error("the message did not arrive as it was")
	}
	p.Close()
	if a.Free() != 2 {
		t.Errorf("%d chunks free at the end, want 2", a.Free())
	}
}

func TestBadMessagesAreRefused(t *testing.T) {
	p, _ := packerWith(PackerConfig{Datagram: 1472, MaxMessage: 1000}, 2)
	for _, c := range []struct {
		m    Message
		n    int
		want error
	}{
		{Message{}, 1001, ErrTooLarge},
		{Message{Guarantee: 4}, 10, ErrGuarantee},
		{Message{Keys: make([]wire.Group, wire.MaxSetKeys+1)}, 10, ErrKeys},
	} {
		if _, err := p.Append(&c.m, [][]byte{make([]byte, c.n)}); err != c.want {
			t.Errorf("Append: %v, want %v", err, c.want)
		}
		if _, err := p.Lend(&c.m, [][]byte{make([]byte, c.n)}, new(Loan)); err != c.want {
			t.Errorf("Lend: %v, want %v", err, c.want)
		}
	}
	mustAppend(t, p, 10)
	if _, err := p.Append(&Message{}, [][]byte{make([]byte, 1001)}); err != ErrTooLarge {
		t.Errorf("Append with room in the open datagram: %v, want %v", err, ErrTooLarge)
	}
	p.Pop()
	for _, n := range []int{0, wire.MaxSetKeys + 1} {
		if err := p.Announce(1, make([]wire.Group, n)); err != ErrKeys {
			t.Errorf("a set of %d keys: %v", n, err)
		}
	}
	if p.Backlog() != 0 || p.Peek() != nil {
		t.Error("something waits though all was refused")
	}
	d := p.Pop()
	if d.Bytes != nil || d.Chunk != nil {
		t.Error("an empty queue gave a datagram")
	}
}

func TestConfigOutOfBoundsIsNamedAndSettled(t *testing.T) {
	for _, c := range []PackerConfig{
		{Datagram: 0}, {Datagram: 1 << 20}, {Datagram: 1472, MaxMessage: -1},
		{Datagram: 1472, QueueBytes: -1}, {Datagram: 1472, Compress: 9},
	} {
		if c.Check() == nil {
			t.Errorf("%+v passes", c)
		}
		p, _ := packerWith(c, 4)
		mustAppend(t, p, 500)
		r := newReceiver(t)
		drain(r, p)
		if len(r.got) != 1 || r.got[0].number != 1 {
			t.Errorf("%+v: %d messages arrived", c, len(r.got))
		}
	}
	if c := (PackerConfig{Datagram: 1472}); c.Check() != nil {
		t.Error(c.Check())
	}
}

func TestMessagesDoNotAllocate(t *testing.T) {
	payload := text(20_000, 3)
	keys := make([]wire.Group, 3)
	for _, c := range []struct {
		name     string
		compress wire.Codec
		m        Message
		iov      [][]byte
	}{
		{"small", 0, Message{}, [][]byte{payload[:64]}},
		{"two parts", 0, Message{}, [][]byte{payload[:64], payload[64:700]}},
		{"inline keys", 0, Message{Keys: keys}, [][]byte{payload[:64]}},
		{"cut", 0, Message{Keys: keys}, [][]byte{payload[:8000], payload[8000:]}},
		{"s2", wire.CodecS2, Message{}, [][]byte{payload[:700]}},
		{"zstd", wire.CodecZstd, Message{}, [][]byte{payload[:700]}},
	} {
		p, _ := packerWith(PackerConfig{Datagram: 1472, Compress: c.compress}, 16)
		round := func() {
			for range 40 {
				if _, err := p.Append(&c.m, c.iov); err != nil {
					t.Fatal(err)
				}
			}
			if err := p.Announce(1, keys); err != nil {
				t.Fatal(err)
			}
			for p.Peek() != nil {
				d := p.Pop()
				p.Release(&d)
			}
		}
		if n := testing.AllocsPerRun(20, round); n != 0 {
			t.Errorf("%s: %v allocations", c.name, n)
		}
	}
}

// TestLendCopiesWhatIsShort: a loan of less than LendFrom bytes is over at once.
func TestLendCopiesWhatIsShort(t *testing.T) {
	p := NewPacker(PackerConfig{Datagram: 1472}, NewArena(make([]byte, 64*ChunkBytes)))
	body, loan := make([]byte, LendFrom), new(Loan)
	for n, lent := range map[int]bool{LendFrom - 1: false, LendFrom: true} {
		if _, err := p.Lend(&Message{}, [][]byte{body[:n]}, loan); err != nil || loan.Outstanding() > 0 != lent {
			t.Errorf("%d bytes: %v, %d datagrams refer to them", n, err, loan.Outstanding())
		}
	}
}
