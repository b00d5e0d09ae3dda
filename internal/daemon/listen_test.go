//go:build unix

package daemon

import (
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// TestSocketHasItsMode: at no time is there a socket that those who may connect
// are not allowed to open, or others are.
func TestSocketHasItsMode(t *testing.T) {
	const mode = 0o640
	path := filepath.Join(t.TempDir(), "s")
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			if info, err := os.Lstat(path); err == nil && info.Mode().Perm() != mode {
				t.Errorf("mode %o", info.Mode().Perm())
				return
			}
		}
	})
	for range 1000 {
		l, err := listen(&Options{Socket: path, Mode: mode, UID: -1, GID: -1})
		if err != nil {
			t.Fatal(err)
		}
		l.Close()
	}
	close(stop)
	wg.Wait()
}
