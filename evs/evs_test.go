package evs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"stampede/sock"
	"stampede/wire"
)

// TestAgreedOrder: all members of a cluster deliver the messages of all, their
// own included, in one order, over each transport.
func TestAgreedOrder(t *testing.T) {
	for _, tr := range []transport{multicast, unicast, unicast6} {
		for _, g := range []Guarantee{Agreed, Safe} {
			t.Run(fmt.Sprintf("%s/%v", tr, g), func(t *testing.T) {
				_, hs := cluster(t, 3, tr)
				const each = 2000
				var wg sync.WaitGroup
				for i, h := range hs {
					wg.Go(func() {
						for k := range each {
							b := fmt.Appendf(nil, "%d of %d", k, i+1)
							if k%100 == 0 {
								b = append(b, make([]byte, 5000)...)
							}
							if _, err := h.McastJoined(testContext(t), g, b[:3], b[3:]); err != nil {
								t.Error(err)
								return
							}
						}
					})
				}
				got := make([][]received, len(hs))
				for i, h := range hs {
					wg.Go(func() { got[i] = collect(t, h, each*len(hs)) })
				}
				wg.Wait()
				for i := range got {
					if !slices.Equal(got[i], got[0]) {
						t.Fatalf("processors %d and 1 delivered different sequences", i+1)
					}
				}
			})
		}
	}
}

// TestKernelLimits: a cluster works with the receive buffer that an ordinary
// user gets by default, 212,992 bytes as the kernel counts, and keeps to it.
func TestKernelLimits(t *testing.T) {
	cs := configs(t, 3, multicast)
	for i := range cs {
		cs[i].ReceiveBufferBytes = 212_992 / 2 // the kernel doubles what it is asked for
	}
	ps := open(t, cs)
	for _, p := range ps {
		if got := p.Facts().ReceiveBufferBytes; got != 212_992 {
			t.Fatalf("receive buffer of %d bytes", got)
		}
	}
	exchange(t, handles(t, ps), 3000, 1000)
}

// TestPortable: the portable implementation carries the same cluster.
func TestPortable(t *testing.T) {
	for _, tr := range []transport{multicast, unicast} {
		t.Run(string(tr), func(t *testing.T) {
			cs := configs(t, 3, tr)
			for i := range cs {
				cs[i].Socket = sock.Portable
			}
			exchange(t, handles(t, open(t, cs)), 1000, 300)
		})
	}
}

// TestMixed: processors with and without trains, with different MTUs, and with
// compression understand each other.
func TestMixed(t *testing.T) {
	cs := configs(t, 4, multicast)
	cs[1].GSO, cs[1].GRO = sock.Off, sock.Off
	cs[2].MTU = 1200
	cs[3].Socket = sock.Portable
	exchange(t, handles(t, open(t, cs)), 1000, 2500)

	for _, c := range []Compression{wire.CodecS2, wire.CodecZstd} {
		cs := configs(t, 2, multicast)
		cs[0].Compress = c
		exchange(t, handles(t, open(t, cs)), 1000, 2500)
	}
}

// exchange lets every handle send, in all guarantees, messages of up to so many
// bytes, and checks what each promises.
func exchange(t *testing.T, hs []*Handle, each, size int) {
	t.Helper()
	var wg sync.WaitGroup
	for i, h := range hs {
		wg.Go(func() {
			for k := range each {
				b := bytes.Repeat([]byte{byte(i), byte(k), byte(k >> 8)}, 1+k%(size/3))
				if _, err := h.McastJoined(testContext(t), Guarantee(k%4), b); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	got := make([][]received, len(hs))
	for i, h := range hs {
		wg.Go(func() { got[i] = collect(t, h, each*len(hs)) })
	}
	wg.Wait()
	for i := range got {
		if !slices.Equal(ordered(got[i]), ordered(got[0])) {
			t.Fatalf("handles %d and 0 delivered different orders", i)
		}
		checkFIFO(t, got[i])
		checkContent(t, got[i], size)
	}
}

func ordered(ms []received) []received {
	return slices.DeleteFunc(slices.Clone(ms), func(m received) bool { return m.guarantee < Agreed })
}

// checkFIFO: FIFO and stronger messages of a sender come in the order of their
// numbers, and no message twice.
func checkFIFO(t *testing.T, ms []received) {
	t.Helper()
	last := map[ProcessorID]uint64{}
	seen := map[received]bool{}
	for _, m := range ms {
		if seen[m] {
			t.Fatalf("message %d of %d came twice", m.number, m.sender)
		}
		seen[m] = true
		if m.guarantee == Unordered {
			continue
		}
		if m.number <= last[m.sender] {
			t.Fatalf("message %d of %d came after %d", m.number, m.sender, last[m.sender])
		}
		last[m.sender] = m.number
	}
}

func checkContent(t *testing.T, ms []received, size int) {
	t.Helper()
	for _, m := range ms {
		k := int(m.number) - 1
		want := bytes.Repeat([]byte{byte(m.sender - 1), byte(k), byte(k >> 8)}, 1+k%(size/3))
		if m.payload != string(want) || m.guarantee != Guarantee(k%4) {
			t.Fatalf("message %d of %d came with other bytes", m.number, m.sender)
		}
	}
}

// TestGroups: a handle gets what is sent to a group that it has joined, once,
// and nothing else; senders need not have joined.
func TestGroups(t *testing.T) {
	ps := open(t, configs(t, 2, multicast))
	a, b := newHandle(t, ps[0], Group{1}), newHandle(t, ps[1], Group{1}, Group{2})
	sender := newHandle(t, ps[0])
	ctx := testContext(t)
	var many []Group // more than one datagram holds
	for i := range 200 {
		many = append(many, Group{2, byte(i)})
	}
	many = append(many, Group{1})
	mcast := func(payload string, to ...Group) {
		t.Helper()
		if _, err := sender.McastGroups(ctx, Agreed, to, []byte(payload)); err != nil {
			t.Fatal(err)
		}
	}
	mcast("both", Group{1}, Group{2})
	mcast("second", Group{2})
	mcast("nobody", Group{3})
	mcast("nowhere")
	mcast("many", many...)
	mcast("first", Group{1})
	if got := payloads(collect(t, a, 3)); !slices.Equal(got, []string{"both", "many", "first"}) {
		t.Errorf("the handle in group 1 received %q", got)
	}
	if got := payloads(collect(t, b, 4)); !slices.Equal(got, []string{"both", "second", "many", "first"}) {
		t.Errorf("the handle in groups 1 and 2 received %q", got)
	}

	if err := b.Leave(Group{1}); err != nil {
		t.Fatal(err)
	}
	mcast("not any more", Group{1})
	mcast("still", Group{2})
	if got := payloads(collect(t, b, 1)); !slices.Equal(got, []string{"still"}) {
		t.Errorf("after Leave the handle received %q", got)
	}
	if _, err := sender.McastJoined(ctx, Agreed, nil); !errors.Is(err, ErrNotJoined) {
		t.Errorf("McastJoined without a group: %v", err)
	}
	if _, err := sender.McastGroups(ctx, Agreed, make([]Group, MaxGroups+1)); !errors.Is(err, ErrTooManyGroups) {
		t.Errorf("too many groups: %v", err)
	}
}

// TestManySets: more group sets than have short names travel all the same.
func TestManySets(t *testing.T) {
	_, hs := cluster(t, 2, multicast)
	const n = 1500
	for i := range n {
		to := []Group{testGroup, {9, byte(i), byte(i >> 8)}}
		if _, err := hs[0].McastGroups(testContext(t), Agreed, to, fmt.Append(nil, i)); err != nil {
			t.Fatal(err)
		}
	}
	for i, m := range collect(t, hs[1], n) {
		if m.payload != fmt.Sprint(i) {
			t.Fatalf("message %d is %q", i, m.payload)
		}
	}
}

func payloads(ms []received) (out []string) {
	for _, m := range ms {
		out = append(out, m.payload)
	}
	return out
}

// TestEventGroups: an event names all groups that its message was sent to.
func TestEventGroups(t *testing.T) {
	_, hs := cluster(t, 2, multicast)
	to := []Group{{7}, testGroup, {8}}
	if _, err := hs[0].McastGroups(testContext(t), Agreed, to, []byte("x")); err != nil {
		t.Fatal(err)
	}
	for e, err := range hs[1].Events(testContext(t)) {
		if err != nil {
			t.Fatal(err)
		}
		if e.Kind == Deliver {
			if !slices.Equal(e.Groups(), to) {
				t.Fatalf("groups %v", e.Groups())
			}
			break
		}
	}
}

// TestFirstEvent: a handle begins with the configuration.
func TestFirstEvent(t *testing.T) {
	ps, hs := cluster(t, 3, multicast)
	buf := make([]Event, 1)
	for i, h := range hs {
		if n, err := h.Receive(testContext(t), buf); n != 1 || err != nil {
			t.Fatal(n, err)
		}
		c := buf[0].Config
		if buf[0].Kind != Regular || len(c.Members) != 3 || len(c.Joined) != 3 || c.Members[i] != ps[i].Self() {
			t.Fatalf("first event %+v, %+v", buf[0], c)
		}
		if c.ID != ps[0].Configuration().ID || c.ID == (ConfigID{}) {
			t.Fatalf("configuration %v at %d, %v at 1", c.ID, i+1, ps[0].Configuration().ID)
		}
	}
}

// TestTooLarge: a message above the maximum is refused, and nothing is sent.
func TestTooLarge(t *testing.T) {
	cs := configs(t, 2, multicast)
	for i := range cs {
		cs[i].MaxMessageBytes = 16 << 20
	}
	hs := handles(t, open(t, cs))
	if _, err := hs[0].McastJoined(testContext(t), Agreed, make([]byte, 16<<20), []byte{1}); !errors.Is(err, ErrTooLarge) {
		t.Fatalf("16 MiB and a byte: %v", err)
	}
	largest := bytes.Repeat([]byte("stampede"), 2<<20)
	if _, err := hs[0].McastJoined(testContext(t), Safe, largest[:5], largest[5:]); err != nil {
		t.Fatal(err)
	}
	for _, h := range hs {
		if got := collect(t, h, 1)[0]; got.payload != string(largest) || got.number != 1 {
			t.Fatalf("a message of 16 MiB came as %d bytes, number %d", len(got.payload), got.number)
		}
	}
}

// TestLend: lent memory is delivered and released, once, also when it was not
// worth lending.
func TestLend(t *testing.T) {
	_, hs := cluster(t, 2, multicast)
	for _, size := range []int{0, 10, 1300, 3000, 100_000} {
		b := bytes.Repeat([]byte("lend"), (size+3)/4)[:size]
		number, err := hs[0].LendGroups(testContext(t), Agreed, []Group{testGroup}, [][]byte{b[:size/3], b[size/3:]})
		if err != nil {
			t.Fatal(err)
		}
		if got := collect(t, hs[1], 1)[0]; got.payload != string(b) || got.number != number {
			t.Fatalf("%d lent bytes came as %d", size, len(got.payload))
		}
		delivered, released := false, false
		for e, err := range hs[0].Events(testContext(t)) {
			if err != nil {
				t.Fatal(err)
			}
			delivered = delivered || e.Kind == Deliver && e.Number == number && string(e.Payload) == string(b)
			if e.Kind == Released {
				if e.Number != number || released {
					t.Fatalf("released %d, lent %d", e.Number, number)
				}
				released = true
			}
			if delivered && released {
				break
			}
		}
	}
}

// TestServe: an application on the loop's goroutine gets the same events, and can
// answer from there.
func TestServe(t *testing.T) {
	_, hs := cluster(t, 2, multicast)
	stop := errors.New("enough")
	const n = 500
	served := make(chan error, 1)
	go func() {
		seen := 0
		served <- hs[1].Serve(testContext(t), func(es []Event) error {
			for _, e := range es {
				if e.Kind != Deliver || e.Sender == 2 {
					continue
				}
				seen++
				if _, err := hs[1].TryMcastJoined(Agreed, []byte("re: "), e.Payload); err != nil {
					return err
				}
			}
			if seen == n {
				return stop
			}
			return nil
		})
	}()
	for i := range n {
		if _, err := hs[0].McastJoined(testContext(t), Agreed, fmt.Append(nil, i)); err != nil {
			t.Fatal(err)
		}
	}
	answers := 0
	for _, m := range collect(t, hs[0], 2*n) {
		if m.sender == 2 {
			if want := fmt.Sprintf("re: %d", answers); m.payload != want {
				t.Fatalf("answer %q, want %q", m.payload, want)
			}
			answers++
		}
	}
	if err := <-served; !errors.Is(err, stop) {
		t.Fatalf("Serve returned %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := hs[1].Serve(ctx, func([]Event) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Fatalf("Serve with an ended context returned %v", err)
	}
}

// TestWouldBlock: who floods without ever receiving is told so instead of
// waiting for himself, others are only held up, and all goes on when he
// receives.
func TestWouldBlock(t *testing.T) {
	cs := configs(t, 2, multicast)
	for i := range cs {
		cs[i].HistoryBytes, cs[i].SendQueueBytes, cs[i].MaxMessageBytes = 4<<20, 1<<20, 1<<16
	}
	hs := handles(t, open(t, cs))
	payload := make([]byte, 1000)
	sent := 0
	for {
		_, err := hs[0].McastJoined(testContext(t), Agreed, payload)
		if errors.Is(err, ErrWouldBlock) {
			break
		}
		if err != nil || sent > 100_000 {
			t.Fatalf("after %d messages: %v", sent, err)
		}
		sent++
	}
	for {
		_, err := hs[0].TryMcastJoined(Agreed, payload)
		if errors.Is(err, ErrAgain) {
			break
		}
		if err != nil || sent > 200_000 {
			t.Fatalf("TryMcastJoined after %d messages: %v", sent, err)
		}
		sent++
	}
	var wg sync.WaitGroup
	for _, h := range hs {
		wg.Go(func() { collect(t, h, sent) })
	}
	wg.Wait()
}

// TestBlockedSender: a blocked send ends with its context, and when the
// processor closes.
func TestBlockedSender(t *testing.T) {
	cs := configs(t, 2, multicast)
	for i := range cs {
		cs[i].HistoryBytes, cs[i].SendQueueBytes, cs[i].MaxMessageBytes = 4<<20, 1<<20, 1<<16
	}
	ps := open(t, cs)
	hs := handles(t, ps) // hs[1] never receives, and holds the group up
	sender := newHandle(t, ps[0])
	fill := func(ctx context.Context) error {
		for {
			if _, err := sender.McastGroups(ctx, Agreed, []Group{testGroup}, make([]byte, 1000)); err != nil {
				return err
			}
		}
	}
	full := make(chan struct{})
	go func() {
		for {
			if _, err := hs[0].TryMcastJoined(Agreed, make([]byte, 1000)); err == ErrAgain && hs[1].Stats().Bytes > 0 {
				close(full)
				return
			}
		}
	}()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- fill(ctx) }()
	<-full
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("blocked send, context ended: %v", err)
	}
	go func() { ended <- fill(context.Background()) }()
	ps[0].Close()
	if err := <-ended; !errors.Is(err, ErrClosed) {
		t.Errorf("blocked send, processor closed: %v", err)
	}
}

// TestFlushAndLeave: after Flush the own messages have their place, and Leave delivers
// them to the others before it closes.
func TestFlushAndLeave(t *testing.T) {
	ps, hs := cluster(t, 3, multicast)
	for range 1000 {
		if _, err := hs[1].McastJoined(testContext(t), Agreed, []byte("x")); err != nil {
			t.Fatal(err)
		}
	}
	if err := hs[1].Flush(testContext(t)); err != nil {
		t.Fatal(err)
	}
	if _, err := hs[2].McastJoined(testContext(t), Agreed, []byte("last words")); err != nil {
		t.Fatal(err)
	}
	if err := ps[2].Leave(testContext(t)); err != nil {
		t.Fatal(err)
	}
	for _, h := range hs[:2] {
		if got := collect(t, h, 1001); got[1000].payload != "last words" {
			t.Fatalf("last message %q", got[1000].payload)
		}
	}
	if _, err := hs[2].TryMcastJoined(Agreed, nil); !errors.Is(err, ErrClosed) {
		t.Errorf("send after Leave: %v", err)
	}
	var err error
	for err == nil { // a daemon's client has what was on its way to it
		_, err = hs[2].Receive(testContext(t), make([]Event, 100))
	}
	if !errors.Is(err, ErrClosed) {
		t.Errorf("receive after Leave: %v", err)
	}
}

// TestCloseHandle: a closed handle's calls return, and hold nobody up.
func TestCloseHandle(t *testing.T) {
	ps, hs := cluster(t, 2, multicast)
	extra := newHandle(t, ps[1], testGroup)
	blocked := make(chan error)
	go func() {
		for _, err := range extra.Events(context.Background()) {
			if err != nil {
				blocked <- err
				return
			}
		}
	}()
	extra.Close()
	if err := <-blocked; !errors.Is(err, ErrClosed) {
		t.Errorf("blocked Receive of a closed handle: %v", err)
	}
	if err := extra.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
	exchange(t, hs, 500, 100)
}

// TestPoll: the descriptor of a handle is readable while Receive would not block.
func TestPoll(t *testing.T) {
	_, hs := cluster(t, 2, multicast)
	conn, err := hs[1].SyscallConn()
	if errors.Is(err, errors.ErrUnsupported) {
		t.Skip("no descriptor on this system")
	}
	if err != nil {
		t.Fatal(err)
	}
	buf := make([]Event, 8)
	drain := func() (n int) {
		for {
			k, err := hs[1].TryReceive(buf)
			if err != nil {
				t.Fatal(err)
			}
			if k == 0 {
				return n
			}
			n += k
		}
	}
	drain()
	if readable(t, conn, 0) {
		t.Error("readable without events")
	}
	if _, err := hs[0].McastJoined(testContext(t), Agreed, []byte("x")); err != nil {
		t.Fatal(err)
	}
	if !readable(t, conn, 10_000) {
		t.Error("not readable with an event")
	}
	if n := drain(); n != 1 {
		t.Errorf("%d events", n)
	}
	if readable(t, conn, 0) {
		t.Error("still readable")
	}
}

// TestPrepared: a handle that is opened and joins before the processor takes part
// gets everything from the first configuration on; one that was never started
// is closed like any other.
func TestPrepared(t *testing.T) {
	p, err := Prepare(configs(t, 1, multicast)[0])
	if err != nil {
		t.Fatal(err)
	}
	h := newHandle(t, p, testGroup)
	if err := p.Start(testContext(t)); err != nil {
		t.Fatal(err)
	}
	if err := p.Start(testContext(t)); err == nil {
		t.Error("started twice")
	}
	for i := range 10 {
		if _, err := h.McastJoined(testContext(t), Agreed, []byte{byte(i)}); err != nil {
			t.Fatal(err)
		}
	}
	buf := make([]Event, 1)
	if n, err := h.Receive(testContext(t), buf); n != 1 || err != nil || buf[0].Kind != Regular {
		t.Fatalf("first comes %+v, %v", buf[0], err)
	}
	if got := collect(t, h, 10); got[9].payload != "\x09" {
		t.Errorf("%+v", got)
	}
	h.Close()
	p.Close()

	for _, end := range []func(*Processor) error{(*Processor).Close, func(p *Processor) error { return p.Leave(testContext(t)) }} {
		p, err := Prepare(configs(t, 1, multicast)[0])
		if err != nil {
			t.Fatal(err)
		}
		h, err := p.Handle(HandleOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if err := end(p); err != nil {
			t.Error(err)
		}
		if _, err := h.TryReceive(buf); !errors.Is(err, ErrClosed) {
			t.Error(err)
		}
		if err := p.Start(testContext(t)); err == nil {
			t.Error("started after its end")
		}
	}
}
