package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"stampede/internal/testenv"
)

// long is a program that benches until something ends it.
type long struct {
	cmd    *exec.Cmd
	stdout *strings.Builder
	stderr *bufio.Reader
	alive  io.Reader // ends when the program and all that it started have ended
	hosts  []int     // process ids
}

// startLong returns when the hosts are at work.
func startLong(t *testing.T, arg ...string) *long {
	t.Helper()
	l := &long{cmd: program(t, append([]string{"bench", "--size", "64", "--rate", "100", "--duration", "1h"}, arg...)...), stdout: &strings.Builder{}}
	l.cmd.Stdout = l.stdout
	stderr, err := l.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	l.stderr = bufio.NewReader(stderr)
	alive, inherited, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { alive.Close() })
	l.alive = alive
	l.cmd.ExtraFiles = []*os.File{inherited} // its children inherit it too
	if err := l.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	inherited.Close()
	if line, err := l.stderr.ReadString('\n'); err != nil || !strings.Contains(line, "messages/s") {
		t.Fatalf("progress %q, %v", line, err)
	}
	l.hosts = children(t, l.cmd.Process.Pid)
	return l
}

// children are the processes that pid has started and that live.
func children(t *testing.T, pid int) (all []int) {
	t.Helper()
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, path := range tasks {
		text, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		for _, field := range strings.Fields(string(text)) {
			child, err := strconv.Atoi(field)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, child)
		}
	}
	if len(all) < 3 {
		t.Fatalf("process %d has children %v", pid, all)
	}
	return all
}

// end waits until nothing of the program is left.
func (l *long) end(t *testing.T) (status int, stderr string) {
	t.Helper()
	text, err := io.ReadAll(l.stderr)
	if err != nil {
		t.Error(err)
	}
	if _, err := io.ReadAll(l.alive); err != nil {
		t.Error(err)
	}
	l.cmd.Wait()
	return l.cmd.ProcessState.ExitCode(), string(text)
}

func TestDeadHostIsTold(t *testing.T) {
	l := startLong(t)
	if err := syscall.Kill(l.hosts[1], syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	status, stderr := l.end(t)
	if status != 1 || !strings.Contains(l.stdout.String(), "died: signal: killed") {
		t.Errorf("status %d: %s%s", status, l.stdout, stderr)
	}
}

func TestHostsEndWithTheirParent(t *testing.T) {
	for _, signal := range []syscall.Signal{syscall.SIGKILL, syscall.SIGTERM, syscall.SIGINT} {
		l := startLong(t)
		if err := l.cmd.Process.Signal(signal); err != nil {
			t.Fatal(err)
		}
		wantEnd(t, l, signal)
	}
}

func wantEnd(t *testing.T, l *long, signal syscall.Signal) {
	t.Helper()
	status, stderr := l.end(t) // which the hosts' ends are needed for
	if signal == syscall.SIGKILL {
		return
	}
	if status != 1 || !strings.Contains(stderr, "after 0 of 1 runs") {
		t.Errorf("%v: status %d: %s", signal, status, stderr)
	}
}

func TestLabEndsWithItsMaker(t *testing.T) {
	testenv.NeedRoot(t)
	testenv.NeedCommand(t, "ip")
	for _, signal := range []syscall.Signal{syscall.SIGKILL, syscall.SIGTERM, syscall.SIGINT} {
		l := startLong(t, "--lab")
		if err := l.cmd.Process.Signal(signal); err != nil {
			t.Fatal(err)
		}
		wantEnd(t, l, signal)
		wantNoLabs(t, l.cmd.Process.Pid)
	}
}

// A host that the bench itself has killed is missed by nobody: the others end
// like any.
func TestFailoverEndsWithItsBench(t *testing.T) {
	testenv.NeedRoot(t)
	testenv.NeedCommand(t, "ip")
	for _, signal := range []syscall.Signal{syscall.SIGKILL, syscall.SIGINT} {
		kept := filepath.Join(t.TempDir(), "kept")
		l := startLong(t, "--kill", "sequencer", "--warmup", "0s", "--lab", "--record", kept)
		for l.living() == 3 {
			if _, err := l.stderr.ReadString('\n'); err != nil { // a line a second
				t.Fatal(err)
			}
		}
		if err := l.cmd.Process.Signal(signal); err != nil {
			t.Fatal(err)
		}
		wantEnd(t, l, signal)
		wantNoLabs(t, l.cmd.Process.Pid)
		if left, _ := filepath.Glob(filepath.Join(kept, "*")); len(left) > 0 && signal != syscall.SIGKILL {
			t.Errorf("%v: there is a record without results: %s", signal, left)
		}
	}
}

// living is how many hosts have not ended.
func (l *long) living() (n int) {
	for _, pid := range l.hosts {
		if syscall.Kill(pid, 0) == nil {
			n++
		}
	}
	return n
}

// Only the bench itself may kill its sequencer, and only when it is time.
func TestDeathBeforeItsTimeIsTold(t *testing.T) {
	l := startLong(t, "--kill", "sequencer", "--warmup", "1h")
	if err := syscall.Kill(l.hosts[0], syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	status, stderr := l.end(t)
	if status != 1 || !strings.Contains(l.stdout.String(), "died: signal: killed") || strings.Contains(l.stdout.String(), " ok") {
		t.Errorf("status %d: %s%s", status, l.stdout, stderr)
	}
}

// Corosync's daemons and clients, and the mounts that they live among, end
// with whoever started them.
func TestPeersEndWithTheirBench(t *testing.T) {
	needCorosync(t)
	for _, signal := range []syscall.Signal{syscall.SIGKILL, syscall.SIGINT} {
		l := startLong(t, "--lab", "--engine", "corosync-knet")
		rooms := roomsOf(t, l.cmd.Process.Pid)
		if len(rooms) < 3 {
			t.Fatalf("%d mount namespaces with daemons of three hosts", len(rooms))
		}
		if err := l.cmd.Process.Signal(signal); err != nil {
			t.Fatal(err)
		}
		wantEnd(t, l, signal)
		wantNoLabs(t, l.cmd.Process.Pid)
		for pid, room := range mountNamespaces() {
			if rooms[room] {
				t.Errorf("process %d still lives in a host's mounts", pid)
			}
		}
	}
}

// roomsOf are the mount namespaces of the daemons below a process.
func roomsOf(t *testing.T, pid int) map[string]bool {
	t.Helper()
	rooms, all := map[string]bool{}, mountNamespaces()
	for _, host := range children(t, pid) {
		paths, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", host))
		for _, path := range paths {
			text, _ := os.ReadFile(path)
			for _, field := range strings.Fields(string(text)) {
				daemon, err := strconv.Atoi(field)
				if err != nil {
					t.Fatal(err)
				}
				if room := all[daemon]; room != "" && room != all[pid] {
					rooms[room] = true
				}
			}
		}
	}
	return rooms
}

// mountNamespaces are those of all processes, by id.
func mountNamespaces() map[int]string {
	all := map[int]string{}
	links, _ := filepath.Glob("/proc/[0-9]*/ns/mnt")
	for _, link := range links {
		pid, err := strconv.Atoi(strings.Split(link, "/")[2])
		if room, linkErr := os.Readlink(link); err == nil && linkErr == nil {
			all[pid] = room
		}
	}
	return all
}
