package sock

import (
	"os"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"stampede/internal/ethtool"
)

// kernel is the seam above the system calls that may fail in ways to live
// with: tests put errors, short counts and old kernels in here.
type kernel interface {
	// sendmmsg and recvmmsg never block.
	sendmmsg(fd int, msgs []unix.Mmsghdr) (int, syscall.Errno)
	recvmmsg(fd int, msgs []unix.Mmsghdr) (int, syscall.Errno)
	// poll waits for d; with d = 0 it only looks.
	poll(fds []unix.PollFd, d time.Duration) (int, syscall.Errno)

	setsockopt(fd, level, option, value int) error
	getsockopt(fd, level, option int) (int, error)
	attachFilter(fd int, program []unix.SockFilter) error
	memInfo(fd int) (memInfo, error)
	ethtool(fd int, device string, words []uint32) error
	release() string
}

// memInfo is what SO_MEMINFO tells (since Linux 4.12), by SK_MEMINFO_ number.
type memInfo [9]uint32

const (
	memReceive = 0 // SK_MEMINFO_RMEM_ALLOC: bytes charged to the receive buffer
	memDrops   = 8 // SK_MEMINFO_DROPS: what SO_RXQ_OVFL counts, as of now
)

// system is the real kernel.
//
// Calls that cannot block go through RawSyscall: the runtime does not take the
// processor away from the loop in the middle of a long send. Calls that sleep
// go through Syscall.
type system struct{}

func (system) sendmmsg(fd int, msgs []unix.Mmsghdr) (int, syscall.Errno) {
	const flags = unix.MSG_DONTWAIT | unix.MSG_NOSIGNAL
	n, _, errno := unix.RawSyscall6(unix.SYS_SENDMMSG, uintptr(fd),
		uintptr(unsafe.Pointer(unsafe.SliceData(msgs))), uintptr(len(msgs)), flags, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(n), 0
}

func (system) recvmmsg(fd int, msgs []unix.Mmsghdr) (int, syscall.Errno) {
	n, _, errno := unix.RawSyscall6(unix.SYS_RECVMMSG, uintptr(fd),
		uintptr(unsafe.Pointer(unsafe.SliceData(msgs))), uintptr(len(msgs)), unix.MSG_DONTWAIT, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(n), 0
}

func (system) poll(fds []unix.PollFd, d time.Duration) (int, syscall.Errno) {
	var n uintptr
	var errno syscall.Errno
	first, count := uintptr(unsafe.Pointer(unsafe.SliceData(fds))), uintptr(len(fds))
	ts := unix.NsecToTimespec(int64(d))
	if d == 0 {
		n, _, errno = unix.RawSyscall6(unix.SYS_PPOLL, first, count, uintptr(unsafe.Pointer(&ts)), 0, 0, 0)
	} else {
		n, _, errno = unix.Syscall6(unix.SYS_PPOLL, first, count, uintptr(unsafe.Pointer(&ts)), 0, 0, 0)
	}
	if errno != 0 {
		return 0, errno
	}
	return int(n), 0
}

func (system) setsockopt(fd, level, option, value int) error {
	return unix.SetsockoptInt(fd, level, option, value)
}

func (system) getsockopt(fd, level, option int) (int, error) {
	return unix.GetsockoptInt(fd, level, option)
}

func (system) attachFilter(fd int, program []unix.SockFilter) error {
	return unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER,
		&unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]})
}

func (system) memInfo(fd int) (memInfo, error) {
	var m memInfo
	size := uint32(unsafe.Sizeof(m))
	_, _, errno := unix.RawSyscall6(unix.SYS_GETSOCKOPT, uintptr(fd), unix.SOL_SOCKET, unix.SO_MEMINFO,
		uintptr(unsafe.Pointer(&m)), uintptr(unsafe.Pointer(&size)), 0)
	switch {
	case errno != 0:
		return m, os.NewSyscallError("getsockopt SO_MEMINFO", errno)
	case size < uint32(unsafe.Sizeof(m)):
		return m, os.NewSyscallError("getsockopt SO_MEMINFO", unix.EINVAL) // a kernel that does not count drops
	}
	return m, nil
}

// ethtool sends one command, words[0], and gets the answer in words.
func (system) ethtool(fd int, device string, words []uint32) error {
	return ethtool.Ask(fd, device, unsafe.Pointer(&words[0]))
}

func (system) release() string {
	var u unix.Utsname
	if unix.Uname(&u) != nil {
		return ""
	}
	return unix.ByteSliceToString(u.Release[:])
}
