package evs

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
)

// Who asks for everything gets the messages of all groups, each once, whatever
// else it joins and leaves, and those to no group no more than others do.
func TestEverything(t *testing.T) {
	ps := open(t, configs(t, 2, multicast))
	watcher := openAt(t, ps[1], HandleOptions{Everything: true})
	sender := newHandle(t, ps[0])
	if list := watcher.Groups(); len(list) != 0 {
		t.Errorf("it has joined %v", list)
	}
	if err := watcher.Join(testGroup); err != nil {
		t.Fatal(err)
	}
	if err := watcher.Leave(testGroup); err != nil {
		t.Fatal(err)
	}
	var want []string
	mcast := func(size int, groups ...Group) {
		t.Helper()
		payload := fmt.Appendf(nil, "%d %d", len(want), len(groups))
		if _, err := sender.McastGroups(testContext(t), Agreed, groups, payload, make([]byte, size)); err != nil {
			t.Fatal(err)
		}
		if len(groups) > 0 {
			want = append(want, fmt.Sprint(string(payload), " ", size))
		}
	}
	for k := range 600 { // more group sets than are announced at a time
		g := Group{'x', byte(k), byte(k >> 8)}
		mcast(0, g)
		mcast(10, g, testGroup)
		mcast(0)
	}
	mcast(100_000, Group{'l'})
	var got []string
	for e, err := range watcher.Events(testContext(t)) {
		if err != nil {
			t.Fatalf("after %d of %d: %v", len(got), len(want), err)
		}
		if e.Kind != Deliver {
			continue
		}
		text := bytes.TrimRight(e.Payload, "\x00")
		got = append(got, fmt.Sprint(string(text), " ", len(e.Payload)-len(text)))
		if len(got) == len(want) {
			break
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
