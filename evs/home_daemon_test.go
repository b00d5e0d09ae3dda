package evs_test

import (
	"net"
	"path/filepath"
	"sync"
	"testing"

	"stampede/evs"
	"stampede/internal/daemon"
)

// daemons are those of the processors of the tests that run.
var daemons = struct {
	sync.Mutex
	paths map[*evs.Processor]string
}{paths: map[*evs.Processor]string{}}

func init() { evs.DialHome = dialHome }

func dialHome(t testing.TB, p *evs.Processor, o evs.HandleOptions) (*evs.Handle, error) {
	daemons.Lock()
	defer daemons.Unlock()
	path := daemons.paths[p]
	if path == "" {
		path = filepath.Join(t.TempDir(), "s")
		l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
		if err != nil {
			return nil, err
		}
		s := daemon.New(p, daemon.ServerOptions{Version: "test"})
		go s.Serve(l)
		t.Cleanup(s.Close)
		daemons.paths[p] = path
	}
	return evs.Dial(t.Context(), path, o)
}
