package systemd

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"syscall"

	"github.com/coreos/go-systemd/v22/activation"
)

// maxSockets are more than any unit passes: a larger number is no number.
const maxSockets = 1024

// Listeners are the sockets that the manager has opened for this process, in
// its order; none if it has opened none. Anything but a unix stream socket that
// listens is an error, and then all are closed. A Close of these leaves the path
// in the file system, which is the manager's.
func Listeners() (all []*net.UnixListener, err error) {
	if err := judgeCount(); err != nil {
		for _, v := range []string{"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"} {
			os.Unsetenv(v)
		}
		return nil, err
	}
	for _, f := range activation.Files(true) {
		l, e := listener(f)
		if e != nil {
			err = errors.Join(err, fmt.Errorf("systemd: descriptor %d, %q: %w", f.Fd(), f.Name(), e))
		} else {
			all = append(all, l)
		}
		f.Close()
	}
	if err != nil {
		for _, l := range all {
			l.Close()
		}
		return nil, err
	}
	return all, nil
}

// judgeCount looks at what activation.Files would take as it is, or for none.
func judgeCount() error {
	count, pid := os.Getenv("LISTEN_FDS"), os.Getenv("LISTEN_PID")
	if count == "" || pid != strconv.Itoa(os.Getpid()) {
		return nil
	}
	if n, err := strconv.Atoi(count); err != nil || n < 0 || n > maxSockets {
		return fmt.Errorf("systemd: LISTEN_FDS=%q is no number from 0 to %d", count, maxSockets)
	}
	return nil
}

// listener is a descriptor's, once it is known to be one of a unix stream
// socket that listens. The net package would find out with the first Accept.
func listener(f *os.File) (*net.UnixListener, error) {
	raw, err := f.SyscallConn()
	if err != nil {
		return nil, err
	}
	var wrong error
	if err := raw.Control(func(fd uintptr) { wrong = judge(int(fd)) }); err != nil {
		return nil, err
	}
	if wrong != nil {
		return nil, wrong
	}
	l, err := net.FileListener(f)
	if err != nil {
		return nil, err
	}
	return l.(*net.UnixListener), nil
}

func judge(fd int) error {
	address, err := syscall.Getsockname(fd)
	if err != nil {
		return fmt.Errorf("not a socket: %w", err)
	}
	if _, ok := address.(*syscall.SockaddrUnix); !ok {
		return errors.New("not a unix socket: the unit wants ListenStream=/a/path")
	}
	kind, err := syscall.GetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_TYPE)
	if err != nil {
		return err
	}
	if kind != syscall.SOCK_STREAM {
		return errors.New("not a stream socket: the unit wants ListenStream=")
	}
	listening, err := syscall.GetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_ACCEPTCONN)
	if err != nil {
		return err
	}
	if listening == 0 {
		return errors.New("does not listen: the unit wants Accept=no")
	}
	return nil
}
