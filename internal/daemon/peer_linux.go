package daemon

import (
	"net"
	"os"

	"golang.org/x/sys/unix"
)

// peerOf is who connected, as the kernel says (SO_PEERCRED, unix(7)).
func peerOf(c *net.UnixConn) (credentials, error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return credentials{}, err
	}
	var u *unix.Ucred
	var failed error
	if err := raw.Control(func(fd uintptr) {
		u, failed = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED)
	}); err != nil {
		return credentials{}, err
	}
	if failed != nil {
		return credentials{}, os.NewSyscallError("getsockopt", failed)
	}
	return credentials{PID: int(u.Pid), UID: u.Uid, GID: u.Gid}, nil
}
