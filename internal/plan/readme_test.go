package plan

import (
	"go/format"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
)

// fenced matches a block of README.md that is code: its language and its lines.
var fenced = regexp.MustCompile("(?ms)^```(\\w*)\n(.*?)^```")

func readmeBlocks(t *testing.T, language string) (blocks []string) {
	t.Helper()
	text, err := os.ReadFile(root + "README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range fenced.FindAllStringSubmatch(string(text), -1) {
		if m[1] == language {
			blocks = append(blocks, m[2])
		}
	}
	return blocks
}

// A fresh machine needs two commands and no third.
func TestREADMEHasTwoCommands(t *testing.T) {
	want := []string{"go run ./cmd/stampede bench\ngo test ./...\n"}
	if got := readmeBlocks(t, ""); !slices.Equal(got, want) {
		t.Errorf("README.md has the commands %q, want %q", got, want)
	}
}

func TestREADMEExampleCompiles(t *testing.T) {
	blocks := readmeBlocks(t, "go")
	if len(blocks) == 0 {
		t.Fatal("README.md has no Go example")
	}
	for _, b := range blocks {
		file := filepath.Join(t.TempDir(), "main.go")
		if err := os.WriteFile(file, []byte(b), 0o600); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.Command("go", "vet", file).CombinedOutput(); err != nil {
			t.Errorf("go vet: %v\n%s", err, out)
		}
		if formatted, err := format.Source([]byte(b)); err != nil || string(formatted) != b {
			t.Errorf("not formatted by gofmt (%v):\n%s", err, b)
		}
	}
}
