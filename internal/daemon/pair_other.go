//go:build !unix

package daemon

import (
	"errors"
	"net"
	"os"

	"stampede/evs"
)

// A daemon passes descriptors, which is for unix only.

func eventPair() (*net.UnixConn, *os.File, error) { return nil, nil, errors.ErrUnsupported }

func rights([]*os.File) []byte { return nil }

func exhausted(error) bool { return false }

func claim(*evs.Config) (func(), error) { return nil, errors.ErrUnsupported }

func listen(*Options) (*net.UnixListener, error) { return nil, errors.ErrUnsupported }
