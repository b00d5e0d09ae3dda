package verify

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestRulesAreDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/promises.md")
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, r := range Rules() {
		row := fmt.Sprintf("| %s | `%v` | %s |\n", r.Property(), r, r.Promise())
		if !strings.Contains(string(text), row) {
			t.Errorf("docs/promises.md has no row\n%s", row)
		}
		if names[r.String()] {
			t.Errorf("two rules are called %v", r)
		}
		names[r.String()] = true
	}
}

// The tests that the documentation counts on must be there.
func TestDocumentedTestsExist(t *testing.T) {
	text, err := os.ReadFile("../../docs/promises.md")
	if err != nil {
		t.Fatal(err)
	}
	var have []string
	files, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		source, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range regexp.MustCompile(`(?m)^func (Test\w+)\(`).FindAllStringSubmatch(string(source), -1) {
			have = append(have, name[1])
		}
	}
	for _, name := range regexp.MustCompile("`(Test\\w+)`").FindAllStringSubmatch(string(text), -1) {
		if !slices.Contains(have, name[1]) {
			t.Errorf("docs/promises.md names %s, which is no test here", name[1])
		}
	}
}
