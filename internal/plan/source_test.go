package plan

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// root leads from this package's directory, where its tests run, to the module's.
const root = "../../"

// source is one Go file, whatever its build constraints.
type source struct {
	path    string // from the module's root, with slashes
	pkg     string // the directory part of path
	test    bool
	imports []string
	syntax  *ast.File
	fset    *token.FileSet
}

// sources parses every Go file of the module.
func sources(t *testing.T) (all []source) {
	t.Helper()
	for _, path := range files(t) {
		if !strings.HasSuffix(path, ".go") {
			continue
		}
		text, err := os.ReadFile(root + path)
		if err != nil {
			t.Fatal(err)
		}
		f := parse(t, string(text))
		f.path = path
		f.pkg = filepath.ToSlash(filepath.Dir(path))
		f.test = strings.HasSuffix(path, "_test.go")
		all = append(all, f)
	}
	if len(all) == 0 {
		t.Fatal("no Go file found")
	}
	return all
}

func parse(t *testing.T, text string) source {
	t.Helper()
	f := source{fset: token.NewFileSet()}
	var err error
	f.syntax, err = parser.ParseFile(f.fset, "", text, parser.ParseComments)
	if err != nil {
		t.Fatalf("%v in:\n%s", err, text)
	}
	for _, i := range f.syntax.Imports {
		path, err := strconv.Unquote(i.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		f.imports = append(f.imports, path)
	}
	return f
}

// files lists the files of the module, paths from its root, without what git
// or the go command keep for themselves.
func files(t *testing.T) (all []string) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		if d.IsDir() && (rel == ".git" || rel == "vendor") {
			return filepath.SkipDir
		}
		if rel == ".git" { // of a second work tree: a file
			return nil
		}
		if d.Type().IsRegular() {
			all = append(all, rel)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// standard tells whether path is of the standard library: its first element
// has no dot, and it is not this module.
func standard(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return first != module && !strings.Contains(first, ".")
}

// within tells whether the package path belongs to the module mod.
func within(path, mod string) bool {
	return path == mod || strings.HasPrefix(path, mod+"/")
}
