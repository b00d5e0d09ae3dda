// Package libevs is the place of a library in C, by which programs written for
// Corosync's EVS service use a stampede daemon: the sources are in src, the
// headers in include, the manual in man, and the Makefile builds and installs
// them. All that it has in Go is Build, for programs in Go that need one in C.
// The tests of this package build all that, and programs in C, and run those
// against daemons.
package libevs

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"strings"
)

//go:embed src include Makefile
var sources embed.FS

// Object is what Build compiles the library to.
const Object = "libevs.o"

// flags are the Makefile's, but for those that make a shared library of it, and for warnings.
var flags = []string{"-std=gnu11", "-D_GNU_SOURCE", "-Iinclude", "-fvisibility=hidden", "-fexceptions", "-pthread", "-O2"}

// Build compiles the library with cc, which is gcc or understands its flags, in
// a directory that is there. It leaves include, with the headers, and Object, to
// be linked into a program with -pthread. Nothing else need be installed.
func Build(ctx context.Context, cc, dir string) error {
	if err := os.CopyFS(dir, sources); err != nil {
		return fmt.Errorf("libevs: %w", err)
	}
	files, err := fs.Glob(sources, "src/*.c")
	if err != nil {
		return fmt.Errorf("libevs: %w", err)
	}
	arg := append([]string{"-r", "-nostdlib", "-o", Object, `-DLIBEVS_VERSION="` + version() + `"`}, flags...)
	cmd := exec.CommandContext(ctx, cc, append(arg, files...)...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("libevs: %s: %w: %s", cc, err, strings.TrimSpace(string(out)))
	}
	return nil
}

// version is the library's, as the Makefile has it.
func version() string {
	makefile, _ := sources.ReadFile("Makefile")
	for line := range strings.Lines(string(makefile)) {
		if name, value, ok := strings.Cut(line, ":="); ok && strings.TrimSpace(name) == "VERSION" {
			return strings.TrimSpace(value)
		}
	}
	return "unknown"
}
