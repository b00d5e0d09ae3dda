package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"stampede/internal/testenv"
)

func needLab(t *testing.T) {
	t.Helper()
	testenv.NeedRoot(t)
	testenv.NeedCommand(t, "ip")
	testenv.NeedCommand(t, "nft")
}

// drillHosts are what the tests of faults run: three processors under load of
// all guarantees, for some seconds of faults that come close behind one another.
func drillHosts(t *testing.T, arg ...string) outcome {
	t.Helper()
	needLab(t)
	t.Setenv("TMPDIR", t.TempDir())
	return run(t, append([]string{"lab", "--hosts", "3", "--duration", "5s", "--rest", "500ms",
		"--rate", "200", "--guarantee", everyGuarantee}, arg...)...)
}

// With flags of their own the nodes leave, or do not even start: the lab tells
// who it was and what it said, and keeps its log.
func TestNodeThatEndsByItselfIsTold(t *testing.T) {
	for flags, says := range map[string]string{
		"--count 20":   "it left by itself",
		"--rate bogus": `invalid argument "bogus"`,
	} {
		o := drillHosts(t, append([]string{"--faults", "loss", "--"}, strings.Fields(flags)...)...)
		if o.status != 1 || !strings.Contains(o.stderr, "life 1: ") || !strings.Contains(o.stderr, says) {
			t.Errorf("%s: %+v", flags, o)
		}
		if logs, _ := filepath.Glob(filepath.Join(os.Getenv("TMPDIR"), "*", "host*.log")); len(logs) != 3 {
			t.Errorf("%s: logs that were kept: %s", flags, logs)
		}
	}
}

func TestDrillKeepsWhatItIsToldTo(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	if o := drillHosts(t, "--faults", "loss", "--dir", dir); o.status != 0 {
		t.Fatalf("%+v", o)
	}
	traces, _ := filepath.Glob(filepath.Join(dir, "host*-life1.jsonl"))
	if len(traces) != 3 {
		t.Fatalf("kept %s", traces)
	}
	if o := run(t, append([]string{"verify"}, traces...)...); o.status != 0 {
		t.Errorf("%+v", o)
	}
	if o := drillHosts(t, "--faults", "loss", "--dir", dir); o.status != 1 || !strings.Contains(o.stderr, "not empty") {
		t.Errorf("once more: %+v", o)
	}
}

func TestDrillEndsWithItsMaker(t *testing.T) {
	needLab(t)
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGKILL} {
		t.Setenv("TMPDIR", t.TempDir())
		w := watch(t, program(t, "lab", "--hosts", "2", "--duration", "1h", "--faults", "loss"))
		w.await(t, "in configuration")
		w.signal(t, signal)
		log, err := w.end() // of all that have its standard error, the reaper too
		if err == nil {
			t.Errorf("%v: it ended well: %s", signal, log)
		}
		wantNoLabs(t, w.cmd.Process.Pid)
		if left, _ := filepath.Glob(filepath.Join(os.Getenv("TMPDIR"), "*")); len(left) > 0 && signal != syscall.SIGKILL {
			t.Errorf("%v: left %s", signal, left)
		}
	}
}
