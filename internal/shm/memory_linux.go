package shm

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// Create makes shared memory of so many bytes, and the file through which another
// process can read it. Both are the caller's to close. Memory that is never
// written to is not taken from the machine.
func Create(name string, bytes int) (*Writer, *os.File, error) {
	const flags = unix.MFD_CLOEXEC | unix.MFD_ALLOW_SEALING
	fd, err := unix.MemfdCreate(name, flags|unix.MFD_NOEXEC_SEAL) // where vm.memfd_noexec wants it
	if err == unix.EINVAL {                                       // before Linux 6.3
		fd, err = unix.MemfdCreate(name, flags)
	}
	if err != nil {
		return nil, nil, os.NewSyscallError("memfd_create", err)
	}
	f := os.NewFile(uintptr(fd), name)
	mem, err := sealed(f, bytes)
	if err != nil {
		f.Close()
		return nil, nil, err
	}
	return &Writer{mem: mem}, f, nil
}

// sealed maps f for writing, and sees to it that nobody else can.
func sealed(f *os.File, bytes int) ([]byte, error) {
	if err := f.Truncate(int64(bytes)); err != nil {
		return nil, err
	}
	mem, err := mapped(f, true)
	if err != nil {
		return nil, err
	}
	const seals = unix.F_SEAL_SHRINK | unix.F_SEAL_GROW | unix.F_SEAL_FUTURE_WRITE | unix.F_SEAL_SEAL
	if _, err := unix.FcntlInt(f.Fd(), unix.F_ADD_SEALS, seals); err != nil {
		unmap(mem)
		return nil, os.NewSyscallError("fcntl F_ADD_SEALS", err)
	}
	return mem, nil
}

// opened is all of f, which came from another process. Memory that can be shortened
// is refused: whoever looks at what is gone from it is ended by the kernel (SIGBUS).
func opened(f *os.File) ([]byte, error) {
	seals, err := unix.FcntlInt(f.Fd(), unix.F_GET_SEALS, 0)
	if err != nil {
		return nil, os.NewSyscallError("fcntl F_GET_SEALS", err)
	}
	if seals&unix.F_SEAL_SHRINK == 0 {
		return nil, errors.New("shared memory: not sealed")
	}
	return mapped(f, false)
}

// mapped is all of f.
func mapped(f *os.File, write bool) ([]byte, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	prot := unix.PROT_READ
	if write {
		prot |= unix.PROT_WRITE
	}
	mem, err := unix.Mmap(int(f.Fd()), 0, int(info.Size()), prot, unix.MAP_SHARED)
	return mem, os.NewSyscallError("mmap", err)
}

func unmap(mem []byte) {
	if len(mem) > 0 {
		unix.Munmap(mem)
	}
}

// Close gives the memory back. What the reader has mapped stays.
func (w *Writer) Close() {
	unmap(w.mem)
	w.mem = nil
}
