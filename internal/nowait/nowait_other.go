//go:build !unix

package nowait

import (
	"errors"
	"syscall"
)

// Reader cannot be had here.
type Reader struct{}

// Writer cannot be had here.
type Writer struct{}

// NewReader returns one that reads nothing.
func NewReader(syscall.RawConn) *Reader { return new(Reader) }

// NewWriter returns one that writes nothing.
func NewWriter(syscall.RawConn) *Writer { return new(Writer) }

// Read is not supported.
func (*Reader) Read([]byte) (int, error) { return 0, errors.ErrUnsupported }

// Write is not supported.
func (*Writer) Write([]byte) (int, error) { return 0, errors.ErrUnsupported }
