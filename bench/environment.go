package bench

import (
	"os"
	"runtime"
	"strconv"
	"strings"
)

// Environment is what figures depend on besides the scenario.
type Environment struct {
	Kernel  string `json:"kernel"`
	Cores   int    `json:"cores"`
	RmemMax int    `json:"rmem_max"` // bytes; 0 = not known
	Version string `json:"version"`
}

func newEnvironment(version string) Environment {
	e := Environment{Kernel: runtime.GOOS, Cores: runtime.NumCPU(), Version: version}
	if release := readLine("/proc/sys/kernel/osrelease"); release != "" {
		e.Kernel = release
	}
	e.RmemMax, _ = strconv.Atoi(readLine("/proc/sys/net/core/rmem_max"))
	return e
}

// readLine is empty where there is no such file.
func readLine(path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}
