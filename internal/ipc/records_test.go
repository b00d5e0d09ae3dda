package ipc

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

// chance is a source of randomness whose seed is printed.
func chance(t testing.TB) *rand.Rand {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

func someBytes(r *rand.Rand, most int) []byte {
	b := make([]byte, r.IntN(most+1))
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

func someKeys(r *rand.Rand) []Key {
	keys := make([]Key, r.IntN(4))
	for i := range keys {
		copy(keys[i][:], someBytes(r, KeyBytes))
	}
	if len(keys) == 0 {
		return nil
	}
	return keys
}

func someRequest(r *rand.Rand) Request {
	q := Request{Op: Op(1 + r.IntN(int(numOps)-1)), Guarantee: uint8(r.IntN(4)), ID: r.Uint32(), Body: someBytes(r, 300)}
	if q.Keys = someKeys(r); len(q.Keys) == 0 {
		q.Flags = Joined
	}
	return q
}

func someMessage(r *rand.Rand) Message {
	m := Message{Guarantee: uint8(r.IntN(4)), Origin: uint16(r.Uint32()), Sender: r.Uint32(), Number: r.Uint64(),
		Incarnation: r.Uint64(), Payload: someBytes(r, 300)}
	m.Keys = someKeys(r)
	m.SameKeys = len(m.Keys) == 0
	return m
}

func someChange(r *rand.Rand) Change {
	members := func() (list []Member) {
		for range r.IntN(5) {
			list = append(list, Member{r.Uint32(), r.Uint64()})
		}
		return list
	}
	id := func() ConfigID { return ConfigID{r.Uint64(), r.Uint64(), r.Uint32()} }
	return Change{Kind: Transitional + Kind(r.IntN(2)), ID: id(), From: id(), Members: members(), Left: members(), Joined: members()}
}

// TestRecordsComeBack: what was appended is parsed as it was, in a stream that is
// read in pieces of any size.
func TestRecordsComeBack(t *testing.T) {
	r := chance(t)
	var stream []byte
	var want []any
	for range 500 {
		switch r.IntN(6) {
		case 0:
			q := someRequest(r)
			stream, want = AppendRequest(stream, &q), append(want, q)
		case 1:
			a := Answer{Op: Op(r.IntN(256)), Status: Status(r.IntN(int(numStatuses))), ID: r.Uint32(), Number: r.Uint64(), Body: someBytes(r, 100)}
			stream, want = a.AppendTo(stream), append(want, a)
		case 2:
			m := someMessage(r)
			stream, want = m.AppendTo(stream), append(want, m)
		case 3:
			c := someChange(r)
			stream, want = c.AppendTo(stream), append(want, c)
		case 4:
			n := r.Uint64()
			stream, want = AppendReleased(stream, n), append(want, n)
		case 5:
			p := Piece{Position: align * r.Uint64N(1<<60), Bytes: align * r.Uint32N(1<<28)}
			stream, want = p.AppendTo(stream), append(want, p)
		}
		if len(stream)%align != 0 {
			t.Fatalf("a stream of %d bytes after %T", len(stream), want[len(want)-1])
		}
	}
	in := NewInbox(1 << 16)
	for _, w := range want {
		var b []byte
		var err error
		for b, err = in.Next(); b == nil && err == nil; b, err = in.Next() {
			room := in.Room()
			n := copy(room[:1+r.IntN(min(len(room), 500))], stream)
			stream = stream[n:]
			in.Filled(n)
		}
		if err != nil {
			t.Fatal(err)
		}
		if got := parsed(t, b, w); !reflect.DeepEqual(got, w) {
			t.Fatalf("%T came back as\n%+v, was\n%+v", w, got, w)
		}
	}
	if in.Pending() != 0 || len(stream) != 0 {
		t.Errorf("%d and %d bytes are left", in.Pending(), len(stream))
	}
}

// parsed parses b as what like is.
func parsed(t *testing.T, b []byte, like any) any {
	t.Helper()
	var v any
	var err error
	switch like.(type) {
	case Request:
		var q Request
		err, v = q.Parse(b), q
		q.Body = append([]byte{}, q.Body...)
		v = q
	case Answer:
		var a Answer
		err = a.Parse(b)
		a.Body = append([]byte{}, a.Body...)
		v = a
	case Message:
		var m Message
		err = m.Parse(b)
		m.Payload = append([]byte{}, m.Payload...)
		v = m
	case Change:
		var c Change
		err, v = c.Parse(b), c
		v = c
	case Piece:
		var p Piece
		err = p.Parse(b)
		v = p
	case uint64:
		v, err = ParseReleased(b)
	}
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// TestBodiesComeBack: hello and welcome.
func TestBodiesComeBack(t *testing.T) {
	h := Hello{Least: 1, Most: 3, QueueBytes: 1 << 40, Name: "a program"}
	var gotHello Hello
	if err := gotHello.Parse(h.AppendTo(nil)); err != nil || gotHello != h {
		t.Errorf("%+v, %v", gotHello, err)
	}
	h.Name = strings.Repeat("x", 2*MaxName)
	if gotHello.Parse(h.AppendTo(nil)); len(gotHello.Name) != MaxName {
		t.Errorf("a name of %d bytes", len(gotHello.Name))
	}
	w := Welcome{1, 2, 3, 4, 5, 6, 7, "1.2.3"}
	var gotWelcome Welcome
	if err := gotWelcome.Parse(w.AppendTo(nil)); err != nil || gotWelcome != w {
		t.Errorf("%+v, %v", gotWelcome, err)
	}
}

// TestCut: a piece is whole records, or an error.
func TestCut(t *testing.T) {
	m := Message{Keys: make([]Key, 1), Payload: []byte("some text")}
	piece := AppendReleased(m.AppendTo(nil), 7)
	if n := m.Size(len(m.Payload)); n != len(m.AppendTo(nil)) {
		t.Errorf("size %d", n)
	}
	first, rest, err := Cut(piece, 1000)
	if err != nil || KindOf(first) != Deliver {
		t.Fatal(first, err)
	}
	second, rest, err := Cut(rest, 1000)
	if err != nil || KindOf(second) != Released || len(rest) != 0 {
		t.Fatal(second, rest, err)
	}
	if b, _, err := Cut(rest, 1000); b != nil || err != nil {
		t.Errorf("behind the last: %v, %v", b, err)
	}
	for n := 1; n < len(first); n++ {
		if b, _, err := Cut(piece[:n], 1000); b != nil || err == nil {
			t.Errorf("of %d bytes: %v, %v", n, b, err)
		}
	}
	if _, _, err := Cut(piece, 8); !errors.Is(err, ErrLength) {
		t.Errorf("a record that is too long: %v", err)
	}
	for _, odd := range []Piece{{Position: 4}, {Bytes: 12}} {
		if err := new(Piece).Parse(odd.AppendTo(nil)); !errors.Is(err, ErrRecord) {
			t.Errorf("%+v: %v", odd, err)
		}
	}
}

// TestAwait: records come whole from a reader that gives a few bytes at a time,
// and its error behind them.
func TestAwait(t *testing.T) {
	a := Answer{Op: OpJoin, Body: []byte("some text")}
	in := NewInbox(1000)
	r := iotest.OneByteReader(bytes.NewReader(a.AppendTo(a.AppendTo(nil))))
	for range 2 {
		b, err := in.Await(r)
		if err != nil || new(Answer).Parse(b) != nil {
			t.Fatal(b, err)
		}
	}
	if b, err := in.Await(r); b != nil || err != io.EOF {
		t.Error(b, err)
	}
}

// TestAbsurdLengths: they end the stream, and take no memory.
func TestAbsurdLengths(t *testing.T) {
	for _, length := range []uint32{0, 7, 1<<10 + 1, 1 << 31, 1<<32 - 1} {
		in := NewInbox(1 << 10)
		in.Filled(copy(in.Room(), le.AppendUint32(nil, length)))
		in.Filled(copy(in.Room(), []byte{1, 0, 0, 0}))
		for range 2 {
			if b, err := in.Next(); b != nil || err == nil || !strings.Contains(err.Error(), "length") {
				t.Errorf("length %d: %v, %v", length, b, err)
			}
		}
		if n := len(in.Room()); n > inboxBytes {
			t.Errorf("length %d took %d bytes", length, n)
		}
	}
}

// TestInboxGivesMemoryBack: after a long record and many short ones the memory
// is what short ones need.
func TestInboxGivesMemoryBack(t *testing.T) {
	in := NewInbox(8 << 20)
	q := Request{Op: OpMcast, Flags: Joined}
	long, short := AppendRequest(nil, &q, make([]byte, 4<<20)), AppendRequest(nil, &q)
	feed := func(b []byte) {
		for len(b) > 0 {
			n := copy(in.Room(), b)
			in.Filled(n)
			b = b[n:]
		}
		if got, err := in.Next(); got == nil || err != nil {
			t.Fatal(got, err)
		}
	}
	feed(long)
	if len(in.buf) < 4<<20 {
		t.Fatalf("%d bytes", len(in.buf))
	}
	for range 2 * patience {
		feed(short)
	}
	if len(in.buf) != inboxBytes {
		t.Errorf("%d bytes are kept", len(in.buf))
	}
}

func seedRecords(f *testing.F) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		q, m, c := someRequest(r), someMessage(r), someChange(r)
		f.Add(AppendRequest(nil, &q))
		f.Add(m.AppendTo(nil))
		f.Add(c.AppendTo(nil))
	}
	h, w := Hello{1, 1, 0, "x"}, Welcome{1, 1, 1, 1, 1, 1, 1, "v"}
	a := Answer{Op: OpHello, Body: w.AppendTo(nil)}
	f.Add(AppendRequest(nil, &Request{Op: OpHello}, h.AppendTo(nil)))
	f.Add(a.AppendTo(nil))
	f.Add(AppendReleased(nil, 7))
}

// FuzzRecords: any bytes are cut into records without a panic, and a record that
// is parsed is appended as it was, but for what nobody looks at.
func FuzzRecords(f *testing.F) {
	seedRecords(f)
	f.Fuzz(func(t *testing.T, stream []byte) {
		in := NewInbox(1 << 12)
		for len(stream) > 0 {
			n := copy(in.Room(), stream)
			if n == 0 {
				break
			}
			in.Filled(n)
			stream = stream[n:]
			for {
				b, err := in.Next()
				if err != nil {
					return
				}
				if b == nil {
					break
				}
				judge(t, b)
			}
		}
	})
}

// judge parses a record in every way.
func judge(t *testing.T, b []byte) {
	if len(b) < HeaderBytes || len(b) != int(le.Uint32(b)) {
		t.Fatalf("a record of %d bytes: %x", len(b), b)
	}
	same := func(what string, again, ignored []byte) {
		t.Helper()
		if len(again) != Padded(len(b)) {
			t.Fatalf("%s comes back with %d bytes, was %d", what, len(again), len(b))
		}
		for i := range b {
			if again[i] != b[i] && (i >= len(ignored) || ignored[i] != 1) {
				t.Fatalf("%s comes back as\n%x, was\n%x", what, again, b)
			}
		}
	}
	var q Request
	if q.Parse(b) == nil {
		same("request", AppendRequest(nil, &q), mask(requestBytes, 7, 1, 14, 2))
		if q.Op == OpHello {
			var h Hello
			if h.Parse(q.Body) == nil && len(h.Name) <= MaxName && !bytes.HasPrefix(q.Body, h.AppendTo(nil)) {
				t.Fatalf("hello %x comes back as %x", q.Body, h.AppendTo(nil))
			}
		}
	}
	var a Answer
	if a.Parse(b) == nil {
		same("answer", a.AppendTo(nil), mask(answerBytes, 5, 1, 12, 4))
		var w Welcome
		if w.Parse(a.Body) == nil && !bytes.Equal(w.AppendTo(nil), a.Body) {
			t.Fatalf("welcome %x comes back as %x", a.Body, w.AppendTo(nil))
		}
	}
	var m Message
	if KindOf(b) == Deliver && m.Parse(b) == nil {
		same("message", m.AppendTo(nil), mask(deliverBytes, 5, 1, 7, 1))
	}
	var c Change
	if c.Parse(b) == nil && len(c.AppendTo(nil)) > Padded(len(b)) {
		t.Fatalf("a change of %d bytes comes back with %d", len(b), len(c.AppendTo(nil)))
	}
	var p Piece
	if KindOf(b) == Shared && p.Parse(b) == nil && len(b) == pieceBytes {
		same("piece", p.AppendTo(nil), mask(pieceBytes, 5, 3, 20, 4))
	}
	if n, err := ParseReleased(b); err == nil && n != le.Uint64(b[8:]) {
		t.Fatal("released")
	}
}

// mask has a 1 for each byte that is not looked at: pairs of offset and length.
func mask(length int, pairs ...int) []byte {
	m := make([]byte, length)
	for i := 0; i < len(pairs); i += 2 {
		for k := range pairs[i+1] {
			m[pairs[i]+k] = 1
		}
	}
	return m
}

// TestMalformed: what is no record is told to be none.
func TestMalformed(t *testing.T) {
	q := Request{Op: OpMcast, Keys: make([]Key, 2)}
	whole := AppendRequest(nil, &q)
	for name, b := range map[string][]byte{
		"short":          whole[:requestBytes-1],
		"keys cut":       whole[:requestBytes+KeyBytes],
		"keys and same":  withByte(whole, 5, SameKeys),
		"keys, joined":   withByte(whole, 5, Joined),
		"count too high": withByte(whole, 13, 0xff),
	} {
		if err := new(Request).Parse(b); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
	m := Message{Keys: make([]Key, 1)}
	if err := new(Message).Parse(withByte(m.AppendTo(nil), 5, sameKeys)); err == nil {
		t.Error("a message with keys that are those before is taken")
	}
	for _, b := range [][]byte{nil, []byte("GET / HTTP/1.1\r\n\r\n"), make([]byte, helloBytes)} {
		if err := new(Hello).Parse(b); err == nil {
			t.Errorf("hello %q is taken", b)
		}
	}
	c := Change{Kind: Regular, Members: make([]Member, 3)}
	b := c.AppendTo(nil)
	if err := new(Change).Parse(b[:len(b)-1]); err == nil {
		t.Error("a change that was cut is taken")
	}
	if err := new(Change).Parse(withByte(b, 31, 0xff)); err == nil {
		t.Error("a change of 2^31 members is taken")
	}
}

func withByte(b []byte, at int, v byte) []byte {
	b = bytes.Clone(b)
	b[at] = v
	return b
}
