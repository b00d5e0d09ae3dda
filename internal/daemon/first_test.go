package daemon

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"stampede/evs"
)

// Only those count that are listed, as often as they are, while they are there.
func TestExpectedClients(t *testing.T) {
	r := newRig(t, ServerOptions{})
	there := r.s.expect([]string{"ledger", "web", "ledger"})
	joins := func(name string) *evs.Handle { return r.dial(evs.HandleOptions{Name: name}) }
	missing := func(when string) {
		t.Helper()
		select {
		case <-there:
			t.Fatalf("nobody is missed any more %s", when)
		default:
		}
	}
	joins("stampede")
	joins("ledger")
	second := joins("ledger")
	missing("before there is a web")
	second.Close()
	eventually(t, "the end of a ledger", func() bool { return r.s.Clients() == 2 })
	joins("web")
	joins("web")
	missing("with one ledger")
	idle, err := evs.Dial(testContext(t), r.socket, evs.HandleOptions{Name: "ledger"})
	if err != nil {
		t.Fatal(err)
	}
	defer idle.Close()
	missing("with a ledger that has joined nothing")
	if err := idle.Join(group); err != nil {
		t.Fatal(err)
	}
	<-there
	joins("ledger").Close() // makes no difference any more
}

// Programs for which a daemon waits see its processor's life from the beginning,
// whoever else comes before them.
func TestFirstClients(t *testing.T) {
	ctx, stop := context.WithCancel(testContext(t))
	o := Options{Socket: filepath.Join(t.TempDir(), "s"), Mode: 0o600, UID: -1, GID: -1, FirstClients: []string{"a", "b"},
		Config: evs.Config{ID: 1, Cluster: fmt.Sprintf("daemon-%d-%s", os.Getpid(), t.Name())}}
	ended := make(chan error, 1)
	go func() { ended <- Run(ctx, o) }()
	defer func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}()
	eventually(t, "the daemon's socket", func() bool {
		h, err := evs.Dial(ctx, o.Socket, evs.HandleOptions{Name: "stampede"})
		if err == nil {
			t.Cleanup(func() { h.Close() })
			err = h.Join(group)
		}
		return err == nil
	})
	control, err := DialControl(ctx, o.Socket, "test")
	if err != nil {
		t.Fatal(err)
	}
	defer control.Close()
	var all []*evs.Handle
	for _, name := range o.FirstClients {
		var c Configuration
		if err := control.Query(ctx, "members", &c); err != nil || len(c.Members) > 0 {
			t.Errorf("before %s is there: %+v, %v", name, c, err)
		}
		h, err := evs.Dial(ctx, o.Socket, evs.HandleOptions{Name: name})
		if err != nil {
			t.Fatal(err)
		}
		defer h.Close()
		if err := h.Join(group); err != nil {
			t.Fatal(err)
		}
		all = append(all, h)
	}
	for _, h := range all {
		events := make([]evs.Event, 1)
		if _, err := h.Receive(ctx, events); err != nil {
			t.Fatal(err)
		}
		if c := events[0].Config; events[0].Kind != evs.Regular || c.From != (evs.ConfigID{}) || len(c.Joined) != 1 {
			t.Errorf("the first event is %v %+v", events[0].Kind, c)
		}
	}
}
