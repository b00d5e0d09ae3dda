// Package testenv tells tests what this machine lets them do. Only tests
// import it.
package testenv

import (
	"os"
	"os/exec"
	"runtime"
	"testing"
)

// RequireAll names the environment variable that, set to 1, turns every skip
// into a failure: where all that is needed is known to be there (CI), a skip
// would hide a broken installation. The names that begin with STAMPEDE_ are the
// program's, which refuses those that it does not know.
const RequireAll = "REQUIRE_ALL_TESTS"

// Skip skips the test for the reason given, or fails it for that reason when
// RequireAll is set.
func Skip(t testing.TB, reason string) {
	t.Helper()
	if os.Getenv(RequireAll) == "1" {
		t.Fatalf("%s, and %s=1 allows no skip", reason, RequireAll)
	}
	t.Skip(reason)
}

// NeedLinux skips the test on other systems.
func NeedLinux(t testing.TB) {
	t.Helper()
	if runtime.GOOS != "linux" {
		Skip(t, "needs Linux")
	}
}

// NeedRoot skips the test unless the process may make network namespaces.
func NeedRoot(t testing.TB) {
	t.Helper()
	NeedLinux(t)
	if os.Geteuid() != 0 {
		Skip(t, "needs root")
	}
}

// NeedCommand skips the test when name is not in the path.
func NeedCommand(t testing.TB, name string) {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		Skip(t, "needs the command "+name)
	}
}
