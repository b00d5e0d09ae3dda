package main

import (
	"io"
	"os"
	"runtime"
	"syscall"
)

// patient is in, but standard input that may be waited for, a pipe or a
// terminal, is read by way of the runtime's poller: a goroutine that begins to
// read in a system call of its own just when the world is stopped holds up the
// whole process (docs/tuning.md). It is opened anew, since other processes may
// share the one that was inherited and need not know that it does not wait; a
// file, which is never waited for, would begin from the start again.
func patient(in io.Reader) io.Reader {
	const waitedFor = os.ModeNamedPipe | os.ModeCharDevice
	if in != os.Stdin || runtime.GOOS != "linux" {
		return in
	}
	if about, err := os.Stdin.Stat(); err != nil || about.Mode()&waitedFor == 0 {
		return in
	}
	if f, err := os.OpenFile("/dev/stdin", os.O_RDONLY|syscall.O_NONBLOCK, 0); err == nil {
		return f
	}
	return in // not this user's to open
}
