package cclient

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"stampede/internal/testenv"
)

func TestWhatIsMissingIsNamed(t *testing.T) {
	for said, want := range map[string]string{
		"client/cpg.c:2:10: fatal error: corosync/cpg.h: No such file or directory": "libcpg-dev",
		"/usr/bin/ld: cannot find -lcpg: No such file or directory":                 "libcpg-dev",
		"client/client.c:38:10: fatal error: stdio.h: No such file or directory":    "libc6-dev",
	} {
		if err := explain(t.Context(), errors.New(said)); !errors.Is(err, ErrMissing) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", said, err)
		}
	}
	if err := explain(t.Context(), errors.New("error: expected ';'")); errors.Is(err, ErrMissing) {
		t.Errorf("a fault of ours is told as %v", err)
	}
	t.Setenv("PATH", t.TempDir())
	if _, err := Build(t.Context(), EVS); !errors.Is(err, ErrMissing) || !strings.Contains(err.Error(), "Debian packages gcc") {
		t.Errorf("without a compiler: %v", err)
	}
}

func TestBuildEndsWithItsContext(t *testing.T) {
	testenv.NeedCommand(t, compiler)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Build(ctx, EVS); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// Nothing in the client gives a compiler cause for a word.
func TestNoWarnings(t *testing.T) {
	testenv.NeedCommand(t, compiler)
	files, err := filepath.Glob("client/*.c")
	if err != nil || len(files) < 5 {
		t.Fatal(files, err)
	}
	for _, f := range files {
		t.Run(filepath.Base(f), func(t *testing.T) {
			include := "-I../../evs/libevs/include"
			if filepath.Base(f) == "cpg.c" {
				include = "-I/usr/include"
				if _, err := os.Stat("/usr/include/corosync/cpg.h"); err != nil {
					testenv.Skip(t, "needs the Debian package libcpg-dev")
				}
			}
			if out, err := exec.Command(compiler, "-fsyntax-only", "-O2", "-Wall", "-Wextra", "-Werror", include, f).CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

// start starts a shell that does what script says in the client's place.
func start(t *testing.T, ctx context.Context, script string) (*Client, error) {
	t.Helper()
	cmd := exec.Command("/bin/sh", "-c", script, "client")
	c, err := Start(ctx, cmd, &Setup{Host: 1, Hosts: 1, Senders: 1, Clients: 1, Payload: []byte("filler")}, (*exec.Cmd).Start)
	if err == nil {
		t.Cleanup(c.Close)
	}
	return c, err
}

// A client that does not become ready is told with its own reason, if it has one.
func TestWhyAClientDidNotStart(t *testing.T) {
	for script, want := range map[string]string{
		"echo failed there is no daemon": "there is no daemon",
		"exit 3":                         "the client ended: exit status 3",
		"exit 0":                         "the client ended: it exited",
		"echo hello; read line":          `the client said "hello"`,
	} {
		if _, err := start(t, t.Context(), script); err == nil || err.Error() != want && !strings.HasSuffix(err.Error(), ": "+want) {
			t.Errorf("%s: %v", script, err)
		}
	}
	_, err := Start(t.Context(), exec.Command(filepath.Join(t.TempDir(), "none")), &Setup{}, (*exec.Cmd).Start)
	if !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no program: %v", err)
	}
}

func TestAClientFailsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	c, err := start(t, ctx, "echo ready; read line")
	if err != nil {
		t.Fatal(err)
	}
	why := errors.New("its daemon ended")
	cancel(why)
	if err := <-c.Failed(); err != why {
		t.Error(err)
	}
	if _, err := c.Collect(t.Context()); err != why {
		t.Errorf("collected: %v", err)
	}
}

// The program is told who it is and shares memory with its parent; what it
// tells then is its report.
func TestWhatAClientTells(t *testing.T) {
	c, err := start(t, t.Context(), `
		echo ready
		read order
		echo complete
		read collect
		echo counts 1 2 3
		echo order 4 5 6 7
		echo sender 8 9 10 11
		echo sender 12 13 14 15
		echo own 100 $#
		echo all $6 2
		dd bs=1 skip=64 <&3 2>/dev/null | grep -q '^filler$' && echo all 300 3
		printf '\007' | dd bs=1 count=1 conv=notrunc of=/proc/self/fd/3 2>/dev/null
		echo end
		read more`)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Begin(Schedule{Start: 1, End: 2}); err != nil {
		t.Fatal(err)
	}
	<-c.Complete()
	r, err := c.Collect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if r.Sent != 1 || r.Delivered != 2 || r.Changes != 3 || r.Chain != 4 || r.Damaged != 5 || r.Disordered != 6 || r.Foreign != 7 ||
		!slices.Equal(r.Senders, []Sender{{8, 9, 10, 11}, {12, 13, 14, 15}}) ||
		!slices.Equal(r.Own, []Bar{{100, 7}}) || !slices.Equal(r.All, []Bar{{0, 2}, {300, 3}}) {
		t.Errorf("%+v", r)
	}
	if n := c.Delivered(); n != 7 {
		t.Errorf("%d delivered", n)
	}
	if c.CPU() <= 0 {
		t.Errorf("%d ns of processor time", c.CPU())
	}
}

func TestLinesThatAreNoReport(t *testing.T) {
	for _, line := range []string{"", "order", "order x", "counts 1 2", "sender 1 2 3", "own 1", "hello 1 2"} {
		if _, err := new(Report).line(line); err == nil {
			t.Errorf("%q was taken", line)
		}
	}
}
