package evs

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"stampede/batch"
	"stampede/sock"
)

// TestEventsBreak: a break out of Events loses nothing.
func TestEventsBreak(t *testing.T) {
	_, hs := cluster(t, 2, multicast)
	const n = 10
	for i := range n {
		if _, err := hs[0].McastJoined(testContext(t), Agreed, fmt.Append(nil, i)); err != nil {
			t.Fatal(err)
		}
	}
	for i := 0; i < n; {
		for e, err := range hs[1].Events(testContext(t)) {
			if err != nil {
				t.Fatal(err)
			}
			if e.Kind == Deliver {
				if string(e.Payload) != fmt.Sprint(i) {
					t.Fatalf("message %d is %q", i, e.Payload)
				}
				i++
			}
			break
		}
	}
}

// TestIdleHandle: a handle that is addressed by nobody, and whose application
// never receives, holds nobody up, whatever the size of messages.
func TestIdleHandle(t *testing.T) {
	cs := configs(t, 2, multicast)
	for i := range cs {
		cs[i].HistoryBytes, cs[i].MaxMessageBytes = 2<<20, 1<<16
	}
	ps := open(t, cs)
	newHandle(t, ps[1], Group{9})
	exchange(t, handles(t, ps), 2000, 6000)
}

// TestNotReceived: whoever never receives is told that he would wait for
// himself, by each blocking call, also when his messages are tiny or taken out
// of the queue and kept.
func TestNotReceived(t *testing.T) {
	small := func(t *testing.T) *Handle {
		cs := configs(t, 2, multicast)
		for i := range cs {
			cs[i].HistoryBytes, cs[i].SendQueueBytes, cs[i].MaxMessageBytes = 2<<20, 1<<18, 1<<14
			cs[i].FixedSequencer = true
		}
		return handles(t, open(t, cs))[0]
	}
	flood := func(t *testing.T, h *Handle) error {
		for n := range 1_000_000 {
			if _, err := h.McastJoined(testContext(t), Agreed, []byte("8 bytes.")); err != nil {
				return err
			}
			if n == 200 {
				h.Receive(testContext(t), make([]Event, 64)) // and keeps it
			}
		}
		return nil
	}
	t.Run("Mcast", func(t *testing.T) {
		if err := flood(t, small(t)); !errors.Is(err, ErrWouldBlock) {
			t.Errorf("flood without receiving: %v", err)
		}
	})
	t.Run("Flush", func(t *testing.T) {
		h := small(t)
		// A Flush that still finds room in the history returns in order; the
		// history is finite, and nobody takes from it.
		var err error
		for err == nil {
			for err == nil {
				_, err = h.TryMcastJoined(Agreed, make([]byte, 1000))
			}
			if errors.Is(err, ErrAgain) {
				err = h.Flush(testContext(t))
			}
		}
		if !errors.Is(err, ErrWouldBlock) {
			t.Errorf("Flush: %v", err)
		}
	})
}

// TestCloseWakes: closing a handle ends what waits on it, in other goroutines.
func TestCloseWakes(t *testing.T) {
	cs := configs(t, 2, multicast)
	for i := range cs {
		cs[i].HistoryBytes, cs[i].SendQueueBytes, cs[i].MaxMessageBytes = 2<<20, 1<<18, 1<<14
	}
	ps := open(t, cs)
	hs := handles(t, ps) // hs[1] never receives, and holds the group up
	ended := make(chan error)
	sender := newHandle(t, ps[0])
	go func() {
		for {
			if _, err := sender.McastGroups(context.Background(), Agreed, []Group{testGroup}, make([]byte, 1000)); err != nil {
				ended <- err
				return
			}
		}
	}()
	flusher := newHandle(t, ps[0])
	for ctx := testContext(t); hs[1].Stats().Bytes < 300_000; {
		if ctx.Err() != nil {
			t.Fatal("nothing arrives")
		}
	}
	go func() {
		var err error
		for err == nil {
			err = flusher.Flush(context.Background())
		}
		ended <- err
	}()
	server := newHandle(t, ps[0])
	started := make(chan struct{}, 1)
	go func() {
		ended <- server.Serve(context.Background(), func([]Event) error {
			select {
			case started <- struct{}{}:
			default:
			}
			return nil
		})
	}()
	<-started
	for _, h := range []*Handle{sender, flusher, server} {
		h.Close()
		if err := <-ended; !errors.Is(err, ErrClosed) {
			t.Errorf("after Close: %v", err)
		}
	}
}

// TestLeastMTU: in a configuration with a narrower path nobody sends longer
// datagrams, the owner of the wider one included.
func TestLeastMTU(t *testing.T) {
	cs := configs(t, 2, multicast)
	cs[1].MTU = 1200
	s, err := Listen(cs[0])
	if err != nil {
		t.Fatal(err)
	}
	n := &longest{Socket: s}
	cs[0].Network = n
	ps := open(t, cs)
	exchange(t, handles(t, ps), 500, 5000)
	for _, p := range ps {
		p.Close()
	}
	if n.bytes > 1200-28 || n.bytes < 1100 {
		t.Errorf("a datagram of %d bytes", n.bytes)
	}
}

// longest is a network that notes the longest datagram sent.
type longest struct {
	*sock.Socket
	bytes int
}

func (n *longest) Send(b *batch.Burst) error {
	for i := range b.Trains {
		n.bytes = max(n.bytes, b.Trains[i].Segment)
	}
	return n.Socket.Send(b)
}

// TestBrokenNetwork: when the network fails for good, calls return, and new
// ones say why.
func TestBrokenNetwork(t *testing.T) {
	c := Config{ID: 1}
	s, err := Listen(c)
	if err != nil {
		t.Fatal(err)
	}
	n := &breaking{Socket: s, broken: make(chan struct{})}
	c.Network = n
	p, err := Open(testContext(t), c)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	h := newHandle(t, p, testGroup)
	close(n.broken)
	p.net.Wake()
	for {
		if _, err := h.Receive(testContext(t), make([]Event, 1)); err != nil {
			if !errors.Is(err, ErrClosed) {
				t.Errorf("Receive: %v", err)
			}
			break
		}
	}
	<-p.done
	if _, err := p.Handle(HandleOptions{}); !errors.Is(err, errCut) || !errors.Is(err, ErrClosed) {
		t.Errorf("Handle: %v", err)
	}
	if _, err := h.McastGroups(testContext(t), Agreed, nil); !errors.Is(err, ErrClosed) {
		t.Errorf("Mcast: %v", err)
	}
}

var errCut = errors.New("the cable was cut")

type breaking struct {
	*sock.Socket
	broken chan struct{}
}

func (n *breaking) Receive(dst []batch.Arrival) (int, error) {
	select {
	case <-n.broken:
		return 0, errCut
	default:
		return n.Socket.Receive(dst)
	}
}

// TestTooLargeAnnouncesNothing: a message that is refused leaves no trace.
func TestTooLargeAnnouncesNothing(t *testing.T) {
	ps, hs := cluster(t, 2, multicast)
	for i := range 2000 {
		to := []Group{{byte(i), byte(i >> 8)}}
		if _, err := hs[0].McastGroups(testContext(t), Agreed, to, make([]byte, defaultMaxMessage+1)); !errors.Is(err, ErrTooLarge) {
			t.Fatal(err)
		}
	}
	if n := ps[0].out.queue.Sets(); n != 0 {
		t.Errorf("%d group sets were named", n)
	}
}

// TestUnreceivedReleases: who lends and never receives is refused in the end.
func TestUnreceivedReleases(t *testing.T) {
	_, hs := cluster(t, 1, multicast)
	var err error
	for n := 0; err == nil && n <= maxReleased; n++ {
		_, err = hs[0].LendGroups(testContext(t), Agreed, []Group{{5}}, [][]byte{{1}})
	}
	if !errors.Is(err, ErrWouldBlock) {
		t.Errorf("after %d loans: %v", maxReleased, err)
	}
}

// TestSlowHeartbeat: nothing on the way of messages waits for a heartbeat.
func TestSlowHeartbeat(t *testing.T) {
	cs := configs(t, 3, multicast)
	for i := range cs {
		cs[i].Detect, cs[i].Heartbeat = 2*time.Minute, 30*time.Second // the test's contexts end after a minute
		cs[i].HistoryBytes, cs[i].MaxMessageBytes = 4<<20, 1<<18
		cs[i].ReassemblyBytes = 0
	}
	exchange(t, handles(t, open(t, cs)), 300, 200_000)

	h := handles(t, open(t, []Config{{ID: 9, Bind: netip.MustParseAddrPort("127.0.0.1:0"), Detect: 2 * time.Minute, Heartbeat: 30 * time.Second}}))[0]
	exchangeAlone(t, h)
	go func() {
		for range 3000 {
			h.McastJoined(context.Background(), Agreed, make([]byte, 10_000))
		}
	}()
	collect(t, h, 3000)
}
