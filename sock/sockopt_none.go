//go:build !unix && !windows

package sock

import "errors"

func bufferBytes(uintptr, bool) (int, error) { return 0, errors.ErrUnsupported }

func isTooBig(error) bool { return false }
