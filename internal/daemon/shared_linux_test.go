package daemon

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"testing"
	"time"
	"unsafe"

	"stampede/evs"
	"stampede/internal/ipc"
	"stampede/internal/shm"
)

// shares is the group of a shareholder, a stranger that reads events in shared memory.
var shares = evs.Group{'s'}

type shareholder struct {
	*stranger
	events *net.UnixConn
	in     *ipc.Inbox
	memory *shm.Reader
	piece  []byte
	end    uint64
	pieces int
}

func (r *rig) shareholder() *shareholder {
	s := r.stranger()
	h := ipc.Hello{Least: ipc.Version, Most: ipc.Version, Name: "shareholder"}
	s.say(ipc.Request{Op: ipc.OpHello, Flags: ipc.Share}, h.AppendTo(nil))
	events, memory := passed(r.t, s.conn)
	x := &shareholder{stranger: s, events: events, in: ipc.NewInbox(1 << 21), memory: shm.Open(memory)}
	r.t.Cleanup(func() { events.Close(); x.memory.Close() })
	if a := s.hearAfter(ipc.Request{Op: ipc.OpJoin, Keys: []ipc.Key{shares}}); a.Status != ipc.OK {
		r.t.Fatalf("%+v", a)
	}
	return x
}

// next is the next message's payload.
func (x *shareholder) next() []byte {
	x.t.Helper()
	for {
		var b []byte
		var err error
		if len(x.piece) > 0 {
			b, x.piece, err = ipc.Cut(x.piece, 1<<21)
		} else {
			b, err = x.in.Await(x.events)
		}
		if err != nil {
			x.t.Fatal(err)
		}
		var p ipc.Piece
		var m ipc.Message
		switch ipc.KindOf(b) {
		case ipc.Deliver:
			if err := m.Parse(b); err != nil {
				x.t.Fatal(err)
			}
			return m.Payload
		case ipc.Shared:
			if err = p.Parse(b); err == nil {
				x.pieces++
				x.end = p.Position + uint64(p.Bytes)
				x.piece, err = x.memory.Piece(p.Position, p.Bytes)
			}
			if err != nil {
				x.t.Fatal(err)
			}
		}
	}
}

// TestMemoryThatIsNotGivenBack: a program that reads and gives no memory back has
// the rest of its events through the socket; one that does has more by memory.
func TestMemoryThatIsNotGivenBack(t *testing.T) {
	r := newRig(t, ServerOptions{})
	const n, size = 100, 50_000
	flood := func(x *shareholder, giveBack bool) {
		go func() {
			for k := range n {
				x.say(ipc.Request{Op: ipc.OpMcast, Guarantee: uint8(evs.Agreed), Keys: []ipc.Key{shares}}, bytes.Repeat([]byte{byte(k)}, size))
			}
		}()
		for k := range n {
			if b := x.next(); len(b) != size || b[0] != byte(k) || b[size-1] != byte(k) {
				t.Fatalf("message %d: %d bytes, %d", k, len(b), b[0])
			}
			if giveBack && len(x.piece) == 0 {
				x.events.Write(ipc.AppendTaken(nil, x.end))
			}
		}
	}
	miser := r.shareholder()
	flood(miser, false)
	if most := sharedBytes/size + 1; miser.pieces == 0 || miser.pieces > most {
		t.Errorf("%d pieces, 1 to %d are memory of %d bytes", miser.pieces, most, sharedBytes)
	}
	miser.conn.Close()
	was := r.s.counters.SharedBytes.Load()
	fair := r.shareholder()
	flood(fair, true)
	if now := r.s.counters.SharedBytes.Load() - was; now <= sharedBytes {
		t.Errorf("%d bytes by memory of %d", now, sharedBytes)
	}
}

// TestMemoryThatWasNotLent: a program that gives back what it does not have is
// shown out; others do not notice.
func TestMemoryThatWasNotLent(t *testing.T) {
	r := newRig(t, ServerOptions{})
	witness := r.dial(evs.HandleOptions{})
	before := takeCensus(t)
	for _, lie := range [][]byte{
		ipc.AppendTaken(nil, 1<<40),
		ipc.AppendTaken(ipc.AppendTaken(nil, 0), 1<<63),
		append([]byte{0, 0, 0}, bytes.Repeat([]byte("nonsense"), 1000)...),
	} {
		x := r.shareholder()
		x.events.Write(lie)
		sent := make(chan struct{})
		go func() { // until the daemon needs its memory back
			defer close(sent)
			b := make([]byte, 100_000)
			for {
				if _, err := x.conn.Write(ipc.AppendRequest(nil, &ipc.Request{Op: ipc.OpMcast, Guarantee: uint8(evs.Agreed), Keys: []ipc.Key{shares}}, b)); err != nil {
					return
				}
			}
		}()
		go func() {
			for b := make([]byte, 1<<16); ; {
				if _, err := x.events.Read(b); err != nil {
					return
				}
			}
		}()
		if a := x.hear(); a.Op != ipc.Bye || a.Status != ipc.Malformed {
			t.Errorf("%x: %v %v %q", lie[:8], a.Op, a.Status, a.Body)
		}
		<-sent
		x.conn.Close()
		x.events.Close()
		x.memory.Close()
	}
	before.restored(t)
	send(t, witness, 100)
	receive(t, witness, 100)
}

// TestLastEvents: what was received last can be looked at behind Close, and no
// memory is left when nobody can any more.
func TestLastEvents(t *testing.T) {
	r := newRig(t, ServerOptions{})
	before := len(maps(t))
	for range 20 {
		h := r.dial(evs.HandleOptions{})
		b := bytes.Repeat([]byte("text"), 10_000)
		if _, err := h.McastJoined(testContext(t), evs.Agreed, b); err != nil {
			t.Fatal(err)
		}
		events := make([]evs.Event, 1)
		for events[0].Kind != evs.Deliver {
			if _, err := h.Receive(testContext(t), events); err != nil {
				t.Fatal(err)
			}
		}
		h.Close()
		if !bytes.Equal(events[0].Payload, b) {
			t.Error("it is not what it was")
		}
		if _, err := h.Receive(testContext(t), events); !errors.Is(err, evs.ErrClosed) {
			t.Error(err)
		}
	}
	if r.s.counters.SharedBytes.Load() == 0 {
		t.Error("no memory was shared")
	}
	eventually(t, "no map of shared memory", func() bool { return len(maps(t)) <= before })
}

// maps are the addresses at which shared memory begins in this process.
func maps(t *testing.T) (list []uintptr) {
	t.Helper()
	b, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(b) {
		if !bytes.Contains(line, []byte("stampede-events")) {
			continue
		}
		var at uintptr
		if _, err := fmt.Sscanf(string(line), "%x-", &at); err != nil {
			t.Fatal(err)
		}
		list = append(list, at)
	}
	return list
}

// isShared says whether b is in shared memory.
func isShared(t *testing.T, b []byte) bool {
	t.Helper()
	p := uintptr(unsafe.Pointer(&b[0]))
	return slices.ContainsFunc(maps(t), func(at uintptr) bool { return at <= p && p < at+sharedBytes })
}

// TestEventsBehindTheDaemonsEnd: they can be looked at until the next receiving
// call, whoever holds the handle; that call gives their memory back.
func TestEventsBehindTheDaemonsEnd(t *testing.T) {
	r := newRig(t, ServerOptions{})
	want := bytes.Repeat([]byte("text"), 10_000)
	events := make([]evs.Event, 1)
	gone := make(chan struct{})
	take := func() *evs.Handle {
		h, err := evs.Dial(testContext(t), r.socket, evs.HandleOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if err := h.Join(group); err != nil {
			t.Fatal(err)
		}
		if _, err := h.McastJoined(testContext(t), evs.Agreed, want); err != nil {
			t.Fatal(err)
		}
		for events[0].Kind != evs.Deliver {
			if _, err := h.Receive(context.Background(), events); err != nil {
				t.Fatal(err)
			}
		}
		return h
	}
	h := take()
	held := events[0].Payload
	events[0] = evs.Event{}
	func() { runtime.AddCleanup(take(), func(c chan struct{}) { close(c) }, gone) }()
	r.s.Close()
	collected(t, "a handle that nobody holds", gone)
	runtime.GC()
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	if !bytes.Equal(events[0].Payload, want) || !bytes.Equal(held, want) {
		t.Error("it is not what it was")
	}
	if !isShared(t, held) || !isShared(t, events[0].Payload) {
		t.Error("they came another way")
	}
	if _, err := drain(t, h); !errors.Is(err, evs.ErrClosed) {
		t.Error(err)
	}
	if _, err := h.Receive(testContext(t), events); !errors.Is(err, evs.ErrClosed) {
		t.Errorf("once more: %v", err)
	}
	if isShared(t, held) {
		t.Error("it was not given back")
	}
}

// TestMemoryGivenBackWithoutEnd: a program that says for ever that it needs no more
// is not listened to for ever: the loop would stand still meanwhile, and the group.
func TestMemoryGivenBackWithoutEnd(t *testing.T) {
	own, file, err := eventPair()
	if err != nil {
		t.Fatal(err)
	}
	defer own.Close()
	defer file.Close()
	memory, readable, err := shm.Create("stampede-events", sharedBytes)
	if err != nil {
		t.Fatal(err)
	}
	defer memory.Close()
	readable.Close()
	const said = 64 << 10 // while it is listened to it could say more
	if _, err := file.Write(make([]byte, said)); err != nil {
		t.Fatal(err)
	}
	s := stage{c: &client{events: &outlet{conn: own}, shared: memory}}
	if !s.listen() {
		t.Error("nothing was heard")
	}
	own.SetReadDeadline(time.Now().Add(time.Minute))
	if n, err := io.ReadFull(own, make([]byte, said-len(s.heard))); err != nil {
		t.Errorf("it was listened to up to %d bytes before what was said then: %v", n, err)
	}
}
