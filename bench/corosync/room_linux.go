package corosync

import (
	"fmt"
	"os/exec"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// room is a mount namespace in which a few directories are empty and private,
// and the thread that lives in it. Processes start from that thread, and the
// kernel kills them when it ends.
type room struct {
	work  chan func()
	ended chan struct{}
}

// private are the places where Corosync and its library leave things.
var private = []string{"/run", "/dev/shm", "/var/lib/corosync"}

// mountSource is how the mounts are told from others in /proc/self/mountinfo.
const mountSource = "stampede-bench"

// newRoom needs root.
func newRoom() (*room, error) {
	r := &room{work: make(chan func()), ended: make(chan struct{})}
	entered := make(chan error, 1)
	go func() {
		defer close(r.ended)
		// Never unlocked: the thread cannot come back from its namespace, and
		// ends with this goroutine.
		runtime.LockOSThread()
		err := enter()
		entered <- err
		if err != nil {
			return
		}
		for f := range r.work {
			f()
		}
	}()
	if err := <-entered; err != nil {
		return nil, err
	}
	return r, nil
}

// enter moves the calling thread into a mount namespace of its own.
func enter() error {
	if err := unix.Unshare(unix.CLONE_FS | unix.CLONE_NEWNS); err != nil {
		return fmt.Errorf("corosync: unshare: %w", err)
	}
	if err := unix.Mount("none", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("corosync: making the mounts private: %w", err)
	}
	for _, dir := range private {
		if err := unix.Mount(mountSource, dir, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode=0755"); err != nil {
			return fmt.Errorf("corosync: mounting on %s: %w", dir, err)
		}
	}
	return nil
}

// do runs f on the room's thread.
func (r *room) do(f func() error) error {
	done := make(chan error)
	r.work <- func() { done <- f() }
	return <-done
}

// start starts cmd in the room.
func (r *room) start(cmd *exec.Cmd) error {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return r.do(cmd.Start)
}

// close ends the thread, and with it whatever was started and still lives.
func (r *room) close() {
	close(r.work)
	<-r.ended
}
