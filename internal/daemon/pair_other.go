//go:build !unix

package daemon

import (
	"errors"
	"net"
	"os"
	"syscall"

	"stampede/evs"
)

// A daemon passes descriptors, which is for unix only.

func eventPair() (*net.UnixConn, *os.File, error) { return nil, nil, errors.ErrUnsupported }

func rights(*os.File) []byte { return nil }

type attempt struct{}

func newAttempt(syscall.RawConn) *attempt { return new(attempt) }

func (*attempt) write([]byte) (int, error) { return 0, errors.ErrUnsupported }

func exhausted(error) bool { return false }

func claim(*evs.Config) (func(), error) { return nil, errors.ErrUnsupported }

func listen(*Options) (*net.UnixListener, error) { return nil, errors.ErrUnsupported }
