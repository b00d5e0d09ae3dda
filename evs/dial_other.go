//go:build !unix

package evs

import (
	"errors"
	"net"
	"os"
)

// readWithFiles: descriptors are passed between processes on unix only.
func readWithFiles(*net.UnixConn, []byte) (int, []*os.File, error) {
	return 0, nil, errors.ErrUnsupported
}
