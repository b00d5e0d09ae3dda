//go:build unix

package sock

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// Map returns bytes of zeroed memory outside Go's heap: the garbage collector
// does not look at it, its addresses never change, and only what is touched
// takes up memory. It is the caller's until Unmap.
func Map(bytes int) ([]byte, error) {
	if bytes <= 0 {
		return nil, fmt.Errorf("sock: cannot map %d bytes", bytes)
	}
	b, err := unix.Mmap(-1, 0, bytes, unix.PROT_READ|unix.PROT_WRITE, mapFlags)
	if err != nil {
		return nil, os.NewSyscallError("mmap", err)
	}
	return b, nil
}

// Unmap gives back the whole of what Map returned. Whoever reads it later
// faults.
func Unmap(b []byte) error {
	return os.NewSyscallError("munmap", unix.Munmap(b))
}
