package libevs

import (
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"stampede/internal/daemon"
	"stampede/internal/testenv"
)

// old are the rules of C that held for programs of Corosync's time.
var old = []string{"-std=gnu89", "-Wno-pointer-sign", "-D_REENTRANT"}

// Programs in the manner of that time compile as they are, and run.
func TestOldPrograms(t *testing.T) {
	for _, b := range builds() {
		t.Run(b.String(), func(t *testing.T) {
			t.Run("flood", func(t *testing.T) {
				if b == static || b == clang {
					return // nothing new, at a second for each size
				}
				// It takes nothing for a second in which more than the usual 1 GiB may come.
				t.Setenv("LIBEVS_MEMORY", "8589934592")
				out := run(t, serve(t, daemon.Policy{}), b.program(t, "test/old_flood.c", old...), "1")
				if n := strings.Count(out, "writes/s"); n != 7 {
					t.Errorf("%d results instead of 7:\n%s", n, out)
				}
				t.Log("\n" + out)
			})
			t.Run("hash", func(t *testing.T) {
				path := b.program(t, "test/old_hash.c", old...)
				if out := run(t, serve(t, daemon.Policy{}), path, "2000"); !strings.Contains(out, "2000 messages verified") {
					t.Error(out)
				}
			})
			t.Run("groups", func(t *testing.T) {
				out := run(t, serve(t, daemon.Policy{}), b.program(t, "test/old_groups.c", old...))
				for _, line := range []string{"join 1", "leave 1", "member 1"} {
					if strings.Count(out, line+"\n") != 4 {
						t.Errorf("%q is not there four times:\n%s", line, out)
					}
				}
			})
		})
	}
}

func TestLayout(t *testing.T) {
	for _, b := range []*build{plain, clang} {
		for _, std := range []string{"-std=gnu89", "-std=c99", "-std=c11", "-std=gnu17"} {
			run(t, "", b.program(t, "test/layout.c", std))
		}
	}
}

// The headers are such that no compiler has a word to say, however strict.
func TestHeaders(t *testing.T) {
	source := filepath.Join(t.TempDir(), "headers.c")
	write(t, source, "#include <stampede/evs_x.h>\nint main(void) { return evs_x_version() == 0; }\n")
	for compiler, standards := range map[string][]string{
		"gcc": {"c89", "c99", "c17"}, "clang": {"c89", "c99", "c17"}, "g++": {"c++11", "c++20"}, "clang++": {"c++11", "c++20"}} {
		testenv.NeedCommand(t, compiler)
		language := "c"
		if strings.HasSuffix(compiler, "++") {
			language = "c++"
		}
		for _, std := range standards {
			must(t, compiler, "-fsyntax-only", "-x", language, "-std="+std, "-pedantic", "-Wall", "-Wextra", "-Werror", "-Iinclude", source)
		}
	}
}

func TestDynamic(t *testing.T) {
	for _, b := range []*build{plain, clang} {
		run(t, serve(t, daemon.Policy{}), b.program(t, "test/dynamic.c"), filepath.Join(b.dir, "libevs.so.4"))
	}
}

func TestPlusPlus(t *testing.T) {
	for _, b := range []*build{plain, clang, asan} {
		for _, std := range []string{"-std=c++11", "-std=c++17", "-std=c++20"} {
			run(t, serve(t, daemon.Policy{}), b.program(t, "test/plusplus.cc", std))
		}
	}
}

// versioned are the names of the original that had a version; two had none.
var versioned = []string{"evs_dispatch", "evs_fd_get", "evs_finalize", "evs_initialize", "evs_join", "evs_leave",
	"evs_mcast_groups", "evs_mcast_joined", "evs_membership_get"}

// added are what the original did not have, all behind evs_x_.
var added = []string{"dispatch_timed", "flush", "info_get", "initialize", "keep", "mcast", "release", "stats_get", "strerror",
	"version", "why"}

// What readelf tells is what programs that were linked long ago ask for.
func TestBinaryInterface(t *testing.T) {
	testenv.NeedCommand(t, "readelf")
	plain.need(t)
	library := filepath.Join(plain.dir, "libevs.so.4.0.0")
	var got []string
	for _, line := range strings.Split(readelf(t, "--dyn-syms", library), "\n") {
		f := strings.Fields(line)
		if len(f) == 8 && f[3] == "FUNC" && f[4] == "GLOBAL" && f[6] != "UND" {
			got = append(got, f[7])
		}
	}
	want := []string{"evs_context_get", "evs_context_set"}
	for _, name := range versioned {
		want = append(want, name+"@@COROSYNC_EVS_2.0")
	}
	for _, name := range added {
		want = append(want, "evs_x_"+name+"@@STAMPEDE_EVS_1.0")
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("libevs.so.4 has\n%s\ninstead of\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	for file, name := range map[string]string{"libevs": "libevs.so.4", "libcoroipcc": "libcoroipcc.so.4"} {
		if d := readelf(t, "-d", filepath.Join(plain.dir, file+".so")); !strings.Contains(d, "soname: ["+name+"]") {
			t.Errorf("%s is not the soname of %s:\n%s", name, file, d)
		}
	}
	// Besides libc: what lets exceptions pass, and the loader, of thread-local variables.
	for _, line := range strings.Split(readelf(t, "-d", library), "\n") {
		if strings.Contains(line, "(NEEDED)") && !strings.Contains(line, "[libc.so.") &&
			!strings.Contains(line, "[libgcc_s.so.") && !strings.Contains(line, "[ld-linux") {
			t.Errorf("libevs needs more than libc: %s", line)
		}
	}
}

// Whoever links the archive finds no other names in it.
func TestArchive(t *testing.T) {
	testenv.NeedCommand(t, "nm")
	plain.need(t)
	out, err := exec.Command("nm", "--defined-only", "--extern-only", "--format=posix", filepath.Join(plain.dir, "libevs.a")).Output()
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	for _, line := range strings.Split(strings.TrimSpace(string(out)), "\n") {
		name, _, isSymbol := strings.Cut(line, " ")
		switch {
		case strings.HasPrefix(name, "evs_"):
			count++
		case isSymbol && !strings.HasPrefix(line, filepath.Join(plain.dir, "libevs.a")):
			t.Errorf("libevs.a has %s", name)
		}
	}
	if want := len(versioned) + 2 + len(added); count != want {
		t.Errorf("libevs.a has %d functions of the interface, not %d", count, want)
	}
}

func readelf(t *testing.T, arg ...string) string {
	t.Helper()
	out, err := exec.Command("readelf", append([]string{"-W"}, arg...)...).Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// A program that was linked with the original runs with this library, without
// a word of the loader. The original's place at link time is taken by a
// library with nothing but its names and versions.
func TestLinkedLongAgo(t *testing.T) {
	plain.need(t)
	dir := t.TempDir()
	original := filepath.Join(dir, "libevs.so.4")
	source := "void evs_context_get(void){} void evs_context_set(void){}"
	for _, name := range versioned {
		source += " void " + name + "(void){}"
	}
	write(t, filepath.Join(dir, "original.c"), source)
	write(t, filepath.Join(dir, "original.map"), "COROSYNC_EVS_2.0 { global: "+strings.Join(versioned, "; ")+"; };\n")
	must(t, "gcc", "-shared", "-fPIC", "-Wl,-soname,libevs.so.4", "-Wl,--version-script="+filepath.Join(dir, "original.map"),
		"-o", original, filepath.Join(dir, "original.c"))
	program := filepath.Join(dir, "program")
	must(t, "gcc", "-Iinclude", "-pthread", "-o", program, "test/old_groups.c", original)
	c, out := command(t, serve(t, daemon.Policy{}), program)
	c.Env = append(c.Env, "LD_LIBRARY_PATH="+plain.dir, "LD_BIND_NOW=1")
	if err := c.Run(); err != nil || strings.Contains(out.String(), "version information") {
		t.Errorf("%v\n%s", err, out)
	}
}
