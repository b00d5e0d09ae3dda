package main

import (
	"bufio"
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"stampede/internal/testenv"
)

// machine is a systemd of its own, with nothing to do yet.
type machine struct {
	pid   int    // of its pid 1
	given string // this directory is /mnt there
	ended chan struct{}
	log   strings.Builder // of its start, once it has ended
}

// systemdProgram is where all distributions have it.
const systemdProgram = "/lib/systemd/systemd"

// boot starts a machine, which ends with the test.
func boot(t *testing.T) *machine {
	t.Helper()
	testenv.NeedRoot(t)
	testenv.NeedCommand(t, systemdProgram)
	for _, name := range []string{"ip", "unshare", "nsenter", "setpriv", "pivot_root", "useradd"} {
		testenv.NeedCommand(t, name)
	}
	m := &machine{given: t.TempDir(), ended: make(chan struct{})}
	group, err := os.Open(newControlGroup(t))
	if err != nil {
		t.Fatal(err)
	}
	defer group.Close()
	// The cgroup namespace has the present cgroup for its root, so it is made by
	// who is in it.
	cmd := exec.Command("unshare", "--cgroup", "sh", "testdata/machine.sh", t.TempDir(), m.given)
	cmd.Stdout, cmd.Stderr = &m.log, &m.log
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWNET | syscall.CLONE_NEWUTS | syscall.CLONE_NEWIPC,
		UseCgroupFD: true, CgroupFD: int(group.Fd()), Pdeathsig: syscall.SIGKILL,
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	m.pid = cmd.Process.Pid
	go func() { cmd.Wait(); close(m.ended) }()
	t.Cleanup(func() {
		cmd.Process.Kill() // and with it all that is in the machine
		<-m.ended
	})
	m.await(t, "its systemd runs", func() bool {
		name, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", m.pid))
		return err == nil && string(name) == "systemd\n" // before that, to enter it would be to enter the host
	})
	m.await(t, "it is up", func() bool { return m.run(t, "systemctl is-system-running --wait").stdout == "running\n" })
	return m
}

// newControlGroup makes a cgroup, which is removed with what was made in it.
func newControlGroup(t *testing.T) string {
	t.Helper()
	mounts, err := os.Open("/proc/self/mounts")
	if err != nil {
		t.Fatal(err)
	}
	defer mounts.Close()
	for lines := bufio.NewScanner(mounts); lines.Scan(); {
		f := strings.Fields(lines.Text())
		if len(f) < 3 || f[2] != "cgroup2" {
			continue
		}
		dir, err := os.MkdirTemp(f[1], "stampede-test-")
		if err != nil {
			testenv.Skip(t, "needs a cgroup of its own: "+err.Error())
		}
		t.Cleanup(func() { removeControlGroup(t, dir) })
		return dir
	}
	testenv.Skip(t, "needs cgroup2")
	return ""
}

// removeControlGroup removes the directories; files of the kernel's go with them.
func removeControlGroup(t *testing.T, dir string) {
	var dirs []string
	filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			dirs = append(dirs, path)
		}
		return nil
	})
	for _, d := range slices.Backward(dirs) {
		if err := os.Remove(d); err != nil {
			t.Error(err)
		}
	}
}

// await asks until it is so, or a minute has passed: that is to say, never.
func (m *machine) await(t *testing.T, what string, so func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for !so() {
		select {
		case <-m.ended:
			t.Fatalf("the machine has ended before %s: %s", what, &m.log)
		case <-ctx.Done():
			t.Fatalf("never: %s\n%s", what, m.journal(t))
		case <-time.After(10 * time.Millisecond): // not all of a core for the asking
		}
	}
}

// journal is the end of what its journal says.
func (m *machine) journal(t *testing.T) string {
	return m.run(t, "journalctl --no-pager --lines 40; systemctl status stampede.service || true").stdout
}

// command is one of a shell in the machine, as root.
func (m *machine) command(t *testing.T, script string) *exec.Cmd {
	cmd := exec.CommandContext(t.Context(), "nsenter", "--target", fmt.Sprint(m.pid), "--mount", "--pid", "--cgroup", "--net", "--uts", "--ipc",
		"--root", "--wd", "timeout", "60", "sh", "-euc", "cd /mnt; "+script)
	cmd.Env = []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", asProgram + "=1"}
	return cmd
}

// run runs a shell's script in the machine, to its end.
func (m *machine) run(t *testing.T, script string) outcome {
	t.Helper()
	return runWith(t, m.command(t, script))
}

// does runs a script that must end with status 0, and returns what it prints.
func (m *machine) does(t *testing.T, script string) string {
	t.Helper()
	o := m.run(t, script)
	if o.status != 0 {
		t.Fatalf("%s: %+v\n%s", script, o, m.journal(t))
	}
	return o.stdout
}
