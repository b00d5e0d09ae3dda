package plan

import (
	"fmt"
	"go/ast"
	"go/token"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// pureImports is all of the standard library that a pure package may import;
// time, chance and addresses come in as arguments. Where names are listed only
// these may be used of the package, else all of it.
var pureImports = map[string][]string{
	"bytes":           nil,
	"cmp":             nil,
	"container/heap":  nil,
	"encoding/binary": nil,
	"encoding/hex":    nil,
	"errors":          nil,
	"fmt":             {"Append", "Appendf", "Appendln", "Errorf", "Fprint", "Fprintf", "Fprintln", "Sprint", "Sprintf", "Sprintln", "State", "Stringer"},
	"hash/crc32":      nil,
	"io":              {"EOF", "ErrUnexpectedEOF", "Reader", "Writer"},
	"iter":            nil,
	"maps":            nil,
	"math":            nil,
	"math/bits":       nil,
	"math/rand/v2":    {"ChaCha8", "New", "NewChaCha8", "NewPCG", "PCG", "Rand", "Source"},
	"net/netip":       nil,
	"reflect":         nil,
	"slices":          nil,
	"sort":            nil,
	"strconv":         nil,
	"strings":         nil,
	"time":            {"Duration", "Nanosecond", "Microsecond", "Millisecond", "Second", "Minute", "Hour"},
	"unicode":         nil,
	"unicode/utf8":    nil,
	"unsafe":          nil,
}

func TestPurePackagesArePure(t *testing.T) {
	var pure []string
	for _, p := range plan {
		if p.pure {
			pure = append(pure, p.path)
		}
	}
	for _, f := range sources(t) {
		if f.test || !slices.Contains(pure, f.pkg) {
			continue
		}
		for _, bad := range impurities(f) {
			t.Errorf("%s:%s", f.path, bad)
		}
	}
}

// impurities lists what a pure package must not have: goroutines, channels,
// output, and whatever pureImports does not let in.
func impurities(f source) (bad []string) {
	report := func(at token.Pos, format string, args ...any) {
		bad = append(bad, fmt.Sprintf("%d: ", f.fset.Position(at).Line)+fmt.Sprintf(format, args...))
	}
	limited := map[string]string{} // name in this file -> import path
	for _, i := range f.syntax.Imports {
		path, _ := strconv.Unquote(i.Path.Value)
		names, ok := pureImports[path]
		switch {
		case !standard(path):
		case !ok:
			report(i.Pos(), "a pure package may not import %s", path)
		case names != nil && i.Name != nil && i.Name.Name == ".":
			report(i.Pos(), "a pure package may not import all names of %s", path)
		case names != nil:
			limited[localName(i, path)] = path
		}
	}
	ast.Inspect(f.syntax, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			report(n.Pos(), "goroutine")
		case *ast.ChanType:
			report(n.Pos(), "channel")
		case *ast.SelectStmt:
			report(n.Pos(), "select")
		case *ast.CallExpr:
			if id, ok := n.Fun.(*ast.Ident); ok && (id.Name == "print" || id.Name == "println") {
				report(n.Pos(), "output with %s", id.Name)
			}
		case *ast.SelectorExpr:
			id, ok := n.X.(*ast.Ident)
			if !ok {
				break
			}
			if path := limited[id.Name]; path != "" && !slices.Contains(pureImports[path], n.Sel.Name) {
				report(n.Pos(), "a pure package may not use %s.%s", path, n.Sel.Name)
			}
		}
		return true
	})
	return bad
}

// localName is the name by which a file knows the import i of path.
func localName(i *ast.ImportSpec, path string) string {
	if i.Name != nil {
		return i.Name.Name
	}
	elems := strings.Split(path, "/")
	if last := elems[len(elems)-1]; last != "v2" {
		return last
	}
	return elems[len(elems)-2]
}

func TestImpuritiesAreFound(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{`package p; func f() { go f() }`, "goroutine"},
		{`package p; var c chan int`, "channel"},
		{`package p; func f(c <-chan int) {}`, "channel"},
		{`package p; func f() { select {} }`, "select"},
		{`package p; func f() { println(1) }`, "output"},
		{`package p; import "sync"`, "import sync"},
		{`package p; import "sync/atomic"`, "import sync/atomic"},
		{`package p; import "os"`, "import os"},
		{`package p; import "net"`, "import net"},
		{`package p; import "log/slog"`, "import log/slog"},
		{`package p; import "context"`, "import context"},
		{`package p; import "math/rand"`, "import math/rand"},
		{`package p; import "time"; var _ = time.Now()`, "time.Now"},
		{`package p; import clock "time"; var f = clock.Since`, "time.Since"},
		{`package p; import . "time"`, "all names of time"},
		{`package p; import "math/rand/v2"; var _ = rand.IntN(3)`, "math/rand/v2.IntN"},
		{`package p; import "fmt"; func f() { fmt.Println() }`, "fmt.Println"},
	} {
		bad := impurities(parse(t, c.text))
		if len(bad) != 1 || !strings.Contains(bad[0], c.want) {
			t.Errorf("%s\ngave %q, want one with %q", c.text, bad, c.want)
		}
	}
	for _, text := range []string{
		`package p; import "time"; const d = 3 * time.Millisecond; func f(d time.Duration) {}`,
		`package p; import "math/rand/v2"; var r = rand.New(rand.NewPCG(1, 2)); var n = r.IntN(3)`,
		`package p; import "net/netip"; var a netip.AddrPort`,
		`package p; import "stampede/wire"`,
	} {
		if bad := impurities(parse(t, text)); len(bad) > 0 {
			t.Errorf("%s\ngave %q, want none", text, bad)
		}
	}
}
