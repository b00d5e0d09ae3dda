//go:build !unix

package evs

import (
	"errors"
	"net"
	"syscall"
)

// readWithSocket: descriptors are passed between processes on unix only.
func readWithSocket(*net.UnixConn, []byte) (int, *net.UnixConn, error) {
	return 0, nil, errors.ErrUnsupported
}

type attempt struct{}

func tryRead(syscall.RawConn) *attempt  { return new(attempt) }
func tryWrite(syscall.RawConn) *attempt { return new(attempt) }

func (*attempt) read([]byte) (int, error)  { return 0, errors.ErrUnsupported }
func (*attempt) write([]byte) (int, error) { return 0, errors.ErrUnsupported }
