//go:build !linux

package gauge

import (
	"context"
	"errors"
	"fmt"

	"stampede/internal/sim/flood"
)

func kernel(context.Context, *flood.Costs, func(string, ...any)) error {
	return fmt.Errorf("what the kernel costs is measured on Linux only: %w", errors.ErrUnsupported)
}

func processorTime() (int64, error) { return 0, errors.ErrUnsupported }
