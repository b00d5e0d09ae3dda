package bench

import (
	"context"
	"fmt"
	"io"
	"net/netip"
	"os/exec"
	"sync"
	"time"

	"stampede/evs"
)

// hub is a group of engines in one process whose order is that of a lock. A
// test may have it deliver otherwise than it should.
type hub struct {
	mu     sync.Mutex
	room   sync.Cond // some queue has become shorter
	joined map[int]*fake
	full   chan struct{} // closed when all hosts are there
	hosts  int
	// wrong, if set, is what host gets instead of the n-th message (from 1) that the
	// hub orders. What it returns is delivered in that order.
	wrong func(host, n int, e evs.Event) []evs.Event
	n     int
}

func newHub(hosts int) *hub {
	h := &hub{joined: map[int]*fake{}, full: make(chan struct{}), hosts: hosts}
	h.room.L = &h.mu
	return h
}

// fake is an engine of a hub.
type fake struct {
	hub    *hub
	host   int
	number uint64
	queue  []evs.Event
	closed bool
	ready  chan struct{} // capacity 1: there is something
}

// fakeQueue is how many events a fake keeps for its host.
const fakeQueue = 4096

func (h *hub) open(ctx context.Context, a *assignment) (engine, error) {
	h.mu.Lock()
	f := &fake{hub: h, host: a.Host, ready: make(chan struct{}, 1)}
	f.queue = append(f.queue, evs.Event{Kind: evs.Regular, Config: &evs.ConfigChange{Kind: evs.Regular}})
	h.joined[a.Host] = f
	if len(h.joined) == h.hosts {
		close(h.full)
	}
	h.mu.Unlock()
	select {
	case <-h.full:
		return f, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (f *fake) McastJoined(ctx context.Context, g evs.Guarantee, iov ...[]byte) (uint64, error) {
	stop := context.AfterFunc(ctx, f.hub.room.Broadcast)
	defer stop()
	f.hub.mu.Lock()
	defer f.hub.mu.Unlock()
	for {
		number, err := f.mcast(g, iov)
		if err == nil || ctx.Err() != nil {
			return number, ctx.Err()
		}
		f.hub.room.Wait()
	}
}

func (f *fake) TryMcastJoined(g evs.Guarantee, iov ...[]byte) (uint64, error) {
	f.hub.mu.Lock()
	defer f.hub.mu.Unlock()
	return f.mcast(g, iov)
}

// mcast orders a message. The hub is locked.
func (f *fake) mcast(g evs.Guarantee, iov [][]byte) (uint64, error) {
	h := f.hub
	for _, other := range h.joined {
		if len(other.queue) >= fakeQueue && !other.closed {
			return 0, evs.ErrAgain
		}
	}
	f.number++
	h.n++
	e := evs.Event{Kind: evs.Deliver, Guarantee: g, Sender: evs.ProcessorID(f.host), Number: f.number}
	for _, part := range iov {
		e.Payload = append(e.Payload, part...)
	}
	for host, other := range h.joined {
		events := []evs.Event{e}
		if h.wrong != nil {
			events = h.wrong(host, h.n, e)
		}
		other.queue = append(other.queue, events...)
		select {
		case other.ready <- struct{}{}:
		default:
		}
	}
	return f.number, nil
}

func (f *fake) Receive(ctx context.Context, buf []evs.Event) (int, error) {
	for {
		f.hub.mu.Lock()
		n := copy(buf, f.queue)
		f.queue = f.queue[n:]
		f.hub.room.Broadcast()
		f.hub.mu.Unlock()
		if n > 0 {
			return n, nil
		}
		select {
		case <-f.ready:
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
}

func (f *fake) Serve(ctx context.Context, each func([]evs.Event) error) error {
	buf := make([]evs.Event, 64)
	for {
		n, err := f.Receive(ctx, buf)
		if err != nil {
			return err
		}
		if err := each(buf[:n]); err != nil {
			return err
		}
	}
}

func (f *fake) state() state {
	return state{Engine: "fake", GSO: "on", GRO: "off", Wait: "block", Datagram: 1472,
		Retransmits: uint64(f.host), ReceiveCalls: 10, ReceivedTrains: 20, ReceivedDatagrams: 200}
}

func (f *fake) Close() error {
	f.hub.mu.Lock()
	defer f.hub.mu.Unlock()
	f.closed = true
	f.hub.room.Broadcast()
	return nil
}

// launcher starts hosts of the hub as goroutines.
func (h *hub) launcher() launcher { return goroutines(h.open) }

// goroutines starts hosts in this process, with the given engine.
func goroutines(open func(context.Context, *assignment) (engine, error)) launcher {
	return func(ctx context.Context, n int) (*conn, error) {
		orders, in := io.Pipe()
		out, reports := io.Pipe()
		ended := make(chan error, 1)
		ctx, kill := context.WithCancel(ctx)
		go func() {
			err := host(ctx, orders, reports, func(ctx context.Context, a *assignment) (system, error) {
				return openExchange(ctx, a, open)
			})
			orders.Close()
			reports.Close()
			ended <- err
		}()
		return &conn{in, out, func() error { return <-ended }, func() error { kill(); return nil }}, nil
	}
}

// nowhere is a place for hosts that need no addresses.
type nowhere struct{}

func (nowhere) assign(s *Scenario) (all []assignment, err error) {
	for i := range s.Hosts {
		all = append(all, assignment{Scenario: *s, Host: i + 1, Bind: netip.AddrPort{}})
	}
	return all, nil
}

func (nowhere) command(ctx context.Context, n int, name string, arg ...string) *exec.Cmd {
	panic(fmt.Sprint("bench: no processes here: ", n, name, arg))
}

func (nowhere) Close() error { return nil }

// newTestRunner runs scenarios on hosts that launch starts.
func newTestRunner(launch launcher) *runner {
	return &runner{
		env:      newEnvironment("test"),
		show:     newProgress(nil, false),
		newPlace: func(context.Context, *Scenario) (place, error) { return nowhere{}, nil },
		launch:   func(place, int) launcher { return launch },
		lead:     10 * time.Millisecond,
		stalled:  5 * time.Second,
	}
}
