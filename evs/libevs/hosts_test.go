package libevs

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"stampede/internal/lab"
)

// stampede is the path of the program, which is built when it is first needed.
var stampede = sync.OnceValues(func() (path, err string) {
	path = filepath.Join(scratchDir, "stampede")
	return path, output("go", "build", "-o", path, "stampede/cmd/stampede")
})

func needStampede(t testing.TB) string {
	t.Helper()
	path, err := stampede()
	if err != "" {
		t.Fatal(err)
	}
	return path
}

// labHost is a place with a daemon, which is that of a user: the program,
// started with a file of settings.
type labHost struct {
	id       uint32
	place    *lab.Host // nil: this machine
	settings string    // the file's path
	socket   string
	daemon   *exec.Cmd
	meant    atomic.Bool   // the daemon's end
	ended    chan struct{} // closed with it
	log      bytes.Buffer

	// Programs run until then: they would wait for ever for a daemon that ended
	// by itself.
	ctx    context.Context
	cancel context.CancelFunc
}

const settingsFile = `
cluster = "libevs %d"
id = %d
start = [1, 2, 3]
%s
detect = "%v"

[daemon]
socket = "%s"
first-clients = [%s]
client-queue = %d
max-client-queue = %d
`

// policy is what the daemons of a test are told besides.
type policy struct {
	firstClients string // that they wait for, names in quotes
	maxQueue     int    // bytes that a client may ask for
}

// needLab makes three hosts, whose daemons do not run yet.
func needLab(t *testing.T, p policy) (*lab.Lab, []*labHost) {
	t.Helper()
	needRootAndFaults(t)
	l, err := lab.New(t.Context(), 3)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	hosts := newHosts(t)
	for i, h := range hosts {
		h.place = &l.Hosts[i]
		h.configure(t, p, 300*time.Millisecond, fmt.Sprintf("bind = \"%v:7400\"\nmulticast = \"239.255.77.1:7401\"\ninterface = %q",
			h.place.IPv4, lab.Interface))
	}
	return l, hosts
}

// onThisMachine are three daemons without a lab.
func onThisMachine(t *testing.T, p policy) []*labHost {
	t.Helper()
	hosts := newHosts(t)
	var addresses []string
	for range hosts {
		c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		addresses = append(addresses, strconv.Quote(c.LocalAddr().String()))
	}
	for i, h := range hosts {
		h.configure(t, p, time.Second, fmt.Sprintf("bind = %s\npeers = [%s]", addresses[i], strings.Join(addresses, ", ")))
	}
	return hosts
}

func newHosts(t *testing.T) (hosts []*labHost) {
	needStampede(t)
	dir := t.TempDir()
	for id := uint32(1); id <= 3; id++ {
		h := &labHost{id: id, settings: filepath.Join(dir, fmt.Sprintf("host%d.toml", id)), socket: filepath.Join(dir, fmt.Sprintf("host%d.sock", id))}
		h.ctx, h.cancel = context.WithCancel(t.Context())
		t.Cleanup(func() {
			if h.daemon != nil {
				h.kill()
			}
			if t.Failed() {
				t.Logf("daemon of host %d:\n%s", h.id, &h.log)
			}
		})
		hosts = append(hosts, h)
	}
	return hosts
}

func (h *labHost) configure(t *testing.T, p policy, detect time.Duration, network string) {
	write(t, h.settings, fmt.Sprintf(settingsFile, os.Getpid(), h.id, network, detect, h.socket, p.firstClients, p.maxQueue, p.maxQueue))
}

// on is a command on the host.
func (h *labHost) on(path string, arg ...string) *exec.Cmd {
	if h.place == nil {
		return exec.CommandContext(h.ctx, path, arg...)
	}
	return h.place.Command(h.ctx, path, arg...)
}

// start starts the daemon; programs wait for it by themselves.
func (h *labHost) start(t testing.TB) {
	t.Helper()
	d, ended := h.on(needStampede(t), "daemon", "--config", h.settings), make(chan struct{})
	d.Env, d.Stderr = withoutSettings(), &h.log
	h.meant.Store(false)
	if err := d.Start(); err != nil {
		t.Fatal(err)
	}
	h.daemon, h.ended = d, ended
	go func() {
		d.Wait()
		if !h.meant.Load() {
			h.cancel()
		}
		close(ended)
	}()
}

// withoutSettings is the environment without what would change a daemon's.
func withoutSettings() (env []string) {
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "STAMPEDE_") {
			env = append(env, v)
		}
	}
	return env
}

// kill is kill -9.
func (h *labHost) kill() {
	h.meant.Store(true)
	h.daemon.Process.Kill()
	<-h.ended
}

// command is a program on the host that finds the host's daemon.
func (h *labHost) command(t testing.TB, path string, arg ...string) (*exec.Cmd, *bytes.Buffer) {
	c, out := command(t, h.socket, path, arg...)
	on := h.on(path, arg...)
	on.Env, on.Stdout, on.Stderr = c.Env, out, out
	return on, out
}

// run runs a program on the host to its end.
func (h *labHost) run(t testing.TB, path string, arg ...string) {
	t.Helper()
	c, out := h.command(t, path, arg...)
	if err := c.Run(); err != nil {
		t.Fatalf("%s %s: %v\n%s", filepath.Base(path), strings.Join(arg, " "), err, out)
	}
}

// startAll starts the daemons of all hosts, and returns when they are in one
// configuration and take clients.
func startAll(t *testing.T, program string, hosts []*labHost) {
	t.Helper()
	dir := t.TempDir()
	for _, h := range hosts {
		h.start(t)
	}
	for _, h := range hosts {
		c, said := h.command(t, program)
		w := startWitness(t, fmt.Sprint("first", h.id), dir, c, said)
		w.among(t, 0, 1, 2, 3)
		w.stop(t)
	}
}
