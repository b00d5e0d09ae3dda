package libevs

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"stampede/internal/testenv"
)

func needRootAndFaults(t *testing.T) {
	t.Helper()
	testenv.NeedRoot(t)
	testenv.NeedCommand(t, "ip")
	testenv.NeedCommand(t, "nft")
}

// The faults of the lab, with a program that was made with the installed library
// in the place of the lab's own.
func TestLab(t *testing.T) {
	if testing.Short() {
		t.Skip("not in short tests")
	}
	t.Parallel()
	for seed, b := range map[string]*build{"2": clang, "3": asan, "4": tsan} {
		t.Run(b.String(), func(t *testing.T) {
			t.Parallel()
			needRootAndFaults(t)
			out := run(t, "", needStampede(t), "lab", "--daemon", "--client", b.installed(t, "examples/witness.c"), "--hosts", "3",
				"--duration", "8s", "--rest", "200ms", "--seed", seed, "--size", "700", "--guarantee", "agreed,safe,fifo,unordered",
				"--faults", "kill,sequencer,restarts,leave,pause,partition,down,loss", "--overlap")
			wantKept(t, out)
		})
	}
}

func wantKept(t *testing.T, out string) {
	t.Helper()
	if !strings.Contains(out, "every promise is kept") {
		t.Error(out)
	}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	t.Log(lines[len(lines)-1])
}

// The recipe of the guide, for a shorter time.
func TestRecipe(t *testing.T) {
	if testing.Short() {
		t.Skip("not in short tests")
	}
	t.Parallel()
	needRootAndFaults(t)
	testenv.NeedCommand(t, "pkg-config")
	script := between(t, "```sh\n", "```")
	const lasts = "--duration 30s"
	if !strings.Contains(script, lasts) {
		t.Fatalf("the recipe does not say %s", lasts)
	}
	home := t.TempDir()
	c := exec.CommandContext(t.Context(), "sh", "-e")
	c.Stdin = strings.NewReader(strings.Replace(script, lasts, "--duration 6s --rest 200ms --seed 1", 1))
	c.Dir = filepath.Join("..", "..")
	c.Env = append(os.Environ(), "HOME="+home, "LDCONFIG=true")
	for _, v := range []string{"GOCACHE", "GOPATH", "GOMODCACHE"} { // which may be below the other HOME
		c.Env = append(c.Env, v+"="+goEnv(t, v))
	}
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	wantKept(t, string(out))
	if !strings.Contains(string(out), "kill host") {
		t.Errorf("no daemon was killed:\n%s", out)
	}
}

func goEnv(t *testing.T, name string) string {
	t.Helper()
	out, err := exec.Command("go", "env", name).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}
