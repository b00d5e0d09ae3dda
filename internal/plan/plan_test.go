package plan

import (
	"os"
	"slices"
	"strings"
	"testing"
)

const module = "stampede"

// floor is what one package may stand on. Standard library imports are free,
// except for a pure package, whose rules are in purity_test.go.
type floor struct {
	pure    bool
	imports []string // packages of this module
	modules []string // other modules, by path
}

const (
	compress  = "github.com/klauspost/compress"
	cobra     = "github.com/spf13/cobra"
	histogram = "github.com/HdrHistogram/hdrhistogram-go"
	pflag     = "github.com/spf13/pflag" // cobra's flags
	systemd   = "github.com/coreos/go-systemd/v22"
	toml      = "github.com/pelletier/go-toml/v2"
	xnet      = "golang.org/x/net"
	xsys      = "golang.org/x/sys"
	xterm     = "golang.org/x/term"
)

// plan is the floor plan, the lowest floor first: a package may import only
// what stands in its line, and only packages in the lines above its own.
var plan = []struct {
	path string
	floor
}{
	{"wire", floor{pure: true, modules: []string{compress}}},
	{"perf", floor{pure: true}},
	{"batch", floor{pure: true, imports: []string{"wire", "perf"}}},
	{"internal/ethtool", floor{modules: []string{xsys}}},
	{"sock", floor{imports: []string{"batch", "perf", "internal/ethtool"}, modules: []string{xnet, xsys}}},
	{"perf/host", floor{imports: []string{"sock", "internal/ethtool"}, modules: []string{xsys}}},
	{"perf/reach", floor{imports: []string{"perf/host", "sock", "batch", "perf"}}},
	{"order", floor{pure: true, imports: []string{"batch", "wire", "perf"}}},
	{"internal/member", floor{pure: true, imports: []string{"order", "batch", "wire", "perf"}}},
	{"internal/ipc", floor{pure: true, imports: []string{"wire"}}},
	{"internal/nowait", floor{}},
	{"internal/shm", floor{modules: []string{xsys}}},
	{"evs", floor{imports: []string{"internal/nowait", "internal/shm", "internal/ipc", "internal/member", "order", "sock", "batch", "perf", "wire"}, modules: []string{xnet, xsys}}},
	{"internal/testenv", floor{}},
	{"internal/lab", floor{}},
	{"internal/trace", floor{}},
	{"internal/verify", floor{imports: []string{"internal/trace"}}},
	{"internal/sim/agenda", floor{pure: true}},
	{"internal/sim", floor{imports: []string{"internal/sim/agenda", "internal/member", "internal/verify", "internal/trace", "order", "batch", "wire", "perf"}}},
	{"internal/sim/flood", floor{imports: []string{"internal/sim/agenda", "internal/member", "order", "batch", "wire"}}},
	{"internal/sim/gauge", floor{imports: []string{"internal/sim/flood", "internal/lab", "evs", "sock", "batch"}, modules: []string{xsys}}},
	{"internal/sim/mutants", floor{imports: []string{"internal/sim"}}},
	{"internal/lab/drill", floor{imports: []string{"internal/lab", "internal/trace", "internal/verify"}}},
	{"internal/conf", floor{imports: []string{"evs", "sock"}, modules: []string{toml}}},
	{"evs/libevs", floor{}},
	{"internal/systemd", floor{modules: []string{systemd}}},
	{"internal/daemon", floor{imports: []string{"internal/nowait", "internal/shm", "evs", "internal/ipc", "perf", "wire"}, modules: []string{xsys}}},
	{"internal/console", floor{imports: []string{"internal/daemon", "evs"}, modules: []string{histogram, xterm}}},
	{"internal/node", floor{imports: []string{"evs", "internal/trace"}}},
	{"bench/raw", floor{imports: []string{"sock", "batch"}, modules: []string{histogram}}},
	{"bench/cclient", floor{imports: []string{"evs/libevs"}, modules: []string{xsys}}},
	{"bench/corosync", floor{imports: []string{"bench/cclient"}, modules: []string{xsys}}},
	{"bench", floor{imports: []string{"bench/raw", "bench/corosync", "bench/cclient", "evs", "internal/daemon", "sock", "batch", "internal/lab", "perf"}, modules: []string{histogram, xsys}}},
	{"cmd/stampede", floor{imports: []string{"bench", "internal/node", "internal/conf", "internal/console", "internal/daemon", "internal/ipc", "internal/systemd", "evs", "sock", "batch", "internal/lab", "internal/lab/drill", "internal/sim", "internal/sim/flood", "internal/sim/gauge", "internal/trace", "internal/verify", "perf", "perf/host", "perf/reach", "wire"}, modules: []string{cobra, pflag, histogram, xsys}}},
	{"fuzz", floor{imports: []string{"wire", "perf", "batch", "order", "internal/member"}}},
	{"internal/plan", floor{}},
}

func TestImportsPointDown(t *testing.T) {
	allowed := map[string]floor{}
	for _, p := range plan {
		allowed[p.path] = p.floor
	}
	found := map[string]bool{}
	for _, f := range sources(t) {
		found[f.pkg] = true
		fl, known := allowed[f.pkg]
		if !known {
			t.Errorf("%s: package %q is not in the floor plan: add it there and to docs/architecture.md", f.path, f.pkg)
			continue
		}
		for _, bad := range forbiddenImports(f, fl) {
			t.Errorf("%s: %s", f.path, bad)
		}
	}
	for _, p := range plan {
		if !found[p.path] {
			t.Errorf("the floor plan has a package %q that does not exist", p.path)
		}
	}
}

// forbiddenImports says which imports of f its floor does not allow. Tests may
// reach every package of the module, the way a user of it could, but no module
// that the package itself does not stand on.
func forbiddenImports(f source, fl floor) (bad []string) {
	for _, path := range f.imports {
		switch own, ok := strings.CutPrefix(path, module+"/"); {
		case ok && !f.test && !slices.Contains(fl.imports, own):
			bad = append(bad, "may not import "+path)
		case ok || standard(path):
		case !slices.ContainsFunc(fl.modules, func(m string) bool { return within(path, m) }):
			bad = append(bad, "may not import "+path+" of another module")
		}
	}
	return bad
}

// The table itself must point down, or the test above would hold nothing.
func TestPlanIsOrdered(t *testing.T) {
	var below []string
	for _, p := range plan {
		for _, i := range p.imports {
			if !slices.Contains(below, i) {
				t.Errorf("%s may import %s, which does not stand below it", p.path, i)
			}
		}
		below = append(below, p.path)
	}
}

func TestPlanIsDocumented(t *testing.T) {
	text, err := os.ReadFile(root + "docs/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range plan {
		if !strings.Contains(string(text), "\n"+p.path+"/ ") {
			t.Errorf("docs/architecture.md has no line for %s/", p.path)
		}
	}
}

func TestForbiddenImportsAreFound(t *testing.T) {
	fl := floor{imports: []string{"wire"}, modules: []string{xsys}}
	for _, c := range []struct {
		path      string
		bad, test bool // refused in the package; refused in its tests
	}{
		{"fmt", false, false},
		{"stampede/wire", false, false},
		{"stampede/evs", true, false},
		{"golang.org/x/sys/unix", false, false},
		{"golang.org/x/sysother", true, true},
		{"golang.org/x/net/ipv4", true, true},
		{"github.com/stretchr/testify/require", true, true},
	} {
		f := parse(t, `package p; import "`+c.path+`"`)
		if got := len(forbiddenImports(f, fl)) > 0; got != c.bad {
			t.Errorf("import of %s refused: %v, want %v", c.path, got, c.bad)
		}
		f.test = true
		if got := len(forbiddenImports(f, fl)) > 0; got != c.test {
			t.Errorf("import of %s in a test refused: %v, want %v", c.path, got, c.test)
		}
	}
}
