package sock

import "runtime"

// cores is how many goroutines can run at once: GOMAXPROCS follows the
// machine, the affinity mask and the cgroup's quota.
func cores() int { return min(runtime.NumCPU(), runtime.GOMAXPROCS(0)) }
