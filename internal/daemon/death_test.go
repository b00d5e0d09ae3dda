//go:build unix

package daemon

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"stampede/evs"
)

// roles are what this program can be besides a test, so that it can be killed.
var roles = map[string]func(socket string) error{"daemon": beDaemon, "flood": beFlood}

const roleVariable = "DAEMON_TEST_ROLE"

func TestMain(m *testing.M) {
	if role, socket, ok := strings.Cut(os.Getenv(roleVariable), ":"); ok {
		if err := roles[role](socket); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// beDaemon is a daemon until it is killed.
func beDaemon(socket string) error {
	return Run(context.Background(), Options{
		Config: evs.Config{ID: 1, Cluster: socket}, Socket: socket, Mode: 0o600, UID: -1, GID: -1,
		Ready: func() { fmt.Println("ready") },
	})
}

// beFlood sends until it is killed, and takes what comes.
func beFlood(socket string) error {
	h, err := evs.Dial(context.Background(), socket, evs.HandleOptions{})
	if err != nil {
		return err
	}
	if err := h.Join(group); err != nil {
		return err
	}
	go func() {
		for range h.Events(context.Background()) {
		}
	}()
	for k := 0; ; k++ {
		if _, err := h.McastJoined(context.Background(), evs.Agreed, fmt.Appendf(nil, "%d %d", h.Origin(), k)); err != nil {
			return err
		}
		if k == 1000 {
			fmt.Println("ready")
		}
	}
}

// start starts this program in a role, and returns when it is ready.
func start(t *testing.T, role, socket string) *exec.Cmd {
	t.Helper()
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), roleVariable+"="+role+":"+socket)
	c.Stderr = os.Stderr
	out, err := c.StdoutPipe()
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Process.Kill(); c.Wait() })
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || line != "ready\n" {
		t.Fatalf("%s: %q, %v", role, line, err)
	}
	go io.Copy(io.Discard, out)
	return c
}

// TestKilledClients: programs that are killed in a flood leave nothing behind,
// and of each there is a beginning without a gap.
func TestKilledClients(t *testing.T) {
	rounds := 20
	if testing.Short() {
		rounds = 4
	}
	r := newRig(t, ServerOptions{})
	witness := r.dial(evs.HandleOptions{QueueBytes: 64 << 20})
	before := takeCensus(t)
	ctx, stop := context.WithCancel(testContext(t))
	seen := map[string]int{} // messages of each origin
	taken := make(chan struct{})
	go func() {
		defer close(taken)
		for e, err := range witness.Events(ctx) {
			if err != nil {
				if ctx.Err() == nil {
					t.Error(err)
				}
				return
			}
			if e.Kind != evs.Deliver {
				continue
			}
			origin, number, _ := strings.Cut(string(e.Payload), " ")
			if number != fmt.Sprint(seen[origin]) {
				t.Errorf("of %s came %s behind %d messages", origin, number, seen[origin])
			}
			seen[origin]++
		}
	}()
	for range rounds {
		c := start(t, "flood", r.socket)
		c.Process.Kill()
		c.Wait()
	}
	eventually(t, "one client", func() bool { return r.s.Clients() == 1 })
	if err := witness.Flush(ctx); err != nil {
		t.Error(err)
	}
	stop()
	<-taken
	if len(seen) != rounds {
		t.Errorf("%d programs were heard of, not %d", len(seen), rounds)
	}
	before.restored(t)
}

// TestKilledDaemon: when the daemon is killed under load its clients are told at
// once, whatever they do, and find the next one by Redial.
func TestKilledDaemon(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "s")
	first := start(t, "daemon", socket)
	var hs []*evs.Handle
	for range 4 {
		h, err := evs.Dial(testContext(t), socket, evs.HandleOptions{Confirm: len(hs) == 0})
		if err == nil {
			err = h.Join(group)
		}
		if err != nil {
			t.Fatal(err)
		}
		hs = append(hs, h)
	}
	flowing := make(chan struct{})
	var once sync.Once
	ends := make(chan error, 2*len(hs)+1)
	for _, h := range hs {
		go func() {
			for {
				if _, err := h.McastJoined(context.Background(), evs.Agreed, make([]byte, 1000)); err != nil {
					ends <- fmt.Errorf("sending: %w", err)
					return
				}
			}
		}()
		go func() {
			n := 0
			for _, err := range h.Events(context.Background()) {
				if err != nil {
					ends <- fmt.Errorf("receiving: %w", err)
					return
				}
				if n++; n == 1000 {
					once.Do(func() { close(flowing) })
				}
			}
		}()
	}
	go func() {
		var err error
		for err == nil {
			err = hs[1].Flush(context.Background())
		}
		ends <- fmt.Errorf("flushing: %w", err)
	}()
	<-flowing
	first.Process.Kill()
	for range cap(ends) {
		if err := <-ends; !errors.Is(err, evs.ErrClosed) {
			t.Error(err)
		}
	}
	first.Wait()
	again := make(chan *evs.Handle)
	for _, h := range hs {
		go func() {
			next, err := h.Redial(testContext(t))
			if err != nil {
				t.Error(err)
			}
			h.Close()
			again <- next
		}()
	}
	start(t, "daemon", socket)
	for range hs {
		h := <-again
		if h == nil {
			continue
		}
		defer h.Close()
		if got := h.Groups(); !slices.Equal(got, []evs.Group{group}) {
			t.Errorf("joined %v", got)
		}
	}
}

// TestStop: a daemon that is told to stop sends what it has accepted, tells its
// clients, and leaves nothing.
func TestStop(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "s")
	ctx, stop := context.WithCancel(t.Context())
	done := running(t, ctx, socket)
	h, err := evs.Dial(testContext(t), socket, evs.HandleOptions{Confirm: true})
	if err == nil {
		err = h.Join(group)
	}
	if err != nil {
		t.Fatal(err)
	}
	const n = 500
	for k := range n {
		if _, err := h.McastJoined(testContext(t), evs.Safe, []byte{byte(k)}); err != nil {
			t.Fatal(err)
		}
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
	got := 0
	for e, err := range h.Events(testContext(t)) {
		if err != nil {
			if !errors.Is(err, evs.ErrClosed) || !strings.Contains(err.Error(), "the daemon has ended") {
				t.Error(err)
			}
			break
		}
		if e.Kind == evs.Deliver {
			got++
		}
	}
	if got != n {
		t.Errorf("%d of %d messages", got, n)
	}
	if _, err := os.Lstat(socket); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the socket: %v", err)
	}
	if _, err := evs.Dial(testContext(t), socket, evs.HandleOptions{}); err == nil {
		t.Error("somebody answers")
	}
}

// TestStarts: what keeps a daemon from starting is told with the step, and what
// is not in the way does not.
func TestStarts(t *testing.T) {
	dir := t.TempDir()
	socket := filepath.Join(dir, "s")
	start(t, "daemon", socket)
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	run := func(o Options) error {
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		o.Ready = stop
		if o.Config.Cluster == "" {
			o.Config.Cluster = socket + "-2"
		}
		o.Mode, o.UID, o.GID = 0o640, -1, -1
		return Run(ctx, o)
	}
	for name, c := range map[string]struct {
		o    Options
		says []string
	}{
		"another daemon's socket": {Options{Socket: socket, Config: evs.Config{ID: 2}}, []string{"daemon: socket: ", "another daemon listens", "stop it"}},
		"a processor that runs":   {Options{Socket: socket + "2", Config: evs.Config{ID: 1, Cluster: socket}}, []string{"daemon: id: processor 1", "runs on this host already", "another id"}},
		"a file in the way":       {Options{Socket: file, Config: evs.Config{ID: 2}}, []string{"daemon: socket: ", "is no socket", "choose another"}},
		"a directory in the way":  {Options{Socket: filepath.Join(file, "s"), Config: evs.Config{ID: 2}}, []string{"daemon: socket: ", "directory"}},
		"a path too long":         {Options{Socket: filepath.Join(dir, strings.Repeat("x", 200)), Config: evs.Config{ID: 2}}, []string{"daemon: socket: ", "107 bytes"}},
		"no id":                   {Options{Socket: socket + "2"}, []string{"daemon: settings: ", "ID"}},
		"an address of others":    {Options{Socket: socket + "2", Config: evs.Config{ID: 2, Bind: netip.MustParseAddrPort("192.0.2.1:0")}}, []string{"daemon: join: ", "192.0.2.1"}},
	} {
		err := run(c.o)
		for _, s := range c.says {
			if err == nil || !strings.Contains(err.Error(), s) {
				t.Errorf("%s: %v, does not say %q", name, err, s)
			}
		}
	}
	if b, err := os.ReadFile(file); err != nil || string(b) != "precious" {
		t.Errorf("the file in the way: %q, %v", b, err)
	}
	stale := filepath.Join(dir, "stale")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: stale, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	l.Close()
	if err := run(Options{Socket: stale, Config: evs.Config{ID: 2}}); err != nil {
		t.Errorf("a socket that nobody listens on: %v", err)
	}
}

// TestForeignUsers: who may not connect is told so, by the kernel or the daemon.
func TestForeignUsers(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root, to be somebody else")
	}
	r := newRig(t, ServerOptions{Policy: Policy{Allow: Peers{UIDs: []uint32{1}}}})
	for dir := r.socket; dir != "/"; dir = filepath.Dir(dir) { // the test's directories are for this user only
		if strings.HasPrefix(dir, os.TempDir()+"/") {
			os.Chmod(dir, 0o777)
		}
	}
	program, err := os.ReadFile(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	own := filepath.Join(filepath.Dir(r.socket), "program") // where others may run it
	if err := os.WriteFile(own, program, 0o755); err != nil {
		t.Fatal(err)
	}
	stranger := func(uid uint32) string {
		c := exec.Command(own)
		c.Env = append(os.Environ(), roleVariable+"=flood:"+r.socket)
		c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}}
		var out strings.Builder
		c.Stdout, c.Stderr = &out, &out
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		c.Wait()
		return out.String()
	}
	if err := os.Chmod(r.socket, 0o600); err != nil {
		t.Fatal(err)
	}
	if s := stranger(1); !strings.Contains(s, "permission denied") {
		t.Errorf("a socket that is the owner's alone: %q", s)
	}
	os.Chmod(r.socket, 0o666)
	if s := stranger(2); !strings.Contains(s, "uid 2, gid 2 is not among those who may connect") {
		t.Errorf("%q", s)
	}
}
