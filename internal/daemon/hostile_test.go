package daemon

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"

	"stampede/evs"
	"stampede/internal/ipc"
)

// TestStrangers: whoever says what is no request is told so and shown out;
// others do not notice.
func TestStrangers(t *testing.T) {
	r := newRig(t, ServerOptions{})
	witness := r.dial(evs.HandleOptions{})
	before := takeCensus(t)
	hello := func(least, most uint16) []byte {
		h := ipc.Hello{Least: least, Most: most}
		return ipc.AppendRequest(nil, &ipc.Request{Op: ipc.OpHello}, h.AppendTo(nil))
	}
	good := hello(1, 1)
	then := func(b []byte) []byte { return append(bytes.Clone(good), b...) }
	for _, c := range []struct {
		name   string
		bytes  []byte
		status ipc.Status
		says   string
	}{
		{"a web browser", []byte("GET /status HTTP/1.1\r\nHost: localhost\r\n\r\n"), ipc.Malformed, "length"},
		{"zeroes", make([]byte, 100), ipc.Malformed, "length"},
		{"no hello", ipc.AppendRequest(nil, &ipc.Request{Op: ipc.OpFlush}), ipc.Malformed, "flush, not hello"},
		{"a hello of another kind", ipc.AppendRequest(nil, &ipc.Request{Op: ipc.OpHello}, make([]byte, 100)), ipc.Malformed, "no hello"},
		{"a hello that is too long", ipc.AppendRequest(nil, &ipc.Request{Op: ipc.OpHello}, make([]byte, 5000)), ipc.Malformed, "length"},
		{"a later version", hello(2, 9), ipc.BadVersion, "version 1, the program 2 to 9"},
		{"an earlier version", hello(0, 0), ipc.BadVersion, "version 1"},
		{"a request without end", then([]byte{0xff, 0xff, 0xff, 0x7f, byte(ipc.OpMcast), 0, 0, 0}), ipc.Malformed, "length"},
		{"a request that is too short", then([]byte{8, 0, 0, 0, byte(ipc.OpMcast), 0, 0, 0}), ipc.Malformed, "too early"},
		{"more keys than there are", then(withCount(ipc.AppendRequest(nil, &ipc.Request{Op: ipc.OpJoin}), 0xffff)), ipc.Malformed, "too early"},
		{"keys twice", then(withFlags(ipc.AppendRequest(nil, &ipc.Request{Op: ipc.OpMcast, Keys: make([]ipc.Key, 1)}), ipc.SameKeys)), ipc.Malformed, "keys"},
		{"a wrong guarantee", then(ipc.AppendRequest(nil, &ipc.Request{Op: ipc.OpMcast, Guarantee: 4, Keys: make([]ipc.Key, 1)})), ipc.BadWord, "without confirmation"},
		{"nothing joined", then(ipc.AppendRequest(nil, &ipc.Request{Op: ipc.OpMcast, Flags: ipc.Joined})), ipc.NotJoined, "without confirmation"},
		{"too many groups", then(ipc.AppendRequest(nil, &ipc.Request{Op: ipc.OpMcast, Keys: make([]ipc.Key, evs.MaxGroups+1)})), ipc.TooManyKeys, "without confirmation"},
	} {
		s := r.stranger()
		s.conn.Write(c.bytes)
		a := s.hear()
		if a.Op == ipc.OpHello && a.Status == ipc.OK {
			a = s.hear()
		}
		if a.Op != ipc.Bye || a.Status != c.status || !strings.Contains(string(a.Body), c.says) {
			t.Errorf("%s: op %v, status %v, %q", c.name, a.Op, a.Status, a.Body)
		}
		if a = s.hear(); a.Status != ended {
			t.Errorf("%s: something more: %+v", c.name, a)
		}
		s.conn.Close()
	}
	counts := r.s.counters.all()
	if counts["bad_version"] != 2 || counts["malformed"] < 8 || counts["refused"] != 3 {
		t.Errorf("%v", counts)
	}
	send(t, witness, 100)
	receive(t, witness, 100)
	before.restored(t)
}

func withCount(b []byte, n uint16) []byte {
	b[12], b[13] = byte(n), byte(n>>8)
	return b
}

func withFlags(b []byte, flags uint8) []byte {
	b[5] |= flags
	return b
}

// TestRequestsThatAreRefused: what can be answered is answered, and the
// connection goes on.
func TestRequestsThatAreRefused(t *testing.T) {
	r := newRig(t, ServerOptions{})
	s := r.stranger()
	s.hello(0)
	for _, c := range []struct {
		name    string
		request ipc.Request
		body    []byte
		status  ipc.Status
	}{
		{"an operation of the future", ipc.Request{Op: 77}, nil, ipc.Unknown},
		{"a second hello", ipc.Request{Op: ipc.OpHello}, nil, ipc.Unknown},
		{"a question of the future", ipc.Request{Op: ipc.OpQuery}, []byte("weather"), ipc.Unknown},
		{"a command of the future", ipc.Request{Op: ipc.OpCommand}, []byte("dance"), ipc.Unknown},
		{"a command that cannot be", ipc.Request{Op: ipc.OpCommand}, []byte("reload"), ipc.Unknown},
		{"a client that is not there", ipc.Request{Op: ipc.OpCommand}, []byte("disconnect 4711"), ipc.Failed},
		{"too many groups to join", ipc.Request{Op: ipc.OpJoin, Keys: someKeys(evs.MaxGroups + 1)}, nil, ipc.TooManyKeys},
		{"a message that is confirmed, of a wrong guarantee", ipc.Request{Op: ipc.OpMcast, Flags: ipc.Confirm, Guarantee: 9, Keys: make([]ipc.Key, 1)}, nil, ipc.BadWord},
		{"one to nothing joined", ipc.Request{Op: ipc.OpMcast, Flags: ipc.Confirm | ipc.Joined}, nil, ipc.NotJoined},
		{"to leave what was not joined", ipc.Request{Op: ipc.OpLeave, Keys: make([]ipc.Key, 1)}, nil, ipc.OK},
		{"members", ipc.Request{Op: ipc.OpMembers}, nil, ipc.OK},
	} {
		c.request.ID = rand.Uint32()
		s.say(c.request, c.body)
		if a := s.hear(); a.Op != c.request.Op || a.ID != c.request.ID || a.Status != c.status || a.Status != ipc.OK && len(a.Body) == 0 {
			t.Errorf("%s: %v %v %q", c.name, a.Op, a.Status, a.Body)
		}
	}
	if a := s.hearAfter(ipc.Request{Op: ipc.OpJoin, Keys: make([]ipc.Key, 1)}); a.Status != ipc.OK {
		t.Errorf("the connection does not go on: %+v", a)
	}
	control := r.stranger()
	if a := control.hello(ipc.Control); a.Status != ipc.OK {
		t.Fatalf("%+v", a)
	}
	for _, op := range []ipc.Op{ipc.OpJoin, ipc.OpLeave, ipc.OpMcast, ipc.OpFlush} {
		if a := control.hearAfter(ipc.Request{Op: op, Flags: ipc.Confirm}); a.Status != ipc.Unknown {
			t.Errorf("%v without a handle: %+v", op, a)
		}
	}
	if n := r.s.Clients(); n != 1 {
		t.Errorf("%d clients: one for control only counts", n)
	}
}

func (s *stranger) hearAfter(r ipc.Request) ipc.Answer {
	s.t.Helper()
	s.say(r, nil)
	return s.hear()
}

func someKeys(n int) []ipc.Key {
	keys := make([]ipc.Key, n)
	for i := range keys {
		keys[i] = ipc.Key{byte(i), byte(i >> 8), 1}
	}
	return keys
}

// TestHalfMessages: of a program that dies in the middle of a message the whole
// ones are sent, and the half one is counted.
func TestHalfMessages(t *testing.T) {
	r := newRig(t, ServerOptions{})
	witness := r.dial(evs.HandleOptions{})
	s := r.stranger()
	s.hello(0)
	m := ipc.AppendRequest(nil, &ipc.Request{Op: ipc.OpMcast, Guarantee: uint8(evs.Agreed), Keys: []ipc.Key{group}}, []byte("a whole one"))
	s.conn.Write(append(bytes.Clone(m), m[:len(m)-8]...))
	s.conn.Close()
	if got := receive(t, witness, 1); len(got) != 1 || got[0] != "a whole one" {
		t.Errorf("%q", got)
	}
	eventually(t, "the interruption", func() bool { return r.s.counters.Interrupted.Load() == 1 })
	if n := r.s.counters.Messages.Load(); n != 1 {
		t.Errorf("%d messages", n)
	}
}

// TestTooManyClients: one more than there may be is told so, and may come when
// another has gone; questions are answered all the while.
func TestTooManyClients(t *testing.T) {
	r := newRig(t, ServerOptions{Policy: Policy{MaxClients: 3}})
	var hs []*evs.Handle
	for range 3 {
		hs = append(hs, r.dial(evs.HandleOptions{}))
	}
	_, err := evs.Dial(testContext(t), r.socket, evs.HandleOptions{})
	if err == nil || !strings.Contains(err.Error(), "3 clients, as many as there may be") {
		t.Errorf("a fourth: %v", err)
	}
	if a := r.stranger().hello(ipc.Control); a.Status != ipc.OK {
		t.Errorf("control: %+v", a)
	}
	hs[0].Close()
	eventually(t, "room", func() bool { return r.s.Clients() == 2 })
	r.dial(evs.HandleOptions{})
}

// TestTooManyConnections: those that say nothing cannot keep others out for
// longer than they are given.
func TestTooManyConnections(t *testing.T) {
	r := newRig(t, ServerOptions{Policy: Policy{MaxClients: 1}})
	var silent []net.Conn
	for range 1 + 2*controls { // this user is an operator
		c, err := net.Dial("unix", r.socket)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		silent = append(silent, c)
	}
	eventually(t, "all connections", func() bool { return r.s.counters.Connected.Load() == uint64(len(silent)) })
	if a := r.stranger().hear(); a.Op != ipc.Bye || a.Status != ipc.Busy {
		t.Errorf("%+v", a)
	}
	for _, c := range silent {
		c.Close()
	}
	eventually(t, "room", func() bool { return r.s.counters.Ended.Load() == uint64(len(silent)) })
	r.dial(evs.HandleOptions{})
}

// TestPolicy: who may connect, hold up the group, and give commands; and a
// reload that changes it.
func TestPolicy(t *testing.T) {
	own := uint32(os.Geteuid())
	listed, other := own+7, own+8 // neither is root, nor whoever runs this
	nobody := Peers{UIDs: []uint32{listed}, GIDs: []uint32{65533}}
	somebody := credentials{UID: other, GID: 1000}
	for _, c := range []struct {
		policy               Policy
		who                  credentials
		allow, hold, command bool
	}{
		{Policy{}, somebody, true, false, false},
		{Policy{Allow: nobody}, somebody, false, false, false},
		{Policy{Allow: nobody}, credentials{UID: listed}, true, false, false},
		{Policy{Allow: nobody}, credentials{UID: other, GID: 65533}, true, false, false},
		{Policy{Hold: nobody}, credentials{UID: listed}, true, true, false},
		{Policy{Admin: nobody}, credentials{UID: other, GID: 65533}, true, false, true},
		{Policy{Allow: nobody}, credentials{UID: 0}, true, true, true},
		{Policy{Allow: nobody}, credentials{UID: own}, true, true, true},
	} {
		if got := c.policy.allows(c.who); got != c.allow {
			t.Errorf("%+v, %+v: allow %v", c.policy, c.who, got)
		}
		if got := c.policy.holds(c.who); got != c.hold {
			t.Errorf("%+v, %+v: hold %v", c.policy, c.who, got)
		}
		if got := c.policy.admits(c.who); got != c.command {
			t.Errorf("%+v, %+v: command %v", c.policy, c.who, got)
		}
	}
}

// TestReload: what is read again counts from then on; what makes no sense
// changes nothing.
func TestReload(t *testing.T) {
	next, failure := Policy{MaxClients: 1}, error(nil)
	r := newRig(t, ServerOptions{Reload: func() (Policy, []string, error) { return next, []string{"mtu"}, failure }})
	r.dial(evs.HandleOptions{})
	r.dial(evs.HandleOptions{})
	s := r.stranger()
	s.hello(ipc.Control)
	s.say(ipc.Request{Op: ipc.OpCommand}, []byte("reload"))
	if a := s.hear(); a.Status != ipc.OK || string(a.Body) != `{"restart":["mtu"]}` {
		t.Errorf("%v %s", a.Status, a.Body)
	}
	if _, err := evs.Dial(testContext(t), r.socket, evs.HandleOptions{}); err == nil {
		t.Error("a third client, where one may be")
	}
	next, failure = Policy{}, errors.New("line 7: nonsense")
	s.say(ipc.Request{Op: ipc.OpCommand}, []byte("reload"))
	if a := s.hear(); a.Status != ipc.Failed || !strings.Contains(string(a.Body), "line 7: nonsense") {
		t.Errorf("%v %s", a.Status, a.Body)
	}
	if n := r.s.policy.Load().MaxClients; n != 1 {
		t.Errorf("max clients %d after a reload that failed", n)
	}
}

// TestRaisedGuarantees: for programs that relied on what Corosync did.
func TestRaisedGuarantees(t *testing.T) {
	r := newRig(t, ServerOptions{Policy: Policy{RaiseGuarantees: true}})
	h := r.dial(evs.HandleOptions{})
	for g := evs.Unordered; g <= evs.Safe; g++ {
		if _, err := h.McastJoined(testContext(t), g); err != nil {
			t.Fatal(err)
		}
	}
	want := []evs.Guarantee{evs.Agreed, evs.Agreed, evs.Agreed, evs.Safe}
	for e, err := range h.Events(testContext(t)) {
		if err != nil {
			t.Fatal(err)
		}
		if e.Kind != evs.Deliver {
			continue
		}
		if e.Guarantee != want[0] {
			t.Errorf("%v, want %v", e.Guarantee, want[0])
		}
		if want = want[1:]; len(want) == 0 {
			return
		}
	}
}

// TestDialRefusals: what can be wrong with a daemon, told apart.
func TestDialRefusals(t *testing.T) {
	path := t.TempDir() + "/s"
	dial := func() error {
		h, err := evs.Dial(testContext(t), path, evs.HandleOptions{})
		if err == nil {
			h.Close()
		}
		return err
	}
	if err := dial(); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no socket: %v", err)
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	l.Close()
	if err := dial(); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("nobody listens: %v", err)
	}
	for name, answer := range map[string]func(net.Conn){
		"it closes":         func(c net.Conn) {},
		"it says nonsense":  func(c net.Conn) { c.Write([]byte("220 mail.example.com ESMTP ready\r\n")) },
		"a short welcome":   func(c net.Conn) { a := ipc.Answer{Op: ipc.OpHello}; c.Write(a.AppendTo(nil)) },
		"no event socket":   func(c net.Conn) { c.Write(welcome(1)) },
		"another version":   func(c net.Conn) { c.Write(welcome(2)) },
		"half of a welcome": func(c net.Conn) { c.Write(welcome(1)[:30]) },
	} {
		os.Remove(path)
		fake, err := net.Listen("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			c, err := fake.Accept()
			if err != nil {
				return
			}
			c.Read(make([]byte, 1000))
			answer(c)
			c.Close()
		}()
		if err := dial(); err == nil || !strings.HasPrefix(err.Error(), "evs: ") {
			t.Errorf("%s: %v", name, err)
		}
		fake.Close()
	}
}

func welcome(version uint16) []byte {
	w := ipc.Welcome{Version: version}
	a := ipc.Answer{Op: ipc.OpHello, Body: w.AppendTo(nil)}
	return a.AppendTo(nil)
}
