package libevs

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"stampede/internal/daemon"
	"stampede/internal/testenv"
)

// install installs the library as a packager would, and is where it went.
func (b *build) install(t testing.TB, dir string) (prefix string) {
	t.Helper()
	b.need(t)
	prefix = filepath.Join(dir, "opt")
	must(t, "make", "-s", "install", "PREFIX="+prefix, "B="+b.dir, "CC="+b.cc, "SANITIZE="+b.sanitize, "LDCONFIG=true")
	return prefix
}

// installed compiles a program as a user would, by what pkg-config tells of the
// library that was installed, and is its path.
func (b *build) installed(t testing.TB, source string) string {
	t.Helper()
	testenv.NeedCommand(t, "pkg-config")
	lib := filepath.Join(b.install(t, t.TempDir()), "lib")
	path := filepath.Join(t.TempDir(), strings.TrimSuffix(filepath.Base(source), ".c"))
	arg := append(b.flags(), "-o", path, source, "-Wl,-rpath,"+lib)
	arg = slices.DeleteFunc(arg, func(a string) bool { return a == "-Iinclude" })
	must(t, b.cc, append(arg, pkgConfig(t, lib)...)...)
	return path
}

func pkgConfig(t testing.TB, lib string) []string {
	t.Helper()
	c := exec.Command("pkg-config", "--cflags", "--libs", "libevs")
	c.Env = append(os.Environ(), "PKG_CONFIG_PATH="+filepath.Join(lib, "pkgconfig"))
	out, err := c.Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.Fields(string(out))
}

func files(t *testing.T, dir string) (all []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			rel, _ := filepath.Rel(dir, path)
			all = append(all, rel)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// Where there is a compiler and nothing else, Build's object is the library.
func TestBuildOfOneObject(t *testing.T) {
	testenv.NeedLinux(t)
	testenv.NeedCommand(t, "gcc")
	dir := t.TempDir()
	if err := Build(t.Context(), "gcc", dir); err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(dir, "conform")
	must(t, "gcc", "-I"+filepath.Join(dir, "include"), "-o", program, "test/conform.c", filepath.Join(dir, Object), "-pthread")
	run(t, serve(t, daemon.Policy{}), program, "sizes")
	plain.need(t)
	if _, err := os.Stat(filepath.Join(plain.dir, "libevs.so."+version())); err != nil {
		t.Errorf("version %s is not the Makefile's: %v", version(), err)
	}
	if err := Build(t.Context(), "false", t.TempDir()); err == nil || !strings.Contains(err.Error(), "libevs: false: ") {
		t.Errorf("with a compiler that fails: %v", err)
	}
}

func TestInstallAndUninstall(t *testing.T) {
	prefix := plain.install(t, t.TempDir())
	got := files(t, prefix)
	want := []string{
		"include/corosync/corotypes.h", "include/corosync/evs.h", "include/corosync/hdb.h", "include/stampede/evs_x.h",
		"lib/libcoroipcc.a", "lib/libcoroipcc.so", "lib/libcoroipcc.so.4", "lib/libcoroipcc.so.4.0.0",
		"lib/libevs.a", "lib/libevs.so", "lib/libevs.so.4", "lib/libevs.so.4.0.0", "lib/pkgconfig/libevs.pc",
		"share/man/man3/evs_context_get.3", "share/man/man3/evs_context_set.3", "share/man/man3/evs_dispatch.3",
		"share/man/man3/evs_fd_get.3", "share/man/man3/evs_finalize.3", "share/man/man3/evs_initialize.3",
		"share/man/man3/evs_join.3", "share/man/man3/evs_leave.3", "share/man/man3/evs_mcast_groups.3",
		"share/man/man3/evs_mcast_joined.3", "share/man/man3/evs_membership_get.3", "share/man/man3/evs_x.3",
		"share/man/man8/evs_overview.8"}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("installed\n%s\ninstead of\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	// A program that runs with the library that is there keeps that.
	library, used := filepath.Join(prefix, "lib/libevs.so.4.0.0"), filepath.Join(t.TempDir(), "used")
	must(t, "ln", library, used)
	plain.install(t, filepath.Dir(prefix))
	if same, err := sameFile(library, used); err != nil || same {
		t.Errorf("the library was written over: %v, %v", same, err)
	}
	// Below a DESTDIR nothing names it.
	dest := t.TempDir()
	must(t, "make", "-s", "install", "PREFIX=/usr", "DESTDIR="+dest, "B="+plain.dir)
	pc, err := os.ReadFile(filepath.Join(dest, "usr/lib/pkgconfig/libevs.pc"))
	if err != nil || strings.Contains(string(pc), dest) || !strings.Contains(string(pc), "prefix=/usr\n") {
		t.Errorf("%v\n%s", err, pc)
	}
	must(t, "make", "-s", "uninstall", "PREFIX=/usr", "DESTDIR="+dest, "B="+plain.dir)
	must(t, "make", "-s", "uninstall", "PREFIX="+prefix, "B="+plain.dir)
	if left := append(files(t, prefix), files(t, dest)...); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func sameFile(a, b string) (bool, error) {
	x, err := os.Stat(a)
	if err != nil {
		return false, err
	}
	y, err := os.Stat(b)
	return os.SameFile(x, y), err
}

// Where a path has spaces, all is found by what pkg-config says, which is quoted for a shell.
func TestInstallWhereSpacesAre(t *testing.T) {
	testenv.NeedCommand(t, "pkg-config")
	prefix := plain.install(t, filepath.Join(t.TempDir(), "a place", "of mine"))
	lib, program := filepath.Join(prefix, "lib"), filepath.Join(t.TempDir(), "talk")
	t.Setenv("PKG_CONFIG_PATH", filepath.Join(lib, "pkgconfig"))
	must(t, "sh", "-c", `flags=$(pkg-config --cflags --libs libevs) && eval gcc -o "$1" examples/talk.c "$flags"`, "sh", program)
	t.Setenv("LD_LIBRARY_PATH", lib)
	c, text := command(t, serve(t, daemon.Policy{}), program, "talk")
	if err := c.Run(); err != nil {
		t.Errorf("%v\n%s", err, text)
	}
	must(t, "make", "-s", "uninstall", "PREFIX="+prefix, "B="+plain.dir)
	if left := files(t, prefix); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// The examples, built by what was installed and nothing else.
func TestExamples(t *testing.T) {
	testenv.NeedCommand(t, "pkg-config")
	lib := filepath.Join(plain.install(t, t.TempDir()), "lib")
	t.Setenv("LD_LIBRARY_PATH", lib)
	flags := pkgConfig(t, lib)
	dir, socket := t.TempDir(), serve(t, daemon.Policy{})
	build := func(compiler, source string) string {
		testenv.NeedCommand(t, compiler)
		path := filepath.Join(dir, filepath.Base(source)+"-"+compiler)
		must(t, compiler, append([]string{"-Wall", "-Wextra", "-Werror", "-o", path, source}, flags...)...)
		return path
	}
	for _, compiler := range []string{"gcc", "clang"} {
		c, text := command(t, socket, build(compiler, "examples/talk.c"), "talk")
		c.Stdin = strings.NewReader("one\ntwo\nthree\n")
		if err := c.Run(); err != nil {
			t.Errorf("%v\n%s", err, text)
		}
		if !strings.HasSuffix(text.String(), "1: one\n1: two\n1: three\n") || !strings.HasPrefix(text.String(), "* configuration 1/") {
			t.Errorf("talk printed\n%s", text)
		}
	}
	for _, compiler := range []string{"g++", "clang++"} {
		if text := run(t, socket, build(compiler, "examples/counter.cc"), "4"); text != "1\n2\n3\n4\n" {
			t.Errorf("counter printed %q", text)
		}
	}
	testenv.NeedCommand(t, "python3")
	if text := run(t, socket, "python3", "-B", "examples/evs.py", "hello", "world"); !strings.HasSuffix(text, "1 hello\n1 world\n") {
		t.Errorf("evs.py printed %q", text)
	}
}

// Each function of the interface has its errors told, and no page makes the
// formatter complain.
func TestManual(t *testing.T) {
	plain.need(t)
	symbols := readelf(t, "--dyn-syms", filepath.Join(plain.dir, "libevs.so.4"))
	for _, f := range strings.Fields(symbols) {
		name, _, _ := strings.Cut(f, "@")
		if !strings.HasPrefix(name, "evs_") {
			continue
		}
		page := "man/" + name + ".3"
		if strings.HasPrefix(name, "evs_x_") {
			page = "man/evs_x.3"
		}
		text, err := os.ReadFile(page)
		if err != nil {
			t.Error(err)
		} else if !strings.Contains(string(text), name+"(") || !strings.Contains(string(text), "CS_ERR_") {
			t.Errorf("%s does not tell how %s is called, or of its errors", page, name)
		}
	}
	testenv.NeedCommand(t, "groff")
	all, _ := filepath.Glob("man/*.[38]")
	for _, page := range all {
		out, err := exec.Command("groff", "-man", "-ww", "-z", "-Tutf8", page).CombinedOutput()
		if err != nil || len(out) > 0 {
			t.Errorf("%s: %v %s", page, err, out)
		}
	}
}

// between is what stands in the guide between two texts.
func between(t *testing.T, begin, end string) string {
	t.Helper()
	text, err := os.ReadFile("../../docs/libevs.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(text), begin)
	found, _, ended := strings.Cut(rest, end)
	if !ok || !ended {
		t.Fatalf("the guide has nothing between %q and %q", begin, end)
	}
	return found
}

// The program in the guide does what it says.
func TestGuide(t *testing.T) {
	path := filepath.Join(t.TempDir(), "guide.c")
	write(t, path, between(t, "```c\n", "```"))
	if out := run(t, serve(t, daemon.Policy{}), plain.program(t, path, "-Wno-unused-parameter")); out != "1: hello\n" {
		t.Errorf("it printed %q", out)
	}
}
