//go:build !linux

package evs

import (
	"syscall"
	"testing"
)

func readable(*testing.T, syscall.RawConn, int) bool { return false }
