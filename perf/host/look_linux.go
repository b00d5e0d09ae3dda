package host

import (
	"os"
	"runtime"
)

// Look reads what there is to know of this machine and of one of its network
// interfaces. What cannot be read stays zero. It changes nothing.
func Look(device string) (*Machine, error) {
	m := files{os.DirFS("/")}.read(device)
	m.Cores.Usable, m.Cores.GOMAXPROCS = runtime.NumCPU(), runtime.GOMAXPROCS(0)
	m.Card.Features = features(device)
	return m, nil
}
