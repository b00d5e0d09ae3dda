//go:build !linux

package lab

import (
	"context"
	"fmt"
)

// New fails: network namespaces are Linux's.
func New(context.Context, int) (*Lab, error) {
	return nil, fmt.Errorf("lab: %w: network namespaces are Linux's", ErrUnsupported)
}

// Close does nothing.
func (l *Lab) Close() error { return nil }
