package main

import (
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

// drillHosts runs three processors under load of all guarantees, through some
// seconds of faults that come close behind one another. What it leaves is in dir.
func drillHosts(t *testing.T, arg ...string) (o outcome, dir string) {
	t.Helper()
	return runLab(t, append([]string{"--hosts", "3", "--duration", "4s", "--rest", "300ms",
		"--rate", "200", "--guarantee", everyGuarantee}, arg...)...)
}

// runLab runs the verb, with a directory of its own for what is temporary.
func runLab(t *testing.T, arg ...string) (o outcome, dir string) {
	t.Helper()
	needLab(t)
	dir = t.TempDir()
	return runWith(t, program(t, append([]string{"lab"}, arg...)...), "TMPDIR="+dir), dir
}

// With flags of their own the nodes leave, or do not even start: the lab tells
// who it was and what it said, and keeps its log.
func TestNodeThatEndsByItselfIsTold(t *testing.T) {
	for flags, says := range map[string]string{
		"--count 20":   "it left by itself",
		"--rate bogus": `invalid argument "bogus"`,
	} {
		o, dir := drillHosts(t, append([]string{"--faults", "loss", "--"}, strings.Fields(flags)...)...)
		if o.status != 1 || !strings.Contains(o.stderr, "life 1: ") || !strings.Contains(o.stderr, says) {
			t.Errorf("%s: %+v", flags, o)
		}
		if logs, _ := filepath.Glob(filepath.Join(dir, "*", "host*.log")); len(logs) != 3 {
			t.Errorf("%s: logs that were kept: %s", flags, logs)
		}
	}
}

func TestDrillKeepsWhatItIsToldTo(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	if o, _ := drillHosts(t, "--faults", "loss", "--dir", dir); o.status != 0 {
		t.Fatalf("%+v", o)
	}
	traces, _ := filepath.Glob(filepath.Join(dir, "host*-life1.jsonl"))
	if len(traces) != 3 {
		t.Fatalf("kept %s", traces)
	}
	if o := run(t, append([]string{"verify"}, traces...)...); o.status != 0 {
		t.Errorf("%+v", o)
	}
	if o, _ := drillHosts(t, "--faults", "loss", "--dir", dir); o.status != 1 || !strings.Contains(o.stderr, "not empty") {
		t.Errorf("once more: %+v", o)
	}
}

func TestDrillEndsWithItsMaker(t *testing.T) {
	needLab(t)
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGKILL} {
		dir, cmd := t.TempDir(), program(t, "lab", "--hosts", "2", "--duration", "1h", "--faults", "loss")
		cmd.Env = append(cmd.Env, "TMPDIR="+dir)
		w := watch(t, cmd)
		w.await(t, "in configuration")
		w.signal(t, signal)
		log, err := w.end() // of all that have its standard error, the reaper too
		if err == nil {
			t.Errorf("%v: it ended well: %s", signal, log)
		}
		wantNoLabs(t, w.cmd.Process.Pid)
		if left, _ := filepath.Glob(filepath.Join(dir, "*")); len(left) > 0 && signal != syscall.SIGKILL {
			t.Errorf("%v: left %s", signal, left)
		}
	}
}
