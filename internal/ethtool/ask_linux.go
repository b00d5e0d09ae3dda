// Package ethtool asks a network driver what it can do (linux/ethtool.h).
package ethtool

import (
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Ask sends the command that command points to, a struct of linux/ethtool.h
// with its number in front, and has the answer in its place. fd is any socket.
func Ask(fd int, device string, command unsafe.Pointer) error {
	var request struct { // struct ifreq with ifr_data
		name [unix.IFNAMSIZ]byte
		data unsafe.Pointer
		_    [16]byte
	}
	copy(request.name[:unix.IFNAMSIZ-1], device)
	request.data = command
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.SIOCETHTOOL, uintptr(unsafe.Pointer(&request)))
	if errno != 0 {
		return os.NewSyscallError("ioctl SIOCETHTOOL", errno)
	}
	return nil
}
