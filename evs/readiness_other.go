//go:build !linux

package evs

import (
	"errors"
	"syscall"
)

type readiness struct{}

func (r *readiness) raise() {}
func (r *readiness) lower() {}

type pollset struct{}

func (s *pollset) settle(bool) {}
func (s *pollset) raise()      {}

// SyscallConn is for Linux only, so far.
func (h *Handle) SyscallConn() (syscall.RawConn, error) {
	return nil, errors.ErrUnsupported
}
