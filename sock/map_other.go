//go:build !unix

package sock

import "fmt"

// Map returns bytes of zeroed memory, of the heap on this system. It is the
// caller's until Unmap.
func Map(bytes int) ([]byte, error) {
	if bytes <= 0 {
		return nil, fmt.Errorf("sock: cannot map %d bytes", bytes)
	}
	return make([]byte, bytes), nil
}

// Unmap gives back what Map returned.
func Unmap([]byte) error { return nil }
