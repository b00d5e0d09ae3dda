package plan

import (
	"bytes"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// evsPullsIn is all that importing stampede/evs brings along on Linux besides
// this module and the standard library. A change of this list is a change for every user.
var evsPullsIn = []string{
	"github.com/klauspost/compress",
	"github.com/klauspost/compress/fse",
	"github.com/klauspost/compress/huff0",
	"github.com/klauspost/compress/internal/cpuinfo",
	"github.com/klauspost/compress/internal/le",
	"github.com/klauspost/compress/internal/race",
	"github.com/klauspost/compress/internal/regmask",
	"github.com/klauspost/compress/internal/snapref",
	"github.com/klauspost/compress/s2",
	"github.com/klauspost/compress/zstd",
	"github.com/klauspost/compress/zstd/internal/xxhash",
	"golang.org/x/net/bpf",
	"golang.org/x/net/internal/iana",
	"golang.org/x/net/internal/socket",
	"golang.org/x/net/ipv4",
	"golang.org/x/net/ipv6",
	"golang.org/x/sys/unix",
}

func TestImportingEvsStaysLight(t *testing.T) {
	cmd := exec.Command("go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", module+"/evs")
	cmd.Env = append(os.Environ(), "GOOS=linux")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.Bytes())
	}
	got := slices.DeleteFunc(strings.Fields(string(out)), func(path string) bool { return within(path, module) })
	slices.Sort(got)
	if !slices.Equal(got, evsPullsIn) {
		t.Errorf("importing stampede/evs pulls in\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(evsPullsIn, "\n\t"))
	}
}

func TestEveryPackageIsDocumented(t *testing.T) {
	documented := map[string]bool{}
	for _, f := range sources(t) {
		if f.test {
			continue
		}
		begin := "Package " + f.syntax.Name.Name + " "
		if f.syntax.Name.Name == "main" {
			begin = "Command " + f.pkg[strings.LastIndexByte(f.pkg, '/')+1:] + " "
		}
		documented[f.pkg] = documented[f.pkg] || strings.HasPrefix(f.syntax.Doc.Text(), begin)
	}
	for pkg, ok := range documented {
		if !ok {
			t.Errorf("package %s has no comment that says what it is", pkg)
		}
	}
}

// personal matches paths that exist on one machine only.
var personal = regexp.MustCompile(`(^|[^\w.$}])/(work|root|home|Users|tmp)/\w`)

func TestNoFileNamesAMachine(t *testing.T) {
	for _, path := range files(t) {
		text, err := os.ReadFile(root + path)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.IndexByte(text, 0) >= 0 {
			continue
		}
		for n, line := range bytes.Split(text, []byte("\n")) {
			if m := personal.Find(line); m != nil {
				t.Errorf("%s:%d: names a path of one machine: %s", path, n+1, m)
			}
		}
	}
}

func TestMachinePathsAreFound(t *testing.T) {
	for _, dir := range []string{"/wo" + "rk/x", `"/ro` + `ot/go"`, "see /ho" + "me/me", "/t" + "mp/x"} {
		if !personal.MatchString(dir) {
			t.Errorf("%q is not found", dir)
		}
	}
	for _, path := range []string{"docs/work/x", "$HOME/work/y", "${dir}/tmp/z", "a/root/b", "/proc/self"} {
		if personal.MatchString(path) {
			t.Errorf("%q is taken for a path of one machine", path)
		}
	}
}
