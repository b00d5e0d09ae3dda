//go:build !unix

package evs

import (
	"errors"
	"net"
)

// readWithSocket: descriptors are passed between processes on unix only.
func readWithSocket(*net.UnixConn, []byte) (int, *net.UnixConn, error) {
	return 0, nil, errors.ErrUnsupported
}
