package bench

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// A host has a share of the cores from its first moment on, unless the user
// has said otherwise.
func TestHostsAreGivenTheirShare(t *testing.T) {
	for _, c := range []struct{ said, want string }{{"", "1"}, {"7", "7"}} {
		t.Setenv("GOMAXPROCS", c.said)
		cmd := exec.Command("env")
		giveShare(cmd, 1<<20)
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		if lines := strings.Fields(string(out)); !slices.Contains(lines, "GOMAXPROCS="+c.want) {
			t.Errorf("with GOMAXPROCS=%q: %s", c.said, out)
		}
	}
}
