package main

import (
	"io"
	"os"
	"runtime"
	"syscall"
)

// patient is in, but standard input is read by way of the runtime's poller
// where that can be done: a goroutine that begins to read in a system call of
// its own just when the world is stopped holds up the whole process
// (docs/tuning.md). It is opened anew, since other processes may share the one
// that was inherited and need not know that it does not wait.
func patient(in io.Reader) io.Reader {
	if in != os.Stdin || runtime.GOOS != "linux" {
		return in
	}
	if f, err := os.OpenFile("/dev/stdin", os.O_RDONLY|syscall.O_NONBLOCK, 0); err == nil {
		return f
	}
	return in // a socket, or not this user's to open
}
