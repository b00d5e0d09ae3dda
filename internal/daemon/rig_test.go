package daemon

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"stampede/evs"
	"stampede/internal/ipc"
)

// rig is a daemon's server in this process, with a processor that is alone.
type rig struct {
	t      testing.TB
	p      *evs.Processor
	s      *Server
	socket string
}

func newRig(t testing.TB, o ServerOptions) *rig {
	t.Helper()
	p, err := evs.Open(testContext(t), evs.Config{ID: 1, Cluster: fmt.Sprintf("daemon-%d-%s", os.Getpid(), t.Name())})
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{t: t, p: p, s: New(p, o), socket: filepath.Join(t.TempDir(), "s")}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: r.socket, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- r.s.Serve(l) }()
	t.Cleanup(func() {
		r.s.Close()
		if err := <-served; err != nil {
			t.Errorf("serve: %v", err)
		}
		p.Close()
	})
	return r
}

// running is a daemon in this process, until ctx ends; then its error comes.
func running(t testing.TB, ctx context.Context, socket string) (done <-chan error) {
	t.Helper()
	ready, end := make(chan struct{}), make(chan error, 1)
	go func() {
		end <- Run(ctx, Options{Config: evs.Config{ID: 1, Cluster: socket}, Socket: socket, Mode: 0o600, UID: -1, GID: -1, Ready: func() { close(ready) }})
	}()
	select {
	case <-ready:
	case err := <-end:
		t.Fatal(err)
	}
	return end
}

// testContext ends long after any of these tests should.
func testContext(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

var group = evs.Group{'g'}

// dial opens a client that has joined the group.
func (r *rig) dial(o evs.HandleOptions) *evs.Handle {
	r.t.Helper()
	h, err := evs.Dial(testContext(r.t), r.socket, o)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { h.Close() })
	if err := h.Join(group); err != nil {
		r.t.Fatal(err)
	}
	return h
}

// send sends n messages that tell where they stand.
func send(t testing.TB, h *evs.Handle, n int) {
	t.Helper()
	for k := range n {
		if _, err := h.McastJoined(testContext(t), evs.Agreed, fmt.Appendf(nil, "%d %d", h.Origin(), k)); err != nil {
			t.Error(err)
			return
		}
	}
}

// receive receives n messages.
func receive(t testing.TB, h *evs.Handle, n int) (got []string) {
	t.Helper()
	ctx := testContext(t)
	for e, err := range h.Events(ctx) {
		if err != nil {
			t.Errorf("after %d of %d messages: %v", len(got), n, err)
			return got
		}
		if e.Kind == evs.Deliver {
			if got = append(got, string(e.Payload)); len(got) == n {
				return got
			}
		}
	}
	return got
}

// stranger is a connection that speaks the protocol by hand.
type stranger struct {
	t    testing.TB
	conn *net.UnixConn
	in   *ipc.Inbox
}

func (r *rig) stranger() *stranger {
	r.t.Helper()
	c, err := net.DialUnix("unix", nil, &net.UnixAddr{Name: r.socket, Net: "unix"})
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(time.Minute))
	return &stranger{r.t, c, ipc.NewInbox(1 << 20)}
}

// say sends a request. It may find that it has been thrown out.
func (s *stranger) say(r ipc.Request, body []byte) { s.conn.Write(ipc.AppendRequest(nil, &r, body)) }

func (s *stranger) hello(flags uint8) ipc.Answer {
	s.t.Helper()
	h := ipc.Hello{Least: ipc.Version, Most: ipc.Version, Name: "stranger"}
	s.say(ipc.Request{Op: ipc.OpHello, Flags: flags}, h.AppendTo(nil))
	return s.hear()
}

// hear is the next answer, with the status -1 when the connection has ended.
func (s *stranger) hear() (a ipc.Answer) {
	s.t.Helper()
	b, err := s.in.Await(s.conn)
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		s.t.Fatal("no answer")
	case errors.Is(err, ipc.ErrLength):
		s.t.Fatal(err)
	case err != nil:
		return ipc.Answer{Status: ended}
	}
	if err := a.Parse(b); err != nil {
		s.t.Fatal(err)
	}
	a.Body = append([]byte(nil), a.Body...)
	return a
}

const ended ipc.Status = 0xffff

// eventually waits until it holds; what is waited for is asked for again and
// again, since there is nothing that would tell of it.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !holds(); runtime.Gosched() {
		if time.Now().After(end) {
			t.Fatalf("%s did not come true", what)
		}
	}
}

// collected waits until what closes gone is garbage.
func collected(t testing.TB, what string, gone <-chan struct{}) {
	t.Helper()
	eventually(t, "the end of "+what, func() bool {
		runtime.GC()
		select {
		case <-gone:
			return true
		default:
			return false
		}
	})
}

// census counts what must not leak.
type census struct{ descriptors, goroutines int }

func takeCensus(t testing.TB) census {
	t.Helper()
	c := census{goroutines: runtime.NumGoroutine()}
	if list, err := os.ReadDir("/proc/self/fd"); err == nil {
		c.descriptors = len(list)
	}
	return c
}

// restored waits until there is no more of anything than there was.
func (c census) restored(t testing.TB) {
	t.Helper()
	var now census
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); runtime.Gosched() {
		if now = takeCensus(t); now.descriptors <= c.descriptors && now.goroutines <= c.goroutines {
			return
		}
	}
	t.Errorf("%+v, were %+v", now, c)
}
