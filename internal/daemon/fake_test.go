//go:build unix

package daemon

import (
	"context"
	"net"
	"testing"
	"time"

	"stampede/evs"
	"stampede/internal/ipc"
)

// FuzzDaemon: whatever a daemon says, on either socket, a program's calls return
// and what it is given are events.
func FuzzDaemon(f *testing.F) {
	path := f.TempDir() + "/s"
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		f.Fatal(err)
	}
	defer l.Close()
	message := ipc.Message{Guarantee: 2, Sender: 1, Number: 1, Incarnation: 1, Keys: []ipc.Key{group}, Payload: []byte("payload")}
	change := ipc.Change{Kind: ipc.Regular, Members: make([]ipc.Member, 3)}
	ok := ipc.Answer{Op: ipc.OpJoin, ID: 1}
	bye := ipc.Answer{Op: ipc.Bye, Status: ipc.Slow, Body: []byte("too slow")}
	f.Add(ok.AppendTo(nil), message.AppendTo(change.AppendTo(nil)))
	f.Add(bye.AppendTo(ok.AppendTo(nil)), ipc.AppendReleased(message.AppendTo(nil), 7))
	again := message
	again.Keys, again.SameKeys = nil, true
	f.Add(ok.AppendTo(nil), again.AppendTo(again.AppendTo(message.AppendTo(nil))))
	f.Add([]byte{}, []byte{0xff, 0xff, 0xff, 0xff, 1, 0, 0, 0})
	f.Fuzz(func(t *testing.T, answers, events []byte) {
		said := make(chan struct{})
		go func() {
			defer close(said)
			pretend(l, answers, events)
		}()
		ctx, stop := context.WithTimeout(t.Context(), 10*time.Second)
		defer stop()
		h, err := evs.Dial(ctx, path, evs.HandleOptions{})
		if err != nil {
			t.Fatal(err)
		}
		defer h.Close()
		joined := make(chan struct{})
		go func() {
			h.Join(group) // its answer may be among answers, or never come
			close(joined)
		}()
		buf := make([]evs.Event, 3)
		for {
			n, err := h.Receive(ctx, buf)
			if err != nil {
				break
			}
			for i := range buf[:n] {
				if e := &buf[i]; e.Kind < evs.Deliver || e.Kind > evs.Released || (e.Config != nil) != (e.Kind == evs.Regular || e.Kind == evs.Transitional) {
					t.Errorf("%+v", e)
				}
			}
		}
		<-joined
		<-said
		if ctx.Err() != nil {
			t.Errorf("nothing ends after %x and %x", answers, events)
		}
	})
}

// pretend is a daemon for one program: it welcomes it, says what it is to say,
// and goes.
func pretend(l *net.UnixListener, answers, events []byte) {
	c, err := l.AcceptUnix()
	if err != nil {
		return
	}
	defer c.Close()
	c.Read(make([]byte, 4096))
	own, theirs, err := eventPair()
	if err != nil {
		return
	}
	defer own.Close()
	w := ipc.Welcome{Version: ipc.Version, Processor: 1, Incarnation: 1, MaxMessage: 1 << 16, MaxKeys: 100, QueueBytes: 1 << 20}
	a := ipc.Answer{Op: ipc.OpHello, Body: w.AppendTo(nil)}
	c.WriteMsgUnix(a.AppendTo(nil), rights(theirs), nil)
	theirs.Close()
	own.Write(events)
	c.Write(answers)
}
