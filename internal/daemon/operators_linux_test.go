package daemon

import (
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"stampede/internal/ipc"
	"stampede/internal/testenv"
)

// strangerOf connects as another user: the socket tells who the thread was then.
func (r *rig) strangerOf(uid int) *stranger {
	r.t.Helper()
	runtime.LockOSThread()
	become := func(uid int) {
		const same = ^uintptr(0)
		if _, _, errno := syscall.RawSyscall(unix.SYS_SETRESUID, same, uintptr(uid), same); errno != 0 {
			r.t.Fatal(errno) // the thread ends with the test, and not as another user
		}
	}
	become(uid)
	s := r.stranger()
	become(0)
	runtime.UnlockOSThread()
	return s
}

// TestOperatorsFindRoom: whoever takes all the places there are, operators have
// their own.
func TestOperatorsFindRoom(t *testing.T) {
	testenv.NeedRoot(t)
	r := newRig(t, ServerOptions{Policy: Policy{MaxClients: 1}})
	dir := filepath.Dir(r.socket)
	for path, mode := range map[string]os.FileMode{r.socket: 0o666, dir: 0o755, filepath.Dir(dir): 0o755} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 1 + controls {
		if a := r.strangerOf(65534).hello(ipc.Control); a.Status != ipc.OK {
			t.Fatalf("connection %d: %+v", i, a)
		}
	}
	if a := r.strangerOf(65534).hear(); a.Status != ipc.Busy {
		t.Errorf("one too many: %+v", a)
	}
	for i := range controls {
		if a := r.stranger().hello(ipc.Control); a.Status != ipc.OK {
			t.Fatalf("operator %d: %+v", i, a)
		}
	}
	if a := r.stranger().hear(); a.Status != ipc.Busy {
		t.Errorf("one operator too many: %+v", a)
	}
}
