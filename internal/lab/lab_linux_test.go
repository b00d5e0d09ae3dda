package lab

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"stampede/internal/testenv"
)

// makeAndWait makes this binary, started again by a test, make a lab, print
// its namespaces and wait to be killed.
const makeAndWait = "LAB_TEST_MAKE_AND_WAIT"

func TestMain(m *testing.M) {
	if os.Getenv(beRadio) != "" {
		if err := radioMain(); err != nil {
			fmt.Fprintln(os.Stderr, "radio:", err)
			os.Exit(1)
		}
		return
	}
	if os.Getenv(makeAndWait) == "" {
		os.Exit(m.Run())
	}
	l, err := New(context.Background(), 2)
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println(strings.Join(l.names, " "))
	syscall.Pause()
}

func needLab(t *testing.T) {
	t.Helper()
	testenv.NeedRoot(t)
	testenv.NeedCommand(t, "ip")
}

func newLab(t *testing.T, hosts int) *Lab {
	t.Helper()
	l, err := New(t.Context(), hosts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

func exists(name string) bool {
	_, err := os.Lstat(namespaces + name)
	return err == nil
}

func TestHostsReachEachOther(t *testing.T) {
	needLab(t)
	testenv.NeedCommand(t, "ping")
	l := newLab(t, 3)
	for _, from := range l.Hosts {
		for _, to := range l.Hosts {
			for _, address := range []string{to.IPv4.String(), to.IPv6.String()} {
				// 1452 bytes and the headers of IPv6 and ICMP fill the MTU.
				out, err := from.Command(t.Context(), "ping", "-c1", "-W5", "-s1452", address).CombinedOutput()
				if err != nil {
					t.Errorf("from %s to %s: %v\n%s", from.IPv4, address, err, out)
				}
			}
		}
	}
}

func TestHostHasNothingButItsOwnLinks(t *testing.T) {
	needLab(t)
	l := newLab(t, 1)
	out, err := l.Hosts[0].Command(t.Context(), "ip", "-brief", "link").Output()
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	if len(lines) != 2 || !strings.HasPrefix(lines[0], "lo ") || !strings.HasPrefix(lines[1], Interface+"@") {
		t.Errorf("links of a host:\n%s", out)
	}
}

func TestCloseKillsAndRemoves(t *testing.T) {
	needLab(t)
	l := newLab(t, 2)
	stays := l.Hosts[1].Command(context.Background(), "cat")
	if _, err := stays.StdinPipe(); err != nil { // never closed: only a kill ends it
		t.Fatal(err)
	}
	if err := stays.Start(); err != nil {
		t.Fatal(err)
	}
	for _, name := range l.names {
		if !exists(name) {
			t.Errorf("namespace %s was not made", name)
		}
	}
	for range 2 {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}
	if err := stays.Wait(); err == nil {
		t.Error("a process on a host ended by itself")
	}
	for _, name := range l.names {
		if exists(name) {
			t.Errorf("namespace %s is still there", name)
		}
	}
}

func TestCancelledNewLeavesNothing(t *testing.T) {
	needLab(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := New(ctx, 2); err == nil {
		t.Fatal("made a lab under a cancelled context")
	}
	left, _ := filepath.Glob(namespaces + fmt.Sprintf("%s%d-*", namePrefix, os.Getpid()))
	if len(left) > 0 {
		t.Errorf("left %s", left)
	}
}

func TestKilledMakerLeavesNothing(t *testing.T) {
	needLab(t)
	out, names := startMaker(t)
	// The reaper shares the maker's standard error: the end of the output is
	// the end of both.
	if rest, err := io.ReadAll(out); err != nil || len(rest) > 0 {
		t.Errorf("maker and reaper said %q, %v", rest, err)
	}
	for _, name := range names {
		if exists(name) {
			t.Errorf("namespace %s outlived its maker and reaper", name)
		}
	}
}

// startMaker starts a process that makes a lab, and kills it. What it returns
// first ends when the process and its reaper have.
func startMaker(t *testing.T) (out io.Reader, names []string) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), makeAndWait+"=1")
	cmd.Stdout, cmd.Stderr = w, w
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	lines := bufio.NewReader(r)
	line, err := lines.ReadString('\n')
	if err != nil {
		t.Fatalf("maker: %v", err)
	}
	names = strings.Fields(line)
	if len(names) != 3 || !exists(names[0]) {
		t.Fatalf("maker made no lab: %s", line)
	}
	cmd.Process.Kill()
	cmd.Wait()
	return lines, names
}

func TestNewRemovesLabsOfTheDead(t *testing.T) {
	needLab(t)
	dead := exec.Command("true")
	if err := dead.Run(); err != nil {
		t.Fatal(err)
	}
	stale := namespace(dead.ProcessState.Pid(), 1, 0)
	foreign := "not-" + stale
	for _, name := range []string{stale, foreign} {
		if out, err := exec.Command("ip", "netns", "add", name).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	t.Cleanup(func() { exec.Command("ip", "netns", "del", foreign).Run() })
	other := newLab(t, 1) // of a live maker
	newLab(t, 1)
	if exists(stale) {
		t.Error("the lab of a dead maker is still there")
	}
	if !exists(foreign) || !exists(other.names[0]) {
		t.Error("removed what was not a dead maker's lab")
	}
}
