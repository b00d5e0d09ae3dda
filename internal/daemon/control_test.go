package daemon_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"path/filepath"
	"strings"
	"testing"

	"stampede/evs"
	"stampede/internal/daemon"
	"stampede/internal/ipc"
)

// controlled is a server of a processor that is alone, and where it listens.
func controlled(t *testing.T, o daemon.ServerOptions) (*daemon.Server, string) {
	t.Helper()
	p, err := evs.Open(t.Context(), evs.Config{Cluster: fmt.Sprintf("test-%016x", rand.Uint64()), ID: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	l, path := listenUnix(t)
	s := daemon.New(p, o)
	go s.Serve(l)
	t.Cleanup(s.Close)
	return s, path
}

func listenUnix(t *testing.T) (*net.UnixListener, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l, path
}

// answering is a daemon that answers every request on one connection after the
// other with what it is told.
func answering(t *testing.T, answer func(r *ipc.Request) []byte) string {
	t.Helper()
	l, path := listenUnix(t)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			answerAll(c, answer)
			c.Close()
		}
	}()
	return path
}

func answerAll(c net.Conn, answer func(r *ipc.Request) []byte) {
	in := ipc.NewInbox(ipc.LongestHello)
	for {
		b, err := in.Await(c)
		if err != nil {
			return
		}
		var r ipc.Request
		if r.Parse(b) != nil {
			return
		}
		text := answer(&r)
		if text == nil {
			return
		}
		c.Write(text)
	}
}

func welcome(r *ipc.Request, version uint16) []byte {
	w := ipc.Welcome{Version: version}
	a := ipc.Answer{Op: r.Op, ID: r.ID, Body: w.AppendTo(nil)}
	return a.AppendTo(nil)
}

func dialControl(t *testing.T, path string) *daemon.Control {
	t.Helper()
	c, err := daemon.DialControl(t.Context(), path, "test")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func TestControlAsksEverything(t *testing.T) {
	_, path := controlled(t, daemon.ServerOptions{Version: "v"})
	c := dialControl(t, path)
	var status daemon.Status
	var members daemon.Configuration
	var groups []daemon.Joined
	var clients []daemon.Client
	var stats daemon.Stats
	for what, into := range map[string]any{"status": &status, "members": &members, "groups": &groups, "clients": &clients, "stats": &stats} {
		if err := c.Query(t.Context(), what, into); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	if status.Version != "v" || len(members.Members) != 1 || groups == nil || len(clients) != 1 || !clients[0].Control || clients[0].Name != "test" || stats.Server["connected"] != 1 {
		t.Errorf("%+v %+v %+v %+v", status, members, groups, clients)
	}
	if err := c.Query(t.Context(), "weather", &status); err == nil || !strings.Contains(err.Error(), "unknown operation") {
		t.Error(err)
	}
	if err := c.Query(t.Context(), "status", &groups); err == nil || !strings.Contains(err.Error(), `answer to "status"`) {
		t.Error(err)
	}
}

func TestControlCommands(t *testing.T) {
	_, path := controlled(t, daemon.ServerOptions{Reload: func() (daemon.Policy, []string, error) { return daemon.Policy{}, []string{"mtu"}, nil }})
	c := dialControl(t, path)
	if b, err := c.Command(t.Context(), "reload"); err != nil || string(b) != `{"restart":["mtu"]}` {
		t.Errorf("%s %v", b, err)
	}
	for _, text := range []string{"stop", "log-level info", "dance"} {
		if _, err := c.Command(t.Context(), text); err == nil || !strings.Contains(err.Error(), "unknown operation") || errors.Is(err, daemon.ErrAbsent) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestControlEnded(t *testing.T) {
	s, path := controlled(t, daemon.ServerOptions{})
	c, other := dialControl(t, path), dialControl(t, path)
	ended := make(chan error)
	go func() { ended <- c.Ended(t.Context()) }()
	s.Close()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	var v any
	if err := other.Query(t.Context(), "status", &v); !errors.Is(err, daemon.ErrAbsent) || !strings.Contains(err.Error(), "the daemon has ended") {
		t.Error(err)
	}
}

func TestControlErrors(t *testing.T) {
	says := func(status ipc.Status, text string) func(*ipc.Request) []byte {
		return func(r *ipc.Request) []byte {
			a := ipc.Answer{Op: ipc.Bye, Status: status, Body: []byte(text)}
			return a.AppendTo(nil)
		}
	}
	for _, c := range []struct {
		name   string
		answer func(*ipc.Request) []byte
		is     error
		text   string
	}{
		{"denied", says(ipc.Denied, "uid 7"), evs.ErrDenied, "uid 7"},
		{"version", says(ipc.BadVersion, "9"), evs.ErrVersion, "9"},
		{"ended", says(ipc.Closed, "over"), daemon.ErrAbsent, "over"},
		{"put out", says(ipc.Disconnected, "by uid 7"), evs.ErrDisconnected, "by uid 7"},
		{"busy", says(ipc.Busy, "as many as there may be"), nil, "as many as there may be"},
		{"wordless", says(ipc.Busy, ""), nil, "busy"},
		{"closes", func(*ipc.Request) []byte { return nil }, daemon.ErrAbsent, "any more"},
		{"newer", func(r *ipc.Request) []byte { return welcome(r, 9) }, evs.ErrVersion, "9"},
		{"garbage", func(*ipc.Request) []byte { return []byte("HTTP/1.1 400 Bad Request\r\n\r\n") }, ipc.ErrLength, "length"},
		{"short", func(*ipc.Request) []byte { return []byte{16, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0} }, ipc.ErrRecord, "too early"},
	} {
		t.Run(c.name, func(t *testing.T) {
			control, err := daemon.DialControl(t.Context(), answering(t, c.answer), "test")
			if control != nil || err == nil || c.is != nil && !errors.Is(err, c.is) || !strings.Contains(err.Error(), c.text) {
				t.Errorf("%v", err)
			}
		})
	}
	if _, err := daemon.DialControl(t.Context(), filepath.Join(t.TempDir(), "none"), "test"); !errors.Is(err, daemon.ErrAbsent) {
		t.Error(err)
	}
}

// What was asked before and given up does not pass for an answer to this.
func TestControlSkipsOtherAnswers(t *testing.T) {
	c := dialControl(t, answering(t, func(r *ipc.Request) []byte {
		if r.Op == ipc.OpHello {
			return welcome(r, ipc.Version)
		}
		other := ipc.Answer{Op: r.Op, ID: r.ID + 1, Body: []byte(`"other"`)}
		own := ipc.Answer{Op: r.Op, ID: r.ID, Body: []byte(`"own"`)}
		return own.AppendTo(other.AppendTo(nil))
	}))
	var text string
	if err := c.Query(t.Context(), "x", &text); err != nil || text != "own" {
		t.Error(text, err)
	}
}

func TestControlEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	c := dialControl(t, answering(t, func(r *ipc.Request) []byte {
		if r.Op == ipc.OpHello {
			return welcome(r, ipc.Version)
		}
		cancel() // and no answer
		return []byte{}
	}))
	var v any
	if err := c.Query(ctx, "x", &v); !errors.Is(err, context.Canceled) || errors.Is(err, daemon.ErrAbsent) {
		t.Error(err)
	}
	if err := c.Query(t.Context(), "x", &v); err == nil {
		t.Error("a connection with an answer on its way was used again")
	}
	if _, err := daemon.DialControl(ctx, "nowhere", "test"); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestExplain(t *testing.T) {
	for _, c := range []struct {
		err    error
		absent bool
	}{
		{evs.ErrClosed, true}, {io.EOF, true}, {daemon.ErrAbsent, true},
		{evs.ErrSlow, false}, {fmt.Errorf("%w (%w)", evs.ErrSlow, evs.ErrClosed), false}, {evs.ErrTooLarge, false},
		{fmt.Errorf("%w (%w)", evs.ErrDisconnected, evs.ErrClosed), false}, {evs.ErrDenied, false}, {nil, false},
	} {
		if err := daemon.Explain("s", c.err); errors.Is(err, daemon.ErrAbsent) != c.absent || !errors.Is(err, c.err) {
			t.Errorf("%v: %v", c.err, err)
		}
	}
}
