package libevs

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"testing"

	"stampede/evs"
	"stampede/internal/daemon"
)

var scratchDir string

func TestMain(m *testing.M) {
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
