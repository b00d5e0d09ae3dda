package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"stampede/evs"
	"stampede/internal/conf"
	"stampede/internal/console"
	"stampede/internal/daemon"
)

func wantParts(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("no %q in:\n%s", part, text)
		}
	}
}

func TestStatus(t *testing.T) {
	d := startDaemons(t, 2, daemon.ServerOptions{})[1]
	wantParts(t, d.prints(t, "status"), "1.2-test, process "+strconv.Itoa(os.Getpid()), d.processor.Cluster(),
		"processor      2, incarnation ", "members 1 2\n", "clients        0\n", "log level      INFO\n")
	var s daemon.Status
	d.object(t, &s, "status")
	if s.Self.ID != 2 || s.PID != os.Getpid() || len(s.Configuration.Members) != 2 || s.Cluster != d.processor.Cluster() {
		t.Errorf("%+v", s)
	}
}

// A daemon may wait for its first clients.
func TestBeforeTheFirstConfiguration(t *testing.T) {
	p, err := evs.Prepare(evs.Config{ID: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	d := serveProcessor(t, p, daemon.ServerOptions{})
	wantParts(t, d.prints(t, "status"), "configuration  none yet\n")
	wantParts(t, d.prints(t, "status", "--json"), `"members": []`)
	wantParts(t, d.prints(t, "members", "--json"), `"members": []`)
	wantParts(t, d.prints(t, "top", "--once", "--no-ping", "--interval", "10ms"), "members: 0")
}

// The flag wins over the environment.
func TestSocketFlag(t *testing.T) {
	d := startDaemon(t, daemon.ServerOptions{})
	cmd := program(t, "status", "--socket", d.socket)
	if o := runWith(t, cmd, conf.AddressVar+"=no-such-socket"); o.status != 0 {
		t.Errorf("%+v", o)
	}
}

func TestMembers(t *testing.T) {
	daemons := startDaemons(t, 2, daemon.ServerOptions{})
	d := daemons[1]
	lines := strings.Split(d.prints(t, "members"), "\n")
	if len(lines) != 4 || !strings.HasPrefix(lines[1], "1 ") || !strings.HasPrefix(lines[2], "2 ") || !strings.HasSuffix(lines[2], "self") {
		t.Errorf("%q", lines)
	}
	var m console.Members
	d.object(t, &m, "members")
	now := d.processor.Configuration()
	if m.Epoch != now.ID.Epoch || len(m.Members) != 2 || m.Members[1].ID != 2 || m.Members[1].Incarnation != d.processor.Self().Incarnation {
		t.Errorf("%+v", m)
	}
	for i := range m.Members {
		if want := daemons[i].processor.Facts().Local.String(); m.Members[i].Address != want || !strings.Contains(lines[i+1], " "+want+" ") {
			t.Errorf("processor %d at %s, want %s: %q", i+1, m.Members[i].Address, want, lines[i+1])
		}
		if isRep := m.Members[i].Member == m.Representative; isRep != strings.Contains(fmt.Sprint(m.Members[i].Roles), "representative") {
			t.Errorf("%+v", m)
		}
	}
}

func TestGroupsAndClients(t *testing.T) {
	d := startDaemon(t, daemon.ServerOptions{})
	key := "0x" + strings.Repeat("01", 32)
	g := d.start(t, "recv", "news", key)
	id := d.awaitGroup(t, "news")
	wantParts(t, d.prints(t, "groups"), "GROUP ", "\nnews ", fmt.Sprintf("\n%s  %d\n", key, id))
	var groups joinedGroups
	d.object(t, &groups, "groups")
	if len(groups.Groups) != 2 || groups.Groups[0].Key != key[2:] || groups.Groups[1].Name != "news" || groups.Groups[1].Clients[0] != id {
		t.Errorf("%+v", groups)
	}
	var clients connectedClients
	d.object(t, &clients, "clients")
	found := false
	for _, c := range clients.Clients {
		found = found || c.ID == id && c.PID == g.cmd.Process.Pid && c.Groups == 2 && c.Name == "stampede"
	}
	if !found {
		t.Errorf("%+v", clients)
	}
	wantParts(t, d.prints(t, "clients"), "CLIENT", fmt.Sprintf("\n%d ", id), fmt.Sprintf(" %d ", g.cmd.Process.Pid))
	g.signal(t, os.Interrupt)
	g.end(t)
}

func TestStats(t *testing.T) {
	d := startDaemon(t, daemon.ServerOptions{})
	d.prints(t, "send", "-g", "news", "hello")
	text := d.prints(t, "stats")
	wantParts(t, text, "daemon_messages 1\n", "daemon_bytes 5\n", "loop_passes ", "member_configs 1\n", "sock_overruns 0\n", "order_retransmits 0\n", "loop_verdicts_bad_check 0\n")
	var all namedCounters
	d.object(t, &all, "stats")
	if len(all.Counters) != strings.Count(text, "\n") || all.Counters["daemon_messages"] != 1 || all.Now.IsZero() {
		t.Errorf("%+v", all)
	}
	if text := d.prints(t, "stats", "daemon_messages", "member_conf"); text != "daemon_messages 1\nmember_configs 1\n" {
		t.Errorf("%q", text)
	}
}

func TestSend(t *testing.T) {
	d := startDaemons(t, 2, daemon.ServerOptions{})
	h, other := d[0].member(t, "news"), d[1].member(t, "sport")
	long := strings.Repeat("x", 200_000)
	for _, c := range []struct{ arg, stdin, stdout string }{
		{"send --group news hello world", "", ""},
		{"send -g news -g sport --guarantee safe --wait twice", "", ""},
		{"send -g news", "all of\nit\n", ""},
		{"send -g news", long, ""},
		{"send -g news --lines --guarantee fifo", "one\r\n\nthree", ""},
		{"send -g news --json --lines", "a\nb\n", "{\n  \"sent\": 2\n}\n"},
		{"send -g news --json --lines", "", "{\n  \"sent\": 0\n}\n"},
	} {
		if o := d[1].run(t, c.stdin, strings.Fields(c.arg)...); o.status != 0 || o.stdout != c.stdout || o.stderr != "" {
			t.Errorf("%s: %+v", c.arg, o)
		}
	}
	want := []string{"agreed hello world", "safe twice", "agreed all of\nit\n", "agreed " + long, "fifo one", "fifo ", "fifo three", "agreed a", "agreed b"}
	for i, m := range messages(t, h, len(want)) {
		if m != want[i] {
			t.Errorf("message %d is %.50q, want %.50q", i, m, want[i])
		}
	}
	if m := messages(t, other, 1); m[0] != "safe twice" {
		t.Errorf("%q", m)
	}
}

// Of a file what was read before is not read again.
func TestSendTheRestOfAFile(t *testing.T) {
	d := startDaemon(t, daemon.ServerOptions{})
	h := d.member(t, "news")
	f, err := os.Create(filepath.Join(t.TempDir(), "lines"))
	if err == nil {
		defer f.Close()
		_, err = f.WriteString("read by others\nrest\n")
	}
	if err == nil {
		_, err = f.Seek(int64(len("read by others\n")), io.SeekStart)
	}
	if err != nil {
		t.Fatal(err)
	}
	cmd := program(t, "send", "-g", "news", "--lines")
	cmd.Stdin = f
	if o := runWith(t, cmd, conf.AddressVar+"="+d.socket); o.status != 0 {
		t.Fatalf("%+v", o)
	}
	if m := messages(t, h, 1); m[0] != "agreed rest" {
		t.Errorf("%q", m)
	}
}

func TestSendTooLong(t *testing.T) {
	d := startDaemon(t, daemon.ServerOptions{})
	tooLong := strings.Repeat("x", d.processor.MaxMessageBytes()+1)
	if o := d.run(t, tooLong, "send", "-g", "news"); o.status != failed || !strings.Contains(o.stderr, "larger than the configured maximum") {
		t.Errorf("%.300v", o)
	}
	o := d.run(t, "fine\n"+tooLong+"\n", "send", "-g", "news", "--lines", "--json")
	if o.status != failed || !strings.Contains(o.stderr, "line 2: ") || o.stdout != "{\n  \"sent\": 1\n}\n" {
		t.Errorf("%.300v", o)
	}
}

// A signal ends it though nobody types anything.
func TestSignalEndsReading(t *testing.T) {
	d := startDaemon(t, daemon.ServerOptions{})
	for _, arg := range [][]string{{"send", "-g", "x"}, {"send", "-g", "x", "--lines"}} {
		g := d.start(t, arg...)
		for len(d.connected(t)) == 0 {
		}
		g.signal(t, os.Interrupt)
		if o := g.end(t); o.status != failed || o.stderr != "stampede: send: interrupted\n" {
			t.Errorf("%q: %+v", arg, o)
		}
		for len(d.connected(t)) > 0 {
		}
	}
}

// connected are the clients with handles.
func (d *running) connected(t *testing.T) (list []daemon.Client) {
	t.Helper()
	if t.Context().Err() != nil {
		t.Fatal("the test has run out of time")
	}
	var all []daemon.Client
	d.asked(t, "clients", &all)
	for _, c := range all {
		if !c.Control {
			list = append(list, c)
		}
	}
	return list
}

// received runs recv, has messages sent to its group, and is what it prints.
func (d *running) received(t *testing.T, group string, payloads []string, arg ...string) outcome {
	t.Helper()
	g := d.start(t, append([]string{"recv", group}, arg...)...)
	d.awaitGroup(t, group)
	h := d.member(t, group+"'")
	for _, p := range payloads {
		d.send(t, h, group, p)
	}
	return g.end(t)
}

func TestRecv(t *testing.T) {
	d := startDaemon(t, daemon.ServerOptions{})
	payloads := []string{"hello", "", "two\nlines \x1b[2J\\", "\xff\x00"}
	for i, c := range []struct{ arg, want string }{
		{"--count 4", "1#1 0: hello\n1#2 0: \n1#3 0: two\\nlines \\x1b[2J\\\\\n1#4 0: \\xff\\x00\n"},
		{"--count 4 --raw", "hello\n\ntwo\nlines \x1b[2J\\\n\xff\x00\n"},
		{`--count 2 --raw --separator \0`, "hello\x00\x00"},
		{`--count 1 --raw --separator \xff\t;`, "hello\xff\t;"},
		{"--count 1 --raw --separator= --hold", "hello"},
	} {
		o := d.received(t, strconv.Itoa(i), payloads, strings.Fields(c.arg)...)
		want := c.want
		if i == 0 {
			want = strings.ReplaceAll(want, " 0:", " "+strconv.Itoa(i)+":")
		}
		if o.status != 0 || o.stdout != want || o.stderr != "" {
			t.Errorf("%s: %+v, want %q", c.arg, o, want)
		}
	}
}

func TestRecvJSON(t *testing.T) {
	d := startDaemon(t, daemon.ServerOptions{})
	o := d.received(t, "news", []string{"<ü>", "", "\xff\x00"}, "--json", "--count", "3")
	lines := strings.Split(strings.TrimSpace(o.stdout), "\n")
	if o.status != 0 || len(lines) != 3 || o.stderr != "" {
		t.Fatalf("%+v", o)
	}
	for i, want := range []string{`"text":"<ü>"`, `"text":""`, `"base64":"/wA="`} {
		var r console.Record
		decode(t, lines[i], &r)
		if r.Event != "message" || r.Sender != 1 || r.Incarnation != d.processor.Self().Incarnation || r.Number != uint64(i+1) ||
			r.Guarantee != "agreed" || fmt.Sprint(r.Groups) != "[news]" || r.Time.IsZero() || !strings.Contains(lines[i], want) || r.Change != nil {
			t.Errorf("%s", lines[i])
		}
	}
}

func TestRecvTimeout(t *testing.T) {
	d := startDaemon(t, daemon.ServerOptions{})
	if o := d.run(t, "", "recv", "news", "--count", "1", "--timeout", "50ms"); o.status != timedOut || o.stdout != "" {
		t.Errorf("%+v", o)
	}
}

func TestMonitor(t *testing.T) {
	ds := startDaemons(t, 2, daemon.ServerOptions{})
	text, lines := ds[0].start(t, "monitor", "news", "--count", "4"), ds[0].start(t, "monitor", "news", "--json", "--count", "4")
	if line := text.line(t); !strings.Contains(line, " regular ") || !strings.HasSuffix(line, ": members 1 2, left none, joined 1 2") {
		t.Error(line)
	}
	var first console.Record
	decode(t, lines.line(t), &first)
	if first.Event != "regular" || len(first.Configuration.Members) != 2 || first.Message != nil {
		t.Errorf("%+v", first)
	}
	for len(ds[0].connected(t)) < 2 {
	}
	h := ds[0].member(t, "x")
	for n := 0; n < 2; {
		var groups []daemon.Joined
		ds[0].asked(t, "groups", &groups)
		for _, g := range groups {
			n = len(g.Clients)
		}
	}
	ds[0].send(t, h, "news", "hello")
	if line := text.line(t); !strings.HasSuffix(line, " agreed 1#1 news: hello") {
		t.Error(line)
	}
	var message console.Record
	decode(t, lines.line(t), &message)
	if message.Event != "message" || *message.Text != "hello" || message.Change != nil {
		t.Errorf("%+v", message)
	}
	if err := ds[1].processor.Leave(t.Context()); err != nil {
		t.Fatal(err)
	}
	o := text.end(t)
	rest := strings.Split(o.stdout, "\n")
	if o.status != 0 || len(rest) != 3 || !strings.Contains(rest[0], " transitional ") || !strings.HasSuffix(rest[1], ": members 1, left 2, joined none") {
		t.Errorf("%+v", o)
	}
	o = lines.end(t)
	var last console.Record
	rest = strings.Split(o.stdout, "\n")
	decode(t, rest[1], &last)
	if last.Event != "regular" || len(last.Configuration.Members) != 1 || len(last.Left) != 1 || last.Left[0].ID != 2 || len(last.Joined) != 0 {
		t.Errorf("%+v", o)
	}
}

// With --all it prints what is for groups that nobody has named.
func TestMonitorAll(t *testing.T) {
	ds := startDaemons(t, 2, daemon.ServerOptions{})
	g := ds[0].start(t, "monitor", "--all", "--count", "3")
	g.line(t) // the configuration: it is there
	h := ds[1].member(t, "x")
	ds[1].send(t, h, "news", "hello")
	ds[1].send(t, h, "sport", "hi")
	if o := g.end(t); o.status != 0 || !regexp.MustCompile("^[^\n]* agreed 2#1 news: hello\n[^\n]* agreed 2#2 sport: hi\n$").MatchString(o.stdout) {
		t.Errorf("%+v", o)
	}
	var list struct{ Groups []daemon.Joined }
	if ds[0].object(t, &list, "groups"); len(list.Groups) > 0 {
		t.Errorf("%+v", list)
	}
}

func TestChat(t *testing.T) {
	ds := startDaemons(t, 2, daemon.ServerOptions{})
	alice, bob := ds[0].start(t, "chat", "--name", "alice", "news"), ds[1].start(t, "chat", "--name", "bob", "--guarantee", "safe", "news")
	for _, g := range []*going{alice, bob} {
		if line := g.line(t); line != "* members: 1 2" {
			t.Error(line)
		}
	}
	ds[0].awaitGroup(t, "news")
	ds[1].awaitGroup(t, "news")
	say := func(g *going, line string) {
		if _, err := fmt.Fprintln(g.in, line); err != nil {
			t.Fatal(err)
		}
	}
	say(alice, "hello")
	for _, g := range []*going{alice, bob} {
		if line := g.line(t); line != "[1] alice: hello" {
			t.Error(line)
		}
	}
	say(bob, "\nhow are you?\x1b[2J")
	for _, g := range []*going{alice, bob} {
		if line := g.line(t); line != `[2] bob: how are you?\x1b[2J` {
			t.Error(line)
		}
	}
	ds[0].prints(t, "send", "-g", "news", "by send")
	bob.in.Close()
	if o := bob.end(t); o.status != 0 || o.stderr != "" {
		t.Errorf("%+v", o)
	}
	ds[1].processor.Leave(t.Context())
	if a, b := alice.line(t), alice.line(t); a != "[1] by send" || b != "* processor 2 left" {
		t.Error(a, b)
	}
	alice.in.Close()
	if o := alice.end(t); o.status != 0 || o.stdout != "" || o.stderr != "" {
		t.Errorf("%+v", o)
	}
}

// All that was piped in comes out before it ends.
func TestChatWithPipes(t *testing.T) {
	d := startDaemon(t, daemon.ServerOptions{})
	var in, want strings.Builder
	want.WriteString("* members: 1\n")
	for i := range 500 {
		fmt.Fprintln(&in, "line", i)
		fmt.Fprintln(&want, "[1] me: line", i)
	}
	if o := d.run(t, in.String(), "chat", "--name", "me", "news"); o.status != 0 || o.stdout != want.String() || o.stderr != "" {
		t.Errorf("%+v", o)
	}
	if o := d.run(t, "", "chat", "news"); o.status != 0 || !strings.HasPrefix("* members: 1\n", o.stdout) {
		t.Errorf("%+v", o)
	}
	o := d.run(t, "x\n", "chat", "--json", "--name", "me", "news")
	lines := strings.Split(o.stdout, "\n")
	var r console.Record
	decode(t, lines[1], &r)
	if o.status != 0 || len(lines) != 3 || *r.Text != "me: x" {
		t.Errorf("%+v", o)
	}
}

func TestPing(t *testing.T) {
	d := startDaemons(t, 2, daemon.ServerOptions{})[1]
	text := d.prints(t, "ping", "--count", "3", "--interval", "0s", "--size", "5000")
	wantParts(t, text, "agreed 1: ", "safe 1: ", "agreed 3: ", "agreed: 3 sent, 3 received, 0% lost\nagreed: min/avg/p50/p99/max = ", "safe: 3 sent, 3 received, 0% lost\n")
	if text := d.prints(t, "ping", "--count", "2", "--interval", "0s", "-q", "--guarantee", "fifo"); strings.Count(text, "\n") != 2 || !strings.HasPrefix(text, "fifo: 2 sent") {
		t.Error(text)
	}
	var m measuredTrips
	d.object(t, &m, "ping", "--count", "50", "--interval", "0s")
	if m.Bytes != 64 || len(m.Trips) != 2 {
		t.Fatalf("%+v", m)
	}
	for _, s := range m.Trips {
		if s.Sent != 50 || s.Received != 50 || s.Lost != 0 || s.Min <= 0 || s.Min > s.P50 || s.P50 > s.P99 || s.P99 > s.Max || s.Avg < s.Min || s.Avg > s.Max {
			t.Errorf("%+v", s)
		}
	}
}

// A member that is silent holds up the safe ones, though not for ever.
func TestPingLost(t *testing.T) {
	ds := startDaemons(t, 2, daemon.ServerOptions{})
	entered, release := make(chan struct{}), make(chan struct{})
	stuck, err := ds[0].processor.Handle(evs.HandleOptions{})
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error)
	go func() { // the loop does nothing else meanwhile
		served <- stuck.Serve(t.Context(), func([]evs.Event) error {
			close(entered)
			<-release
			return errors.New("enough")
		})
	}()
	<-entered
	o := ds[1].run(t, "", "ping", "--count", "1", "--guarantee", "safe", "--within", "20ms")
	close(release)
	<-served
	if o.status != timedOut || !strings.HasPrefix(o.stdout, "safe 1: lost\nsafe: 1 sent, 0 received, 100% lost\n") || !strings.Contains(o.stderr, "1 did not come back within 20ms") {
		t.Errorf("%+v", o)
	}
}

func TestTop(t *testing.T) {
	d := startDaemons(t, 2, daemon.ServerOptions{})[1]
	text := d.prints(t, "top", "--once", "--interval", "10ms")
	wantParts(t, text, "stampede 1.2-test, cluster "+d.processor.Cluster(), "members: 2", "PROCESSOR", "self", "latency", "agreed ", "queues", "CLIENT", "stampede\n")
	if strings.Contains(text, "\x1b") {
		t.Errorf("control sequences without a terminal: %q", text)
	}
	if text := d.prints(t, "top", "--count", "3", "--interval", "10ms", "--no-ping"); strings.Count(text, "PROCESSOR") != 3 || !strings.Contains(text, "agreed -") {
		t.Error(text)
	}
	lines := strings.Split(strings.TrimSpace(d.prints(t, "top", "--json", "--count", "5", "--interval", "10ms")), "\n")
	if len(lines) != 5 {
		t.Fatalf("%q", lines)
	}
	out := 0.0 // a message may leave before the interval in which it counts, or behind it
	for _, line := range lines {
		var f console.Frame
		decode(t, line, &f)
		if f.Self.ID != 2 || len(f.Members.Members) != 2 || f.Seconds <= 0 || f.Latency.Agreed <= 0 || f.Latency.Safe <= 0 ||
			f.Rates.Messages <= 0 || len(f.Clients) != 1 || f.Clients[0].Messages <= 0 {
			t.Errorf("%s", line)
		}
		out += f.Rates.DatagramsOut
	}
	if out <= 0 {
		t.Errorf("no datagram left: %s", lines)
	}
}

func TestDisconnect(t *testing.T) {
	d := startDaemon(t, daemon.ServerOptions{})
	g := d.start(t, "recv", "news")
	id := strconv.FormatUint(d.awaitGroup(t, "news"), 10)
	if text := d.prints(t, "disconnect", id); text != "" {
		t.Error(text)
	}
	if o := g.end(t); o.status != putOut || !strings.Contains(o.stderr, "an operator, uid ") {
		t.Errorf("%+v", o)
	}
	if o := d.run(t, "", "disconnect", id); o.status != failed || !strings.Contains(o.stderr, "there is no client "+id) {
		t.Errorf("%+v", o)
	}
}

func TestLogLevel(t *testing.T) {
	d := startDaemon(t, daemon.ServerOptions{})
	if before, answer, after := d.prints(t, "log-level"), d.prints(t, "log-level", "debug"), d.prints(t, "log-level"); before != "INFO\n" || answer != "" || after != "DEBUG\n" {
		t.Error(before, answer, after)
	}
	var l struct {
		Level string `json:"log_level"`
	}
	if d.object(t, &l, "log-level"); l.Level != "DEBUG" || d.level.Level().String() != "DEBUG" {
		t.Errorf("%+v", l)
	}
}

func TestReload(t *testing.T) {
	var restart []string
	var wrong error
	d := startDaemon(t, daemon.ServerOptions{Reload: func() (daemon.Policy, []string, error) { return daemon.Policy{}, restart, wrong }})
	if text := d.prints(t, "reload"); text != "" {
		t.Error(text)
	}
	if text := d.prints(t, "reload", "--json"); text != "{\n  \"restart\": []\n}\n" {
		t.Error(text)
	}
	restart = []string{"id", "mtu"}
	if text := d.prints(t, "reload"); text != "id\nmtu\n" {
		t.Error(text)
	}
	var r daemon.Reloaded
	if d.object(t, &r, "reload"); len(r.Restart) != 2 {
		t.Errorf("%+v", r)
	}
	wrong = errors.New("stampede.toml:3: no")
	if o := d.run(t, "", "reload"); o.status != failed || !strings.Contains(o.stderr, "everything stays as it was: stampede.toml:3: no") {
		t.Errorf("%+v", o)
	}
}

func TestLeave(t *testing.T) {
	d := startDaemon(t, daemon.ServerOptions{})
	if text := d.prints(t, "leave"); text != "" {
		t.Error(text)
	}
	if o := d.run(t, "", "leave"); o.status != noDaemon {
		t.Errorf("%+v", o)
	}
}

// leave waits until the daemon is gone.
func TestLeaveWaits(t *testing.T) {
	stop := make(chan struct{})
	d := startDaemon(t, daemon.ServerOptions{Stop: func() { close(stop) }})
	g := d.start(t, "leave")
	<-stop
	d.server.Close()
	if o := g.end(t); o.status != 0 || o.stderr != "" {
		t.Errorf("%+v", o)
	}
	stuck := startDaemon(t, daemon.ServerOptions{Stop: func() {}})
	if o := stuck.run(t, "", "leave", "--timeout", "50ms"); o.status != timedOut {
		t.Errorf("%+v", o)
	}
}

func TestCompletion(t *testing.T) {
	d := startDaemon(t, daemon.ServerOptions{})
	g := d.start(t, "recv", "breaking")
	id := d.awaitGroup(t, "breaking")
	for arg, want := range map[string]string{
		"recv ":                "breaking\n",
		"monitor x ":           "breaking\n",
		"chat ":                "breaking\n",
		"send --group ":        "breaking\n",
		"disconnect ":          fmt.Sprintf("%d\tstampede, process %d\n", id, g.cmd.Process.Pid),
		"log-level ":           "debug\ninfo\nwarn\nerror\n",
		"ping --guarantee ":    "agreed\nunordered\nfifo\nsafe\n",
		"chat --guarantee ":    "safe\n",
		"statu":                "status\t",
		"completion ":          "powershell",
		"recv --socket /none ": ":4\n",
	} {
		if text := d.run(t, "", append([]string{"__complete"}, strings.Split(arg, " ")...)...).stdout; !strings.Contains(text, want) {
			t.Errorf("%s: %q, want %q", arg, text, want)
		}
	}
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		if text := d.prints(t, "completion", shell); !strings.Contains(text, "__complete") {
			t.Errorf("%s: %s", shell, text)
		}
	}
	g.signal(t, os.Interrupt)
	g.end(t)
}

// Every name that stands in JSON is described.
func TestJSONIsDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/cli.md")
	if err != nil {
		t.Fatal(err)
	}
	d := startDaemon(t, daemon.ServerOptions{Reload: func() (daemon.Policy, []string, error) { return daemon.Policy{}, nil, nil }})
	g := d.start(t, "recv", "news")
	d.awaitGroup(t, "news")
	for _, arg := range []string{"status", "members", "groups", "clients", "stats daemon_", "ping --count 1", "reload", "log-level", "send -g news x", "monitor --count 1", "top --once --interval 10ms", "recv --count 1"} {
		var printed string
		if arg == "recv --count 1" {
			printed = d.received(t, "more", []string{"x"}, "--count", "1", "--json").stdout
		} else {
			printed = d.prints(t, append(strings.Fields(arg), "--json")...)
		}
		var v any
		if err := json.Unmarshal([]byte(printed), &v); err != nil {
			t.Fatalf("%s: %v", arg, err)
		}
		for _, name := range namesIn(v) {
			if !strings.Contains(string(text), "`"+name+"`") {
				t.Errorf("docs/cli.md does not tell what %q of %s is", name, arg)
			}
		}
	}
	g.signal(t, os.Interrupt)
	g.end(t)
}

// namesIn are the names of all objects in v; those of counters are docs/tuning.md's.
func namesIn(v any) (names []string) {
	switch v := v.(type) {
	case map[string]any:
		for name, inner := range v {
			names = append(names, name)
			if name != "counters" {
				names = append(names, namesIn(inner)...)
			}
		}
	case []any:
		for _, inner := range v {
			names = append(names, namesIn(inner)...)
		}
	}
	return names
}
