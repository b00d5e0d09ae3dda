package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"stampede/evs"
)

// manager is a service manager, as far as a service hears of it.
type manager struct {
	conn *net.UnixConn
	path string
}

func newManager(t *testing.T) *manager {
	t.Helper()
	path := filepath.Join(t.TempDir(), "notify")
	c, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return &manager{c, path}
}

// await returns the next message that fits. Others before it may be only what
// the expression also describes.
func (m *manager) await(t *testing.T, fits, also string) string {
	t.Helper()
	m.conn.SetReadDeadline(time.Now().Add(time.Minute)) // the test's end if nothing comes
	buf := make([]byte, 4096)
	for {
		n, err := m.conn.Read(buf)
		if err != nil {
			t.Fatalf("no message %q came: %v", fits, err)
		}
		text := string(buf[:n])
		if regexp.MustCompile(fits).MatchString(text) {
			return text
		}
		if also == "" || !regexp.MustCompile(also).MatchString(text) {
			t.Errorf("message %q, want %q", text, fits)
		}
	}
}

// aDaemon is the command of a daemon alone in its cluster, and its file, with
// settings, a table for more at its end, and its socket.
func aDaemon(t *testing.T, text string) (cmd *exec.Cmd, file, socket string) {
	t.Helper()
	socket = filepath.Join(t.TempDir(), "s")
	file = configFile(t, fmt.Sprintf("id = 1\ncluster = \"test-%016x\"\n[daemon]\nsocket = \"%s\"\n%s", rand.Uint64(), socket, text))
	return program(t, "daemon", "--config", file), file, socket
}

// add adds lines to a file, in place of those that begin alike.
func add(t *testing.T, file string, lines ...string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range lines {
		key, _, _ := strings.Cut(line, "=")
		text = regexp.MustCompile("(?m)^"+key+"=.*\n").ReplaceAll(text, nil)
		text = append(text, line+"\n"...)
	}
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestDaemonTellsItsManager(t *testing.T) {
	m := newManager(t)
	cmd, file, socket := aDaemon(t, "")
	cmd.Env = append(cmd.Env, "NOTIFY_SOCKET="+m.path, "WATCHDOG_USEC=60000000")
	w := watch(t, cmd)
	m.await(t, `^STATUS=waiting for the first configuration\n$`, "")
	m.await(t, `^READY=1\nSTATUS=serving `+socket+`\n$`, "")
	m.await(t, `^WATCHDOG=1$`, "")

	w.signal(t, syscall.SIGHUP)
	m.await(t, `^RELOADING=1\nMONOTONIC_USEC=\d+\n$`, "^WATCHDOG=1$")
	m.await(t, `^READY=1\nSTATUS=serving `+socket+`\n$`, "^WATCHDOG=1$|^STATUS=serving "+socket+"\n$")

	add(t, file, "socket-mode = \"0600\"", "max-clients = 5")
	w.signal(t, syscall.SIGHUP)
	m.await(t, `^RELOADING=1\n`, "^WATCHDOG=1$")
	m.await(t, `^READY=1\nSTATUS=serving .*; waiting for a restart: daemon.socket-mode\n$`, "^WATCHDOG=1$|^STATUS=serving .*; waiting")

	add(t, file, "max-clients = 0")
	w.signal(t, syscall.SIGHUP)
	m.await(t, `^RELOADING=1\n`, "^WATCHDOG=1$")
	m.await(t, `^READY=1\nSTATUS=serving .*; not reloaded: .*:\d+: daemon.max-clients: 0 is not within`, "^WATCHDOG=1$|^STATUS=serving .*; not reloaded")

	w.signal(t, syscall.SIGTERM)
	m.await(t, `^STOPPING=1\nSTATUS=leaving the group\n$`, "^WATCHDOG=1$")
	if log, err := w.end(); err != nil || !strings.Contains(log, "msg=ready socket="+socket) {
		t.Errorf("%v: %s", err, log)
	}
	if _, err := os.Lstat(socket); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the socket is left behind: %v", err)
	}
}

func TestDaemonServes(t *testing.T) {
	cmd, _, socket := aDaemon(t, "socket-mode = \"0606\"\n")
	w := watch(t, cmd)
	w.await(t, "msg=ready")
	info, err := os.Lstat(socket)
	if err != nil || info.Mode().Perm() != 0o606 {
		t.Errorf("%v, %v", info, err)
	}
	h, err := evs.Dial(t.Context(), socket, evs.HandleOptions{})
	if err != nil {
		t.Fatal(err)
	}
	g, err := evs.GroupOf("g")
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Join(g); err != nil {
		t.Fatal(err)
	}
	if _, err := h.McastJoined(t.Context(), evs.Agreed, []byte("hello")); err != nil {
		t.Fatal(err)
	}
	if err := h.Flush(t.Context()); err != nil { // so the daemon has it
		t.Fatal(err)
	}
	w.signal(t, syscall.SIGINT)
	var got string
	for e, err := range h.Events(t.Context()) {
		if err != nil {
			if !errors.Is(err, evs.ErrClosed) {
				t.Error(err)
			}
			break
		}
		if e.Kind == evs.Deliver {
			got += string(e.Payload)
		}
	}
	if log, err := w.end(); err != nil || got != "hello" {
		t.Errorf("%v, delivered %q: %s", err, got, log)
	}
}

// What a reload changes, it changes for the next who comes.
func TestDaemonReloads(t *testing.T) {
	cmd, file, socket := aDaemon(t, "max-clients = 1\nlog-level = \"error\"\nlog-format = \"json\"\n")
	m := newManager(t)
	cmd.Env = append(cmd.Env, "NOTIFY_SOCKET="+m.path)
	w := watch(t, cmd)
	m.await(t, "^READY=1", "^STATUS=")
	dial := func() (*evs.Handle, error) { return evs.Dial(t.Context(), socket, evs.HandleOptions{}) }
	if _, err := dial(); err != nil {
		t.Fatal(err)
	}
	if h, err := dial(); err == nil {
		h.Close()
		t.Error("a second client came in")
	}
	add(t, file, "max-clients = 2", "log-level = \"debug\"", "log-format = \"text\"")
	w.signal(t, syscall.SIGHUP)
	m.await(t, `^READY=1\nSTATUS=.* restart: daemon.log-format\n$`, "^RELOADING=1|^STATUS=serving .* restart: ")
	if _, err := dial(); err != nil {
		t.Error(err)
	}
	w.signal(t, syscall.SIGTERM)
	log, err := w.end()
	if err != nil || strings.Contains(log, "settings") || !strings.Contains(log, "reloaded") {
		t.Errorf("%v: %s", err, log)
	}
	for line := range strings.Lines(log) {
		var o map[string]any
		if err := json.Unmarshal([]byte(line), &o); err != nil {
			t.Errorf("%v: %s", err, line)
		}
	}
}

func TestDaemonLogsItsSettings(t *testing.T) {
	cmd, file, socket := aDaemon(t, "allow-users = [\"root\", 1]\nmax-clients = 1024\n")
	cmd.Args = append(cmd.Args, "--mtu", "1400")
	cmd.Env = append(cmd.Env, "STAMPEDE_DAEMON_LOG_LEVEL=debug")
	w := watch(t, cmd)
	w.await(t, "msg=ready")
	w.signal(t, syscall.SIGTERM)
	log, err := w.end()
	want := regexp.MustCompile(`level=INFO msg=settings file=` + file + ` cluster=test-\w+ id=1 mtu=1400 daemon.socket=` + socket +
		` daemon.allow-users=root,1 daemon.log-level=debug\n`)
	if err != nil || !want.MatchString(log) {
		t.Errorf("%v: no %s in %s", err, want, log)
	}
}

// It may wait for others for ever: that is no reason to die of SIGHUP, nor not
// to end.
func TestDaemonThatWaitsForOthers(t *testing.T) {
	m := newManager(t)
	cmd, _, _ := aDaemon(t, "")
	cmd.Args = append(append(cmd.Args, loopbackGroup(t)(1)...), "--start", "1,2")
	cmd.Env = append(cmd.Env, "NOTIFY_SOCKET="+m.path)
	w := watch(t, cmd)
	w.await(t, "msg=opened")
	w.signal(t, syscall.SIGHUP)
	w.signal(t, syscall.SIGTERM)
	m.await(t, `^STOPPING=1`, `^STATUS=waiting`)
	if log, err := w.end(); err != nil || strings.Contains(log, "msg=ready") {
		t.Errorf("%v: %s", err, log)
	}
}

func TestSecondDaemonIsRefused(t *testing.T) {
	cmd, file, socket := aDaemon(t, "")
	w := watch(t, cmd)
	w.await(t, "msg=ready")
	for says, arg := range map[string][]string{
		"daemon: id: processor 1 of cluster ":                                {"--daemon-socket", socket + "2"},
		"daemon: socket: " + socket + ": another daemon listens on it: stop": {"--id", "2"},
	} {
		if o := run(t, append([]string{"daemon", "--config", file}, arg...)...); o.status != 1 || !strings.Contains(o.stderr, says) {
			t.Errorf("%q: %+v", arg, o)
		}
	}
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	h, err := evs.Dial(ctx, socket, evs.HandleOptions{})
	if err != nil {
		t.Fatalf("the first one is disturbed: %v", err)
	}
	h.Close()
	w.signal(t, syscall.SIGTERM)
	if log, err := w.end(); err != nil {
		t.Errorf("%v: %s", err, log)
	}
}

func TestDaemonRefusals(t *testing.T) {
	dir := t.TempDir()
	inTheWay := filepath.Join(dir, "file")
	if err := os.WriteFile(inTheWay, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	bad := configFile(t, "id = 1\ncolour = 2\n")
	taken, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for _, c := range []struct {
		arg, env string
		status   int
		says     string
	}{
		{"--config " + bad, "", 2, bad + `:2: unknown key "colour"`},
		{"--config " + bad, "", 2, "stampede config check"},
		{"--config " + dir + "/none", "", 2, "none"},
		{"--config=", "", 2, "daemon: settings: conf: id: missing"},
		{"--config= --id 1 --daemon-allow-users nosuchuser", "", 2, `"nosuchuser" is no user of this machine`},
		{"--config= --id 1 --socket /run/x", "", 2, `"/run/x" is none of udp|portable`},
		{"--config= --id 1 --bogus", "", 2, "--bogus"},
		{"--config= --id 1", "STAMPEDE_BOGUS=1", 2, "STAMPEDE_BOGUS: unknown variable"},
		{"--config= --id 1 --daemon-max-clients 0", "", 2, "conf: --daemon-max-clients: 0 is not within"},
		{"--config= --id 1 --daemon-socket " + inTheWay, "", 1, "daemon: socket: " + inTheWay + " exists and is no socket"},
		{"--config= --id 1 --daemon-socket " + inTheWay + "/s", "", 1, "daemon: socket: "},
		{"--config= --id 1 --bind 192.0.2.1:0 --daemon-socket " + dir + "/s", "", 1, "daemon: join: "},
		{"--config= --id 1 --bind 192.0.2.1:0 --daemon-socket " + dir + "/s", "", 1, "no interface has the address 192.0.2.1: stampede check"},
		{"--config= --id 1 --bind " + taken.LocalAddr().String() + " --daemon-socket " + dir + "/s", "", 1, "choose another one in bind"},
		{"--config= --id 1 --daemon-socket " + dir + "/s", "WATCHDOG_USEC=2000000", 1, "daemon: watchdog: "},
		{"--config= --id 1 --daemon-socket " + dir + "/s", "WATCHDOG_USEC=x", 1, "daemon: watchdog: "},
	} {
		m := newManager(t)
		o := runWith(t, program(t, append([]string{"daemon"}, strings.Fields(c.arg)...)...), c.env, "NOTIFY_SOCKET="+m.path, fmt.Sprintf("STAMPEDE_CLUSTER=test-%016x", rand.Uint64()))
		if o.status != c.status || !strings.Contains(o.stderr, c.says) || o.stdout != "" {
			t.Errorf("%s %s: status %d, want %d and %q: %s", c.arg, c.env, o.status, c.status, c.says, o.stderr)
		}
	}
	if text, err := os.ReadFile(inTheWay); err != nil || string(text) != "precious" {
		t.Errorf("%q, %v", text, err)
	}
}

// A processor that begins elsewhere with the same id puts the daemon out, which is
// not to be started again.
func TestDaemonWhoseIDIsTaken(t *testing.T) {
	all := ports(t, 2)
	cluster := fmt.Sprintf("test-%016x", rand.Uint64())
	cmd, _, _ := aDaemon(t, "")
	cmd.Args = append(cmd.Args, "--cluster", cluster, "--bind", fmt.Sprint("127.0.0.1:", all[0]))
	w := watch(t, cmd)
	w.await(t, "msg=ready")
	at := func(port int) netip.AddrPort {
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(port))
	}
	p, err := evs.Open(t.Context(), evs.Config{Cluster: cluster, ID: 1, Bind: at(all[1]), Peers: []netip.AddrPort{at(all[0])}})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	log, _ := w.end()
	if status := cmd.ProcessState.ExitCode(); status != 2 || !strings.Contains(log, "daemon: processor: evs: two processors with one id: ") || !strings.Contains(log, "another id") {
		t.Errorf("status %d: %s", status, log)
	}
}

// A failing start is what the manager shows.
func TestManagerHearsWhyItFailed(t *testing.T) {
	m := newManager(t)
	o := runWith(t, program(t, "daemon", "--config=", "--id", "1", "--detect", "1ms"), "NOTIFY_SOCKET="+m.path)
	if o.status != 2 {
		t.Errorf("%+v", o)
	}
	m.await(t, `^STATUS=daemon: settings: conf: --detect: 1ms is not within`, "")
}

// passed makes a command a service that a manager has passed files to.
func passed(t *testing.T, cmd *exec.Cmd, files ...*os.File) *exec.Cmd {
	t.Helper()
	shell := exec.CommandContext(t.Context(), "/bin/sh", append([]string{"-c", `LISTEN_PID=$$ exec "$@"`, "sh"}, cmd.Args...)...)
	shell.Env = append(cmd.Env, fmt.Sprint("LISTEN_FDS=", len(files)))
	shell.ExtraFiles = files
	return shell
}

// passedFile is a listener's, and its path.
func passedFile(t *testing.T) (*os.File, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "passed")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	f, err := l.File()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f, path
}

// Who comes before the daemon is there waits for it, and the socket stays when
// it ends.
func TestDaemonOnAPassedSocket(t *testing.T) {
	file, path := passedFile(t)
	dialled := make(chan error, 1)
	go func() {
		_, err := evs.Dial(t.Context(), path, evs.HandleOptions{})
		dialled <- err
	}()
	cmd, _, unused := aDaemon(t, "")
	w := watch(t, passed(t, cmd, file))
	if err := <-dialled; err != nil {
		t.Error(err)
	}
	w.await(t, "msg=ready socket="+path)
	w.signal(t, syscall.SIGHUP)
	w.await(t, "msg=reloaded")
	w.signal(t, syscall.SIGTERM)
	if log, err := w.end(); err != nil {
		t.Errorf("%v: %s", err, log)
	}
	if _, err := os.Lstat(path); err != nil {
		t.Errorf("the manager's socket: %v", err)
	}
	if _, err := os.Lstat(unused); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a socket of its own: %v", err)
	}
}

func TestDaemonRefusesWhatItIsPassed(t *testing.T) {
	one, _ := passedFile(t)
	two, _ := passedFile(t)
	plain, err := os.Create(filepath.Join(t.TempDir(), "plain"))
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	for says, files := range map[string][]*os.File{
		"daemon: socket activation: 2 sockets were passed": {one, two},
		"daemon: socket activation: systemd: descriptor 3": {plain},
	} {
		cmd, _, _ := aDaemon(t, "")
		if o := runWith(t, passed(t, cmd, files...)); o.status != 1 || !strings.Contains(o.stderr, says) {
			t.Errorf("%+v, want %q", o, says)
		}
	}
}
