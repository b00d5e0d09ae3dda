package daemon

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"stampede/evs"
)

// A program can tell that an operator has put it out from the daemon's end, and
// that it was alone in this.
func TestOperatorDisconnects(t *testing.T) {
	r := newRig(t, ServerOptions{})
	out, other := r.dial(evs.HandleOptions{Name: "out"}), r.dial(evs.HandleOptions{Name: "other"})
	send(t, other, 1)
	for _, h := range []*evs.Handle{out, other} {
		if got := receive(t, h, 1); len(got) != 1 {
			t.Fatal(got)
		}
	}
	control, err := DialControl(testContext(t), r.socket, "operator")
	if err != nil {
		t.Fatal(err)
	}
	defer control.Close()
	var list []Client
	if err := control.Query(testContext(t), "clients", &list); err != nil {
		t.Fatal(err)
	}
	for _, c := range list {
		if c.Name != "out" {
			continue
		}
		if _, err := control.Command(testContext(t), fmt.Sprint("disconnect ", c.ID)); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := drain(t, out); got != 0 || !errors.Is(err, evs.ErrDisconnected) || !errors.Is(err, evs.ErrClosed) || !strings.Contains(err.Error(), fmt.Sprint("uid ", os.Getuid())) {
		t.Errorf("%d messages, %v", got, err)
	}
	if _, err := out.McastJoined(testContext(t), evs.Agreed, nil); !errors.Is(err, evs.ErrDisconnected) {
		t.Errorf("sending: %v", err)
	}
	send(t, other, 1)
	if got := receive(t, other, 1); len(got) != 1 {
		t.Errorf("the other one received %q", got)
	}
	r.s.Close()
	if _, err := drain(t, other); !errors.Is(err, evs.ErrClosed) || errors.Is(err, evs.ErrDisconnected) {
		t.Errorf("the daemon's end: %v", err)
	}
}

// drain takes what there is until the end, and counts messages.
func drain(t *testing.T, h *evs.Handle) (n int, err error) {
	for events := make([]evs.Event, 16); ; {
		k, err := h.Receive(testContext(t), events)
		for i := range events[:k] {
			if events[i].Kind == evs.Deliver {
				n++
			}
		}
		if err != nil {
			return n, err
		}
	}
}
