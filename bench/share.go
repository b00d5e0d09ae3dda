package bench

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
)

// giveShare gives a process that is to be started as many of the machine's
// cores as it would have if the run's hosts divided them. Go would let each of
// them run goroutines on all cores: where hosts are many and cores few, their
// threads then spin and wake each other for what the next host needs (2 cores,
// 3 hosts: 64 B +30 %, p50 of Receive at 200/s 270 to 200 us). Whoever sets
// GOMAXPROCS decides.
//
// It is told by the environment, since a process that calls runtime.GOMAXPROCS
// stops its world. With Go 1.26 this takes until the end of a read of standard
// input that another goroutine begins just then, which is never:
// runtime.reentersyscall looks for somebody who stops the world before it gives
// its place up to be taken, and is not asked again.
func giveShare(cmd *exec.Cmd, hosts int) {
	if os.Getenv("GOMAXPROCS") == "" {
		cmd.Env = append(cmd.Environ(), fmt.Sprint("GOMAXPROCS=", max(1, runtime.NumCPU()/hosts)))
	}
}
