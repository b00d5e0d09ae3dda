//go:build !linux && !darwin && !freebsd && !windows

package sock

import "errors"

// prepare has nothing to set here: datagrams longer than the path's MTU are
// fragmented.
func prepare(uintptr, bool) error {
	return errors.New("no way is known to keep datagrams from being fragmented")
}
