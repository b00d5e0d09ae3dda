package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// asProgram makes this test binary be the program: bench starts it as its
// hosts, and tests start it to see it killed.
const asProgram = "TEST_AS_STAMPEDE"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) == "1" {
		main()
		return
	}
	os.Exit(m.Run())
}

// program is the program with arguments, not started yet.
func program(t *testing.T, arg ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self, arg...)
	cmd.Env = append(os.Environ(), asProgram+"=1")
	return cmd
}

// outcome is what running the program came to.
type outcome struct {
	stdout, stderr string
	status         int
}

func run(t *testing.T, arg ...string) outcome {
	t.Helper()
	return runWith(t, program(t, arg...))
}

// runWith runs a program with more environment.
func runWith(t *testing.T, cmd *exec.Cmd, env ...string) outcome {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd.Env = append(cmd.Env, env...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	wantNoLabs(t, cmd.ProcessState.Pid())
	return outcome{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()}
}

// wantNoLabs checks that no namespace of a lab that pid made is left.
func wantNoLabs(t *testing.T, pid int) {
	t.Helper()
	if left, _ := filepath.Glob(fmt.Sprintf("/var/run/netns/stampede-%d-*", pid)); len(left) > 0 {
		t.Errorf("namespaces are left: %s", left)
	}
}

func TestVersion(t *testing.T) {
	o := run(t, "version")
	if o.status != 0 || !strings.HasPrefix(o.stdout, "stampede ") || o.stderr != "" {
		t.Errorf("%+v", o)
	}
}

func TestWhatIsNoVerbIsRefused(t *testing.T) {
	for _, arg := range [][]string{{"bensh"}, {"version", "x"}, {"bench", "x"}, {"--x"}} {
		if o := run(t, arg...); o.status != 1 || !strings.HasPrefix(o.stderr, "stampede: ") || o.stdout != "" {
			t.Errorf("%q: %+v", arg, o)
		}
	}
}

func TestHelpHidesTheHost(t *testing.T) {
	o := run(t, "--help")
	if o.status != 0 || !strings.Contains(o.stdout, "bench ") || strings.Contains(o.stdout, benchHost) {
		t.Errorf("%+v", o)
	}
}
