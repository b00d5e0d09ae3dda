package evs

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"sync"

	"golang.org/x/sys/unix"
)

// allowedCPUs are those that this process may use, as they are when it is first
// asked, before a thread was pinned: later the first thread may be one of these.
var allowedCPUs = sync.OnceValues(func() (*unix.CPUSet, error) {
	set := new(unix.CPUSet)
	if err := unix.SchedGetaffinity(os.Getpid(), set); err != nil {
		return nil, fmt.Errorf("sched_getaffinity: %w", err)
	}
	return set, nil
})

// judgeCPUs says which of the CPUs cannot be had, and why.
func judgeCPUs(cpus []int) error {
	if len(cpus) == 0 {
		return nil
	}
	allowed, err := allowedCPUs()
	if err != nil {
		return err
	}
	for _, n := range cpus {
		if n >= 0 && allowed.IsSet(n) {
			continue
		}
		if _, err := os.Stat("/sys/devices/system/cpu/cpu" + strconv.Itoa(n)); n < 0 || os.IsNotExist(err) {
			return fmt.Errorf("there is no CPU %d", n)
		}
		return fmt.Errorf("this process may not use CPU %d: its affinity mask or cpuset leaves it out", n)
	}
	return nil
}

// pin locks the goroutine to its thread, and that to the CPUs, until unpin.
// None: it stays free.
func pin(cpus []int) (unpin func(), err error) {
	if len(cpus) == 0 {
		return func() {}, nil
	}
	runtime.LockOSThread()
	var before, set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &before); err != nil {
		runtime.UnlockOSThread()
		return nil, invalid("CPUs", "sched_getaffinity: %w", err)
	}
	for _, n := range cpus {
		set.Set(n)
	}
	if err := unix.SchedSetaffinity(0, &set); err != nil {
		runtime.UnlockOSThread()
		return nil, invalid("CPUs", "sched_setaffinity: %w", err)
	}
	return func() {
		if unix.SchedSetaffinity(0, &before) == nil {
			runtime.UnlockOSThread()
		} // else the thread ends with the goroutine
	}, nil
}
