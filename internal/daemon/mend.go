package daemon

import (
	"errors"
	"syscall"

	"stampede/evs"
)

// mendings are what to do about a processor that could not be opened, or could not
// go on, in words of the configuration.
var mendings = []struct {
	is     error
	advice string
}{
	{evs.ErrDoubleID, "give one of them another id"},
	{syscall.EADDRINUSE, "another program has this port: stop it, or choose another one in bind"},
	{syscall.EADDRNOTAVAIL, "bind takes an address of this machine"},
	{syscall.EACCES, "ports below 1024 in bind take root or CAP_NET_BIND_SERVICE"},
	{syscall.EPERM, "something forbids it to this process: a unit's hardening, or a firewall"},
	{syscall.ENOMEM, "smaller history, reassembly and send-queue, or a higher limit on memory"},
}

// mend is the advice for an error, and what to look with where there is none.
func mend(err error) string {
	for _, m := range mendings {
		if errors.Is(err, m.is) {
			return m.advice
		}
	}
	return "stampede check with these settings looks closer"
}
