package libevs

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"stampede/internal/testenv"
)

// build is the library and the tests' programs, made one way.
type build struct {
	cc, cxx  string
	sanitize string // for -fsanitize
	static   bool   // the programs are linked with libevs.a

	once sync.Once
	dir  string
	err  string
}

var (
	plain  = &build{cc: "gcc", cxx: "g++"}
	static = &build{cc: "gcc", cxx: "g++", static: true}
	clang  = &build{cc: "clang", cxx: "clang++"}
	asan   = &build{cc: "gcc", cxx: "g++", sanitize: "address,undefined"}
	tsan   = &build{cc: "gcc", cxx: "g++", sanitize: "thread"}
)

// builds are those that tests are run with; of some, where time matters.
func builds() []*build {
	if testing.Short() {
		return []*build{plain}
	}
	return []*build{plain, static, clang, asan, tsan}
}

func (b *build) String() string {
	switch {
	case b.static:
		return "static"
	case b.sanitize != "":
		return strings.ReplaceAll(b.sanitize, ",", "+")
	}
	return b.cc
}

// need makes the library, and skips the test where there is no compiler.
func (b *build) need(t testing.TB) {
	t.Helper()
	testenv.NeedLinux(t)
	for _, c := range []string{"make", b.cc} {
		testenv.NeedCommand(t, c)
	}
	b.once.Do(func() {
		if b.dir, b.err = scratch("build"); b.err == "" {
			b.err = output("make", "-s", "-j2", "B="+b.dir, "CC="+b.cc, "SANITIZE="+b.sanitize)
		}
	})
	if b.err != "" {
		t.Fatalf("make, %v: %s", b, b.err)
	}
}

// scratch makes a directory that TestMain removes.
func scratch(name string) (dir, err string) {
	dir, e := os.MkdirTemp(scratchDir, name)
	if e != nil {
		return "", e.Error()
	}
	return dir, ""
}

// output runs a command; it is empty when that went well, with or without words.
func output(name string, arg ...string) string {
	out, err := exec.Command(name, arg...).CombinedOutput()
	if err == nil {
		return ""
	}
	return name + " " + strings.Join(arg, " ") + ": " + err.Error() + "\n" + string(out)
}

// flags are those by which a program finds the library, at compile and run time.
func (b *build) flags(options ...string) []string {
	f := append([]string{"-g", "-O1", "-Wall", "-Wextra", "-Werror", "-pthread", "-Iinclude"}, options...)
	if b.sanitize != "" {
		f = append(f, "-fsanitize="+b.sanitize, "-fno-omit-frame-pointer")
	}
	return f
}

func (b *build) libs() []string {
	if b.static {
		return []string{filepath.Join(b.dir, "libevs.a"), filepath.Join(b.dir, "libcoroipcc.a")}
	}
	// What the programs of the time were linked with.
	return []string{"-L" + b.dir, "-Wl,-rpath," + b.dir, "-levs", "-lcoroipcc"}
}

var compiled sync.Map // what program makes, by its path

// program compiles one source file and is the path of the result.
func (b *build) program(t testing.TB, source string, options ...string) string {
	t.Helper()
	b.need(t)
	compiler := b.cc
	if strings.HasSuffix(source, ".cc") {
		testenv.NeedCommand(t, b.cxx)
		compiler = b.cxx
	}
	name := strings.TrimSuffix(filepath.Base(source), filepath.Ext(source))
	path := filepath.Join(b.dir, name+strings.ReplaceAll(strings.Join(options, ""), "/", "_"))
	once, _ := compiled.LoadOrStore(path, sync.OnceValue(func() string {
		return output(compiler, append(append(b.flags(options...), "-o", path, source), b.libs()...)...)
	}))
	if err := once.(func() string)(); err != "" {
		t.Fatal(err)
	}
	return path
}

// start starts a program with what it finds its daemon by.
func start(t testing.TB, socket, path string, arg ...string) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	c, out := command(t, socket, path, arg...)
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	return c, out
}

func command(t testing.TB, socket, path string, arg ...string) (*exec.Cmd, *bytes.Buffer) {
	out := new(bytes.Buffer)
	c := exec.CommandContext(t.Context(), path, arg...)
	c.Env = append(os.Environ(), "STAMPEDE_SOCKET="+socket,
		"ASAN_OPTIONS=detect_leaks=1:abort_on_error=0:exitcode=66",
		"UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1:exitcode=66", "TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1")
	c.Stdout, c.Stderr = out, out
	return c, out
}

// run runs a program to its end, and is what it printed.
func run(t testing.TB, socket, path string, arg ...string) string {
	t.Helper()
	c, out := start(t, socket, path, arg...)
	if err := c.Wait(); err != nil {
		t.Fatalf("%s %s: %v\n%s", filepath.Base(path), strings.Join(arg, " "), err, out)
	}
	return out.String()
}

func must(t testing.TB, name string, arg ...string) {
	t.Helper()
	if err := output(name, arg...); err != "" {
		t.Fatal(err)
	}
}

func write(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
