package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"stampede/internal/verify"
)

// A mutant is the protocol without one of its rules. In the files of rules/
// one is written as
//
//	mutant NAME
//	drops SECTION: words of that section of docs/protocol.md
//	caught WORLD as CLASS...                   a scenario's name or a seed
//	caught go test PACKAGE TEST
//	harmless: why nothing is lost without it
//	in FILE
//	 context
//	-what stands in the file
//	+what replaces it
//
// The lines with a blank or a minus must stand in the file exactly once. There
// may be several pieces. What has caught it is tried first; `as any` allows
// every class. A # begins a comment.
type mutant struct {
	name     string
	section  string
	words    string
	known    []catch
	harmless string
	pieces   []piece
}

// catch is something known to notice a mutant: a world, or a test.
type catch struct {
	world   string
	classes []string
	pkg     string // of the test
	test    string
}

// piece is one replacement.
type piece struct{ file, old, new string }

const root = "../../../"

// mutants reads all of them.
func mutants(t *testing.T) (list []*mutant) {
	t.Helper()
	files, err := filepath.Glob("rules/*.mutants")
	if err != nil || len(files) == 0 {
		t.Fatal("no mutants: ", err)
	}
	for _, path := range files {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for n, line := range strings.Split(string(text), "\n") {
			if list, err = parseLine(list, line); err != nil {
				t.Fatalf("%s:%d: %v", path, n+1, err)
			}
		}
	}
	return list
}

func parseLine(list []*mutant, line string) ([]*mutant, error) {
	verb, rest, _ := strings.Cut(line, " ")
	if verb == "mutant" {
		return append(list, &mutant{name: rest}), nil
	}
	if line == "" || line[0] == '#' {
		return list, nil
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("%q stands before the first mutant", line)
	}
	m := list[len(list)-1]
	if strings.ContainsRune(" +-", rune(line[0])) && len(m.pieces) > 0 {
		m.pieces[len(m.pieces)-1].add(line)
		return list, nil
	}
	ok := true
	switch verb {
	case "drops":
		m.section, m.words, ok = strings.Cut(rest, ": ")
	case "caught":
		ok = m.parseCatch(strings.Fields(rest))
	case "harmless:":
		m.harmless = rest
	case "in":
		m.pieces = append(m.pieces, piece{file: rest})
	default:
		ok = false
	}
	if !ok {
		return nil, fmt.Errorf("%q says nothing about a mutant", line)
	}
	return list, nil
}

func (p *piece) add(line string) {
	if line[0] != '+' {
		p.old += line[1:] + "\n"
	}
	if line[0] != '-' {
		p.new += line[1:] + "\n"
	}
}

func (m *mutant) parseCatch(words []string) bool {
	switch {
	case len(words) == 4 && words[0] == "go" && words[1] == "test":
		m.known = append(m.known, catch{pkg: words[2], test: words[3]})
	case len(words) >= 3 && words[1] == "as":
		m.known = append(m.known, catch{world: words[0], classes: words[2:]})
	default:
		return false
	}
	return true
}

// seed says whether the world is that of a seed.
func (c *catch) seed() bool { return seedLike.MatchString(c.world) }

var seedLike = regexp.MustCompile(`^\d+$`)

// argument is the world for the command.
func (c *catch) argument() string {
	if c.seed() {
		return c.world
	}
	return "internal/sim/scenarios/" + c.world + ".sim"
}

func (c *catch) allows(class string) bool {
	return slices.Contains(c.classes, class) || slices.Contains(c.classes, "any")
}

// mutate returns the changed text of each file. It fails when a text is not
// found exactly once.
func (m *mutant) mutate() (map[string]string, error) {
	changed := map[string]string{}
	for _, p := range m.pieces {
		text, ok := changed[p.file]
		if !ok {
			b, err := os.ReadFile(root + p.file)
			if err != nil {
				return nil, err
			}
			text = "\n" + string(b)
		}
		if n := strings.Count(text, "\n"+p.old); n != 1 || p.old == "" {
			return nil, fmt.Errorf("%s: this stands there %d times, not once:\n%s", p.file, n, p.old)
		}
		changed[p.file] = strings.Replace(text, "\n"+p.old, "\n"+p.new, 1)
	}
	for file := range changed {
		changed[file] = changed[file][1:]
	}
	return changed, nil
}

// Each mutant must be about a rule that is written down, and apply to the
// source as it is.
func TestMutantsApply(t *testing.T) {
	sections := protocol(t)
	names := map[string]bool{}
	for _, m := range mutants(t) {
		if names[m.name] {
			t.Errorf("two mutants are called %s", m.name)
		}
		names[m.name] = true
		if !strings.Contains(sections[m.section], plain(m.words)) || m.words == "" {
			t.Errorf("%s: section %q of docs/protocol.md does not say: %s", m.name, m.section, m.words)
		}
		if len(m.pieces) == 0 && m.harmless == "" || (m.harmless == "") == (len(m.known) == 0) {
			t.Errorf("%s: it changes nothing, or does not say either what catches it or why it is harmless", m.name)
		}
		if _, err := m.mutate(); err != nil {
			t.Errorf("%s: %v", m.name, err)
		}
	}
}

// What a text says of mutants, scenarios and files must be so.
func TestDocumentsNameWhatExists(t *testing.T) {
	known := map[string]bool{}
	for _, m := range mutants(t) {
		known[m.name] = true
	}
	head, err := os.ReadFile("main.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range regexp.MustCompile(`[a-z]+(-[a-z]+)+\n`).FindAllString(string(head), -1) {
		if name = strings.TrimSpace(name); !known[name] {
			t.Errorf("main.go names %s, which is no mutant", name)
		}
	}
	promises, err := os.ReadFile(root + "docs/promises.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, ok := strings.Cut(string(promises), "\n## 6. ")
	if !ok {
		t.Fatal("docs/promises.md has no section 6")
	}
	kept := map[string]bool{}
	for _, row := range regexp.MustCompile("(?m)^\\| `([^`]+)` .*$").FindAllStringSubmatch(table, -1) {
		kept[row[1]] = true
		for _, word := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(row[0], -1)[1:] {
			if !known[word[1]] && !exists(word[1]) {
				t.Errorf("docs/promises.md, %s: there is no %s", row[1], word[1])
			}
		}
	}
	for _, r := range verify.Rules() {
		if !kept[r.String()] {
			t.Errorf("docs/promises.md does not say where %s is kept", r)
		}
	}
}

// exists says whether there is a file, a scenario or a test of a name.
func exists(name string) bool {
	if pkg, test, ok := strings.Cut(name, ".Test"); ok {
		files, _ := filepath.Glob(root + pkg + "/*_test.go")
		return slices.ContainsFunc(files, func(path string) bool {
			text, err := os.ReadFile(path)
			return err == nil && strings.Contains(string(text), "\nfunc Test"+test+"(t *testing.T)")
		})
	}
	for _, path := range []string{name, "internal/sim/scenarios/" + name + ".sim"} {
		if _, err := os.Stat(root + path); err == nil {
			return true
		}
	}
	return false
}

// protocol is docs/protocol.md by number of section, with plain words.
func protocol(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile(root + "docs/protocol.md")
	if err != nil {
		t.Fatal(err)
	}
	sections := map[string]string{}
	for _, s := range strings.Split(string(text), "\n## ")[1:] {
		number, body, _ := strings.Cut(s, ". ")
		sections[number] = plain(body)
	}
	return sections
}

// plain is text without marks and line breaks.
func plain(text string) string {
	return strings.Join(strings.Fields(strings.ReplaceAll(text, "*", "")), " ")
}
