//go:build unix

package daemon

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"stampede/evs"
)

// listen makes the daemon's socket. Of a socket that nobody listens on any more
// it takes the place.
func listen(o *Options) (*net.UnixListener, error) {
	path := o.Socket
	if err := inUse(path); err != nil {
		return nil, err
	}
	if dir := filepath.Dir(path); !abstract(path) {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return nil, step("socket", err, "make the directory "+dir+", or choose another socket")
		}
		if err := removeStale(path); err != nil {
			return nil, step("socket", err, "remove it, or choose another socket")
		}
	}
	// It has its mode from the start: who comes before that would be told that it
	// is not allowed to. If it is to have another owner nobody may come before.
	mask := 0o777 &^ int(o.Mode.Perm())
	if o.UID >= 0 || o.GID >= 0 {
		mask = 0o777
	}
	old := syscall.Umask(mask)
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	syscall.Umask(old)
	if err != nil {
		return nil, step("socket", err, "the directory must exist and be writable for this user, and the path have at most 107 bytes")
	}
	if abstract(path) {
		return l, nil
	}
	if err := os.Chown(path, o.UID, o.GID); err != nil {
		l.Close()
		return nil, step("socket", err, "socket-owner and socket-group need a user who may give files away")
	}
	if err := os.Chmod(path, o.Mode); err != nil {
		l.Close()
		return nil, step("socket", err, "")
	}
	return l, nil
}

func abstract(path string) bool { return strings.HasPrefix(path, "@") }

// inUse says whether somebody listens.
func inUse(path string) error {
	c, err := net.DialTimeout("unix", path, time.Second)
	if err == nil {
		c.Close()
		return step("socket", fmt.Errorf("%s: another daemon listens on it", path), "stop it, or choose another socket and processor id")
	}
	if errors.Is(err, syscall.EAGAIN) || os.IsTimeout(err) { // its backlog is full
		return step("socket", fmt.Errorf("%s: another daemon listens on it, and does not answer", path), "stop it")
	}
	return nil
}

func removeStale(path string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil && info.Mode()&fs.ModeSocket == 0 {
		err = fmt.Errorf("%s exists and is no socket", path)
	}
	if err != nil {
		return err
	}
	return os.Remove(path)
}

// claim holds what only one daemon of a host may: the socket's path, between
// looking whether it is in use and listening on it, and the processor's id. An
// abstract socket is the lock: it belongs to the network namespace, as the
// addresses do that a second processor would share, and is gone with the
// process.
func claim(c *evs.Config) (release func(), err error) {
	name := fmt.Sprintf("@stampede/%s/%d", c.Cluster, c.ID)
	if len(name) > 100 { // of the 108 that an address has
		return func() {}, nil
	}
	l, err := net.Listen("unix", name)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, step("id", fmt.Errorf("processor %d of cluster %q runs on this host already", c.ID, c.Cluster), "stop it, or give this one another id")
	}
	if err != nil {
		return nil, step("id", err, "")
	}
	return func() { l.Close() }, nil
}
