package corosync

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

//go:embed client/client.c
var clientSource []byte

// ErrMissing is wrapped by the errors of Build that a package of the
// distribution cures; they name it.
var ErrMissing = errors.New("not installed")

// Build finds what is needed to run Corosync, and compiles the client: it
// returns the program's bytes.
func Build(ctx context.Context) ([]byte, error) {
	if _, err := daemon(); err != nil {
		return nil, err
	}
	if _, err := exec.LookPath("gcc"); err != nil {
		return nil, fmt.Errorf("the compiler gcc is %w (Debian packages gcc, libc6-dev)", ErrMissing)
	}
	dir, err := os.MkdirTemp("", "stampede-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	program := filepath.Join(dir, "client")
	cmd := exec.CommandContext(ctx, "gcc", "-O2", "-x", "c", "-o", program, "-", "-lcpg", "-lcorosync_common")
	cmd.Stdin = strings.NewReader(string(clientSource))
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, compileError(ctx, string(out), err)
	}
	return os.ReadFile(program)
}

// compileError tells a missing library from a fault of ours.
func compileError(ctx context.Context, said string, err error) error {
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case strings.Contains(said, "corosync/cpg.h: No such file"), strings.Contains(said, "cannot find -l"):
		return fmt.Errorf("the library libcpg is %w (Debian package libcpg-dev)", ErrMissing)
	case strings.Contains(said, "No such file"):
		return fmt.Errorf("the C library's headers are %w (Debian package libc6-dev)", ErrMissing)
	}
	return fmt.Errorf("gcc: %w: %s", err, strings.TrimSpace(said))
}

// daemon is the path of the program, also for users whose path lacks sbin.
func daemon() (string, error) {
	for _, name := range []string{"corosync", "/usr/sbin/corosync"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("the daemon corosync is %w (Debian package corosync)", ErrMissing)
}
