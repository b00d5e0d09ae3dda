//go:build unix

package daemon

import (
	"bytes"
	"context"
	"errors"
	"net"
	"os"
	"syscall"
	"testing"
	"time"

	"stampede/evs"
	"stampede/internal/ipc"
	"stampede/internal/shm"
)

// FuzzDaemon: whatever a daemon says, on either socket and in shared memory, a
// program's calls return and what it is given are events.
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
	shared := message.AppendTo(change.AppendTo(nil))
	piece := ipc.Piece{Bytes: uint32(len(shared))}
	f.Add(ok.AppendTo(nil), message.AppendTo(change.AppendTo(nil)), []byte{})
	f.Add(ok.AppendTo(nil), message.AppendTo(piece.AppendTo(nil)), shared)
	f.Add(bye.AppendTo(ok.AppendTo(nil)), ipc.AppendReleased(message.AppendTo(nil), 7), []byte{})
	again := message
	again.Keys, again.SameKeys = nil, true
	f.Add(ok.AppendTo(nil), again.AppendTo(again.AppendTo(message.AppendTo(nil))), []byte{})
	f.Add([]byte{}, []byte{0xff, 0xff, 0xff, 0xff, 1, 0, 0, 0}, []byte{})
	f.Fuzz(func(t *testing.T, answers, events, memory []byte) {
		said := make(chan struct{})
		go func() {
			defer close(said)
			pretend(l, answers, events, memory)
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
			t.Errorf("nothing ends after %x, %x and %x", answers, events, memory)
		}
	})
}

// pretend is a daemon for one program: it welcomes it, says what it is to say,
// and goes.
func pretend(l *net.UnixListener, answers, events, memory []byte) {
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
	passed := []*os.File{theirs}
	if shared, file, err := shm.Create("fake", 4096); err == nil {
		copy(shared.Room(4096)[:4096], memory)
		defer shared.Close()
		passed = append(passed, file)
	}
	c.WriteMsgUnix(a.AppendTo(nil), rights(passed), nil)
	for _, f := range passed {
		f.Close()
	}
	own.Write(events)
	c.Write(answers)
}

// FuzzClient: whatever a client writes, the daemon lives, and others get their
// messages.
func FuzzClient(f *testing.F) {
	r := newRig(f, ServerOptions{})
	witness := r.dial(evs.HandleOptions{})
	h := ipc.Hello{Least: 1, Most: 1}
	for _, q := range []ipc.Request{
		{Op: ipc.OpJoin, Keys: make([]ipc.Key, 2)}, {Op: ipc.OpLeave, Keys: make([]ipc.Key, 1)}, {Op: ipc.OpFlush}, {Op: ipc.OpMembers},
		{Op: ipc.OpMcast, Guarantee: 3, Flags: ipc.Confirm, Keys: make([]ipc.Key, 1)}, {Op: ipc.OpMcast, Flags: ipc.Confirm | ipc.Joined | ipc.Lend},
		{Op: ipc.OpQuery, Body: []byte("status")}, {Op: ipc.OpQuery, Body: []byte("stats")}, {Op: ipc.OpCommand, Body: []byte("disconnect 9")}, {Op: 99},
	} {
		f.Add(uint8(0), ipc.AppendRequest(ipc.AppendRequest(nil, &q), &q))
		f.Add(uint8(1), ipc.AppendRequest(nil, &q))
		f.Add(uint8(4), ipc.AppendRequest(nil, &q))
	}
	f.Fuzz(func(t *testing.T, greeting uint8, b []byte) {
		if bytes.Contains(b, []byte("disconnect ")) {
			t.Skip() // it may, and the witness would go
		}
		c, err := net.Dial("unix", r.socket)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		c.SetDeadline(time.Now().Add(10 * time.Second))
		if greeting%5 != 1 {
			flags := []uint8{0, 0, ipc.Control, ipc.Hold, ipc.Share}[greeting%5]
			c.Write(ipc.AppendRequest(nil, &ipc.Request{Op: ipc.OpHello, Flags: flags}, h.AppendTo(nil)))
			if flags == ipc.Share { // and it says the same where positions are expected
				events, memory := passed(t, c.(*net.UnixConn))
				defer events.Close()
				defer memory.Close()
				events.Write(b)
			}
		}
		c.Write(b)
		c.(*net.UnixConn).CloseWrite()
		for buf := make([]byte, 64<<10); ; {
			if _, err := c.Read(buf); err != nil {
				if errors.Is(err, os.ErrDeadlineExceeded) {
					t.Errorf("the daemon does not close %x", b)
				}
				break
			}
		}
		if _, err := witness.McastGroups(t.Context(), evs.Agreed, []evs.Group{{'w'}}, []byte("still here")); err != nil {
			t.Errorf("after %x: %v", b, err)
		}
	})
}

// passed reads a welcome with all that comes along; memory is nil where there is
// none.
func passed(t testing.TB, c *net.UnixConn) (events *net.UnixConn, memory *os.File) {
	t.Helper()
	oob := make([]byte, 100)
	_, n, _, _, err := c.ReadMsgUnix(make([]byte, 1000), oob)
	if err != nil {
		t.Fatal(err)
	}
	messages, err := syscall.ParseSocketControlMessage(oob[:n])
	if err != nil || len(messages) != 1 {
		t.Fatal(messages, err)
	}
	fds, err := syscall.ParseUnixRights(&messages[0])
	if err != nil || len(fds) == 0 {
		t.Fatal(fds, err)
	}
	f := os.NewFile(uintptr(fds[0]), "events")
	defer f.Close()
	conn, err := net.FileConn(f)
	if err != nil {
		t.Fatal(err)
	}
	conn.SetDeadline(time.Now().Add(time.Minute))
	if len(fds) > 1 {
		memory = os.NewFile(uintptr(fds[1]), "memory")
	}
	return conn.(*net.UnixConn), memory
}
