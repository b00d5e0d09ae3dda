package cclient

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"stampede/evs/libevs"
)

//go:embed client
var sources embed.FS

// Library is what a client is bound to.
type Library string

const (
	CPG Library = "cpg" // Corosync's closed process groups, from libcpg
	EVS Library = "evs" // Stampede's libevs, which is compiled too
)

// compiler is the one that all is compiled by.
const compiler = "gcc"

// ErrMissing is wrapped by the errors of Build that a package of the
// distribution cures; they name it.
var ErrMissing = errors.New("not installed")

// Build compiles the client for a library: it returns the program's bytes.
func Build(ctx context.Context, l Library) ([]byte, error) {
	if _, err := exec.LookPath(compiler); err != nil {
		return nil, fmt.Errorf("the compiler gcc is %w (Debian packages gcc, libc6-dev)", ErrMissing)
	}
	dir, err := os.MkdirTemp("", "stampede-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	if err := os.CopyFS(dir, sources); err != nil {
		return nil, err
	}
	flags := []string{"-lcpg", "-lcorosync_common"}
	if l == EVS {
		if err := libevs.Build(ctx, compiler, dir); err != nil {
			return nil, explain(ctx, err)
		}
		flags = []string{"-Iinclude", libevs.Object, "-pthread"}
	}
	if err := compile(ctx, dir, l, flags); err != nil {
		return nil, explain(ctx, err)
	}
	return os.ReadFile(filepath.Join(dir, "program"))
}

func compile(ctx context.Context, dir string, l Library, flags []string) error {
	arg := []string{"-O2", "-o", "program", "client/client.c", "client/check.c", "client/histogram.c", "client/" + string(l) + ".c"}
	cmd := exec.CommandContext(ctx, compiler, append(arg, flags...)...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("gcc: %w: %s", err, strings.TrimSpace(string(out)))
	}
	return nil
}

// explain tells something that is not installed from a fault of ours.
func explain(ctx context.Context, err error) error {
	said := err.Error()
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case strings.Contains(said, "corosync/cpg.h: No such file"), strings.Contains(said, "cannot find -l"):
		return fmt.Errorf("the library libcpg is %w (Debian package libcpg-dev)", ErrMissing)
	case strings.Contains(said, "No such file"):
		return fmt.Errorf("the C library's headers are %w (Debian package libc6-dev)", ErrMissing)
	}
	return err
}
