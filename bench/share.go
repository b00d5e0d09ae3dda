package bench

import (
	"os"
	"runtime"
)

// takeShare gives this process as many of the machine's cores as it would have
// if the run's hosts divided them. Go would let each of them run goroutines on
// all cores: where hosts are many and cores few, their threads then spin and
// wake each other for what the next host needs (2 cores, 3 hosts: 64 B +30 %,
// p50 of Receive at 200/s 270 to 200 us). Whoever sets GOMAXPROCS decides.
func takeShare(hosts int) {
	if os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(max(1, runtime.NumCPU()/hosts))
	}
}
