//go:build !linux

package evs

import "errors"

func judgeCPUs(cpus []int) error {
	if len(cpus) > 0 {
		return errors.New("a thread can be tied to processors on Linux only")
	}
	return nil
}

func pin([]int) (unpin func(), err error) { return func() {}, nil }
