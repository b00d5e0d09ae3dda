//go:build unix

package bench

import "syscall"

// cpuTime is what this process has used of the processors, in ns, in user and
// kernel mode.
func cpuTime() int64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return u.Utime.Nano() + u.Stime.Nano()
}
