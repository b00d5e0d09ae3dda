package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"stampede/evs"
	"stampede/internal/conf"
	"stampede/internal/daemon"
	"stampede/internal/ipc"
)

// running is a daemon in this process.
type running struct {
	socket    string
	processor *evs.Processor
	server    *daemon.Server
	level     slog.LevelVar
}

// startDaemons runs daemons of a new cluster over loopback, which are all in one
// configuration.
func startDaemons(t *testing.T, n int, o daemon.ServerOptions) []*running {
	t.Helper()
	cluster, all := fmt.Sprintf("test-%016x", rand.Uint64()), make([]*running, n)
	var start []evs.ProcessorID
	var peers []netip.AddrPort
	for i, port := range ports(t, n) {
		start = append(start, evs.ProcessorID(i+1))
		peers = append(peers, netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(port)))
	}
	var wg sync.WaitGroup
	for i := range all {
		wg.Go(func() {
			c := evs.Config{Cluster: cluster, ID: start[i], Start: start, Bind: peers[i], Peers: peers, Detect: 3 * time.Second}
			all[i] = serveDaemon(t, c, o)
		})
	}
	wg.Wait()
	if t.Failed() {
		t.FailNow()
	}
	return all
}

func startDaemon(t *testing.T, o daemon.ServerOptions) *running {
	t.Helper()
	return startDaemons(t, 1, o)[0]
}

func serveDaemon(t *testing.T, c evs.Config, o daemon.ServerOptions) *running {
	p, err := evs.Open(t.Context(), c)
	if err != nil {
		t.Error(err)
		return nil
	}
	t.Cleanup(func() { p.Close() })
	return serveProcessor(t, p, o)
}

func serveProcessor(t *testing.T, p *evs.Processor, o daemon.ServerOptions) *running {
	d := &running{socket: filepath.Join(t.TempDir(), "s"), processor: p}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: d.socket, Net: "unix"})
	if err != nil {
		t.Error(err)
		return nil
	}
	o.Version, o.Level = "1.2-test", &d.level
	if o.Stop == nil {
		o.Stop = func() { go d.server.Close() }
	}
	d.server = daemon.New(p, o)
	go d.server.Serve(l)
	t.Cleanup(d.server.Close)
	return d
}

// run runs a verb on the daemon, to its end.
func (d *running) run(t *testing.T, stdin string, arg ...string) outcome {
	t.Helper()
	cmd := program(t, arg...)
	cmd.Stdin = strings.NewReader(stdin)
	return runWith(t, cmd, conf.AddressVar+"="+d.socket)
}

// prints runs a verb that must end with status 0 and say nothing to stderr.
func (d *running) prints(t *testing.T, arg ...string) string {
	t.Helper()
	o := d.run(t, "", arg...)
	if o.status != 0 || o.stderr != "" {
		t.Fatalf("%q: %+v", arg, o)
	}
	return o.stdout
}

// object runs a verb and reads its JSON.
func (d *running) object(t *testing.T, into any, arg ...string) {
	t.Helper()
	decode(t, d.prints(t, append(arg, "--json")...), into)
}

func decode(t *testing.T, text string, into any) {
	t.Helper()
	j := json.NewDecoder(strings.NewReader(text))
	j.DisallowUnknownFields()
	if err := j.Decode(into); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	if _, err := j.Token(); err != io.EOF {
		t.Errorf("more than one object: %s", text)
	}
}

// going is a verb that runs.
type going struct {
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    *bufio.Reader
	stderr bytes.Buffer
}

// start starts a verb on the daemon.
func (d *running) start(t *testing.T, arg ...string) *going {
	t.Helper()
	g := &going{cmd: program(t, arg...)}
	g.cmd.Env = append(g.cmd.Env, conf.AddressVar+"="+d.socket)
	g.cmd.Stderr = &g.stderr
	out, err := g.cmd.StdoutPipe()
	if err == nil {
		g.in, err = g.cmd.StdinPipe()
	}
	if err == nil {
		err = g.cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	g.out = bufio.NewReader(out)
	return g
}

// line is the next line it prints.
func (g *going) line(t *testing.T) string {
	t.Helper()
	line, err := g.out.ReadString('\n')
	if err != nil {
		g.cmd.Wait()
		t.Fatalf("%v behind %q; %s", err, line, g.stderr.String())
	}
	return strings.TrimSuffix(line, "\n")
}

// end is what it prints until it ends, and how it does.
func (g *going) end(t *testing.T) outcome {
	t.Helper()
	rest, err := io.ReadAll(g.out)
	if err != nil {
		t.Error(err)
	}
	g.cmd.Wait()
	return outcome{string(rest), g.stderr.String(), g.cmd.ProcessState.ExitCode()}
}

func (g *going) signal(t *testing.T, s os.Signal) {
	t.Helper()
	if err := g.cmd.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}

// asked asks the daemon without the program in between.
func (d *running) asked(t *testing.T, what string, into any) {
	t.Helper()
	c, err := daemon.DialControl(t.Context(), d.socket, "test")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Query(t.Context(), what, into); err != nil {
		t.Fatal(err)
	}
}

// awaitGroup waits until a client has joined a group, and returns its number.
func (d *running) awaitGroup(t *testing.T, name string) uint64 {
	t.Helper()
	for t.Context().Err() == nil {
		var list []daemon.Joined
		d.asked(t, "groups", &list)
		for i := range list {
			if list[i].Name == name && len(list[i].Clients) > 0 {
				return list[i].Clients[0]
			}
		}
	}
	t.Fatalf("nobody joined %s", name)
	return 0
}

// member opens a handle of this process that has joined a group.
func (d *running) member(t *testing.T, group string) *evs.Handle {
	t.Helper()
	h, err := d.processor.Handle(evs.HandleOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Close() })
	if err := h.Join(mustGroup(t, group)); err != nil {
		t.Fatal(err)
	}
	return h
}

func mustGroup(t *testing.T, name string) evs.Group {
	t.Helper()
	g, err := evs.GroupOf(name)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// send sends from this process.
func (d *running) send(t *testing.T, h *evs.Handle, group, payload string) {
	t.Helper()
	if _, err := h.McastGroups(t.Context(), evs.Agreed, []evs.Group{mustGroup(t, group)}, []byte(payload)); err != nil {
		t.Fatal(err)
	}
}

// messages receives n of them.
func messages(t *testing.T, h *evs.Handle, n int) (list []string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for e, err := range h.Events(ctx) {
		if err != nil {
			t.Fatalf("%v after %q", err, list)
		}
		if e.Kind == evs.Deliver {
			if list = append(list, fmt.Sprintf("%v %s", e.Guarantee, e.Payload)); len(list) == n {
				break
			}
		}
	}
	return list
}

// fakeDaemon listens, and answers each hello with a bye; without a status with
// nothing at all.
func fakeDaemon(t *testing.T, status ipc.Status, text string) *running {
	t.Helper()
	d := &running{socket: filepath.Join(t.TempDir(), "s")}
	l, err := net.Listen("unix", d.socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			if status == ipc.OK {
				t.Cleanup(func() { c.Close() })
				continue
			}
			a := ipc.Answer{Op: ipc.Bye, Status: status, Body: []byte(text)}
			io.ReadFull(c, make([]byte, 32))
			c.Write(a.AppendTo(nil))
			c.Close()
		}
	}()
	return d
}

// onDaemonVerbs are the verbs with what they need to get as far as the daemon.
var onDaemonVerbs = [][]string{
	{"status"}, {"members"}, {"groups"}, {"clients"}, {"stats"}, {"top"}, {"monitor"}, {"send", "-g", "x", "y"}, {"recv", "x"},
	{"chat", "x"}, {"ping"}, {"disconnect", "1"}, {"leave"}, {"log-level", "info"}, {"log-level"}, {"reload"},
}

func TestAllVerbsOnADaemonAreTried(t *testing.T) {
	for _, c := range daemonsVerbs() {
		if !slices.ContainsFunc(onDaemonVerbs, func(v []string) bool { return v[0] == c.Name() }) {
			t.Errorf("%s is not in the list of this test", c.Name())
		}
	}
}

func TestExitStatusWhereNoDaemonIs(t *testing.T) {
	dir := t.TempDir()
	stale := filepath.Join(dir, "stale")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: stale, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	l.Close()
	for _, arg := range onDaemonVerbs {
		o := (&running{socket: filepath.Join(dir, "none")}).run(t, "", arg...)
		if o.status != noDaemon || !strings.HasPrefix(o.stderr, "stampede: "+arg[0]+": no daemon listens at "+dir) || o.stdout != "" {
			t.Errorf("%q: %+v", arg, o)
		}
	}
	if o := run(t, "status", "--socket", stale); o.status != noDaemon || !strings.Contains(o.stderr, "connection refused") {
		t.Errorf("%+v", o)
	}
}

func TestExitStatusWhenNotAllowed(t *testing.T) {
	d := fakeDaemon(t, ipc.Denied, "uid 7 is not among those who may connect")
	for _, arg := range onDaemonVerbs {
		if o := d.run(t, "", arg...); o.status != notAllowed || !strings.Contains(o.stderr, "uid 7 is not among") || o.stdout != "" {
			t.Errorf("%q: %+v", arg, o)
		}
	}
}

func TestExitStatusWhenTimeRanOut(t *testing.T) {
	d := fakeDaemon(t, ipc.OK, "")
	for _, arg := range onDaemonVerbs {
		if o := d.run(t, "", append(arg, "--timeout", "20ms")...); o.status != timedOut || !strings.Contains(o.stderr, "timed out") || o.stdout != "" {
			t.Errorf("%q: %+v", arg, o)
		}
	}
}

func TestExitStatusWhenTheDaemonSpeaksAnotherVersion(t *testing.T) {
	d := fakeDaemon(t, ipc.BadVersion, "this daemon speaks version 9")
	for _, arg := range onDaemonVerbs {
		if o := d.run(t, "", arg...); o.status != failed || !strings.Contains(o.stderr, "this daemon speaks version 9") {
			t.Errorf("%q: %+v", arg, o)
		}
	}
}

func TestExitStatusOfWrongUsage(t *testing.T) {
	for arg, reason := range map[string]string{
		"status x":                          "unknown command",
		"status --x":                        "unknown flag",
		"status --timeout -1s":              "negative",
		"status --timeout soon":             "invalid",
		"send hello":                        "--group is missing",
		"send -g x --lines hello":           "--lines",
		"send -g x --guarantee total y":     "none of agreed|unordered|fifo|safe",
		"send -g  y":                        "empty",
		"recv":                              "at least 1 arg",
		"recv x --raw --json":               "do not go together",
		"recv x --separator \\q":            "--separator",
		"recv " + strings.Repeat("x", 33):   "33 bytes",
		"recv 0x" + strings.Repeat("g", 64): "invalid byte",
		"monitor --all x":                   "do not go together",
		"monitor --count -1":                "--count",
		"chat":                              "accepts 1 arg",
		"chat x y":                          "accepts 1 arg",
		"ping x":                            "unknown command",
		"ping --size 7":                     "--size 7",
		"ping --guarantee safe,total":       "total",
		"ping --guarantee safe,safe":        "twice",
		"ping --interval -1s":               "--interval",
		"ping --within 0":                   "--within",
		"top --interval 1ms":                "--interval 1ms",
		"top --once --count 2":              "do not go together",
		"disconnect":                        "accepts 1 arg",
		"disconnect me":                     "no client's number",
		"log-level loud":                    "none of debug, info, warn, error",
		"leave now":                         "unknown command",
		"man":                               "--dir is missing",
	} {
		o := run(t, strings.Split(arg, " ")...)
		if o.status != 2 || !strings.Contains(o.stderr, reason) || o.stdout != "" || strings.Count(o.stderr, "\n") != 1 {
			t.Errorf("%s: %+v, want %q", arg, o, reason)
		}
	}
}

// A daemon that ends ends whoever waits for something of it.
func TestExitStatusWhenTheDaemonEnds(t *testing.T) {
	for _, arg := range [][]string{{"recv", "g"}, {"recv", "--json", "g"}, {"monitor", "g"}, {"chat", "g"}} {
		d := startDaemon(t, daemon.ServerOptions{})
		g := d.start(t, arg...)
		d.awaitGroup(t, "g")
		d.server.Close()
		if o := g.end(t); o.status != noDaemon || !strings.Contains(o.stderr, "no daemon any more at "+d.socket) {
			t.Errorf("%q: %+v", arg, o)
		}
	}
	for _, arg := range [][]string{{"ping", "--count", "0", "--interval", "1ms"}, {"top", "--interval", "10ms"}} {
		d := startDaemon(t, daemon.ServerOptions{})
		g := d.start(t, arg...)
		g.line(t) // it is at work
		d.server.Close()
		if o := g.end(t); o.status != noDaemon || !strings.Contains(o.stderr, "no daemon") {
			t.Errorf("%q: %+v", arg, o)
		}
	}
}

// A signal is the usual end of what goes on until then.
func TestSignalEndsCleanly(t *testing.T) {
	d := startDaemon(t, daemon.ServerOptions{})
	for name, arg := range map[string][]string{"a": {"recv", "a"}, "b": {"monitor", "b", "--json"}, "c": {"chat", "c"}} {
		g := d.start(t, arg...)
		d.awaitGroup(t, name)
		g.signal(t, os.Interrupt)
		if o := g.end(t); o.status != 0 || o.stderr != "" {
			t.Errorf("%q: %+v", arg, o)
		}
	}
	for _, arg := range [][]string{{"ping", "--count", "0", "--interval", "1ms"}, {"top", "--interval", "10ms"}} {
		g := d.start(t, arg...)
		g.line(t)
		g.signal(t, os.Interrupt)
		if o := g.end(t); o.status != 0 || o.stderr != "" {
			t.Errorf("%q: %+v", arg, o)
		}
	}
	// What was to be done and is not has failed.
	g := d.start(t, "recv", "d", "--count", "1")
	d.awaitGroup(t, "d")
	g.signal(t, os.Interrupt)
	if o := g.end(t); o.status != failed || o.stderr != "stampede: recv: 0 of 1 messages came\n" {
		t.Errorf("%+v", o)
	}
}

// Whoever reads the output may have seen enough.
func TestBrokenPipeEndsCleanly(t *testing.T) {
	d := startDaemon(t, daemon.ServerOptions{})
	h := d.member(t, "other")
	for _, arg := range [][]string{
		{"recv", "a"}, {"recv", "--raw", "b"}, {"recv", "--json", "c"}, // write when something comes
		{"monitor"}, {"chat", "g"}, {"top", "--interval", "10ms"}, {"ping", "--count", "0", "--interval", "1ms"},
	} {
		cmd := program(t, arg...)
		var stderr bytes.Buffer
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		in, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		cmd.Env = append(cmd.Env, conf.AddressVar+"="+d.socket)
		cmd.Stdout, cmd.Stderr = w, &stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		w.Close()
		r.Close()
		if group := arg[len(arg)-1]; arg[0] == "recv" {
			d.awaitGroup(t, group)
			d.send(t, h, group, "hello")
		}
		cmd.Wait()
		in.Close()
		if s := cmd.ProcessState; s.ExitCode() != 0 || stderr.Len() > 0 {
			t.Errorf("%q: %v: %s", arg, s, &stderr)
		}
	}
}
