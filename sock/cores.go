package sock

import (
	"net/netip"
	"runtime"
)

// cores is how many goroutines can run at once: GOMAXPROCS follows the
// machine, the affinity mask and the cgroup's quota.
func cores() int { return min(runtime.NumCPU(), runtime.GOMAXPROCS(0)) }

// others is peers without own.
func others(peers []netip.AddrPort, own netip.AddrPort) []netip.AddrPort {
	out := make([]netip.AddrPort, 0, len(peers))
	for _, a := range peers {
		if a != own {
			out = append(out, a)
		}
	}
	return out
}
