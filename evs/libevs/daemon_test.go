package libevs

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"stampede/evs"
	"stampede/internal/daemon"
)

var scratchDir string

// beDaemon makes this binary, started again by a test, a daemon: the variable
// holds a setup.
const beDaemon = "LIBEVS_TEST_BE_DAEMON"

func TestMain(m *testing.M) {
	if text := os.Getenv(beDaemon); text != "" {
		if err := daemonMain(text); err != nil {
			fmt.Fprintln(os.Stderr, "daemon:", err)
			os.Exit(1)
		}
		return
	}
	dir, err := os.MkdirTemp("", "libevs")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	scratchDir = dir
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// setup is what a daemon of a test is told.
type setup struct {
	Socket string
	Config evs.Config
	Policy daemon.Policy
}

func daemonMain(text string) error {
	var s setup
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		return err
	}
	go func() { // it ends with the test
		bufio.NewReader(os.Stdin).ReadByte()
		os.Exit(0)
	}()
	return daemon.Run(context.Background(), daemon.Options{
		Config: s.Config, Socket: s.Socket, Mode: 0o666, UID: -1, GID: -1, Policy: s.Policy, Version: "test",
		Ready: func() { fmt.Println("ready") },
	})
}

// process is a daemon in a process of its own.
type process struct {
	setup
	cmd  *exec.Cmd
	wrap func(name string, arg ...string) *exec.Cmd // e.g. onto a host of a lab
}

// launch starts it, for as long as owner runs, and waits until it accepts clients.
func (p *process) launch(t, owner testing.TB) {
	t.Helper()
	text, err := json.Marshal(p.setup)
	if err != nil {
		t.Fatal(err)
	}
	wrap := p.wrap
	if wrap == nil {
		wrap = func(name string, arg ...string) *exec.Cmd { return exec.Command(name, arg...) }
	}
	c := wrap(os.Args[0])
	c.Env = append(os.Environ(), beDaemon+"="+string(text))
	c.Stderr = os.Stderr
	stdin, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	p.cmd = c
	owner.Cleanup(func() { stdin.Close(); c.Process.Kill(); c.Wait() })
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Fatalf("daemon: %q, %v", line, err)
	}
}

// kill is kill -9.
func (p *process) kill(t testing.TB) {
	t.Helper()
	if err := p.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	p.cmd.Wait()
}

// serve runs a daemon in this process, alone, and is the path of its socket.
func serve(t testing.TB, policy daemon.Policy) string {
	t.Helper()
	return serveAt(t, evs.Config{ID: 1}, policy)
}

func serveAt(t testing.TB, c evs.Config, policy daemon.Policy) string {
	t.Helper()
	p, err := evs.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	_, path := serveOn(t, p, policy)
	return path
}

func serveOn(t testing.TB, p *evs.Processor, policy daemon.Policy) (*daemon.Server, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	s := daemon.New(p, daemon.ServerOptions{Policy: policy, Version: "test"})
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	t.Cleanup(func() {
		s.Close()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return s, path
}

// cluster are addresses of so many processors on this machine.
func cluster(t testing.TB, n int) (configs []evs.Config) {
	t.Helper()
	configs = make([]evs.Config, n)
	for i := range configs {
		c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		address := c.LocalAddr().(*net.UDPAddr).AddrPort()
		for k := range configs {
			configs[k].Peers = append(configs[k].Peers, address)
		}
		configs[i].ID, configs[i].Bind = evs.ProcessorID(i+1), address
		configs[i].Cluster = "libevs " + t.Name()
		configs[i].Detect = time.Second
		for k := range n {
			configs[i].Start = append(configs[i].Start, evs.ProcessorID(k+1))
		}
	}
	return configs
}
