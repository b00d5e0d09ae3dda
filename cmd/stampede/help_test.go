package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// verbs calls f for each verb that users see, and the verbs below it, but for
// what cobra brings along.
func verbs(c *cobra.Command, f func(*cobra.Command)) {
	for _, v := range c.Commands() {
		if v.Hidden || v.Name() == "help" || v.Name() == "completion" {
			continue
		}
		f(v)
		verbs(v, f)
	}
}

func TestEveryVerbHasLongHelpWithAnExample(t *testing.T) {
	count := 0
	verbs(root(), func(v *cobra.Command) {
		count++
		if v.Short == "" || strings.HasSuffix(v.Short, ".") || len(v.Long) <= len(v.Short) {
			t.Errorf("%s: short help %q, long %q", v.CommandPath(), v.Short, v.Long)
		}
		for _, line := range strings.Split(v.Long+"\n"+v.Example, "\n") {
			if len([]rune(line)) > 82 {
				t.Errorf("%s: a line of the help is longer than a terminal: %s", v.CommandPath(), line)
			}
		}
		for _, line := range strings.Split(v.Example, "\n") {
			if !strings.HasPrefix(line, "  ") || !strings.Contains(line, v.CommandPath()) {
				t.Errorf("%s: example %q", v.CommandPath(), line)
			}
		}
	})
	if count < 20 {
		t.Errorf("only %d verbs were found", count)
	}
}

// The examples name verbs and flags that exist.
func TestExamplesParse(t *testing.T) {
	verbs(root(), func(v *cobra.Command) {
		for _, line := range strings.Split(v.Example, "\n") {
			_, words, _ := strings.Cut(line, "stampede ")
			for _, end := range []string{"|", "<", ">", "&&", "#"} {
				words, _, _ = strings.Cut(words, end)
			}
			c, rest, err := root().Find(strings.Fields(words))
			if err == nil {
				err = c.ParseFlags(rest)
			}
			if err != nil {
				t.Errorf("%s: %v", line, err)
			}
		}
	})
}

func TestEveryVerbHasAManualPage(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "man")
	if o := run(t, "man", "--dir", dir); o.status != 0 || o.stdout+o.stderr != "" {
		t.Fatalf("%+v", o)
	}
	pages := func(v *cobra.Command) {
		name := strings.ReplaceAll(v.CommandPath(), " ", "-")
		text, err := os.ReadFile(filepath.Join(dir, name+".1"))
		if err != nil {
			t.Error(err)
			return
		}
		for _, want := range []string{name + " - " + v.Short, ".SH SYNOPSIS", ".SH DESCRIPTION", ".SH EXAMPLE"} {
			if !strings.Contains(string(text), want) {
				t.Errorf("%s.1 has no %q", name, want)
			}
		}
		// What stands in the help was not taken for marks of a font.
		for _, word := range strings.Fields(v.Long) {
			if strings.ContainsAny(word, "_*") && !strings.Contains(strings.ReplaceAll(string(text), `\`, ""), word) {
				t.Errorf("%s.1 lacks the word %q", name, word)
			}
		}
	}
	c := root()
	pages(c)
	verbs(c, pages)
	if entries, err := os.ReadDir(dir); err != nil || len(entries) < 20 {
		t.Errorf("%v %v", entries, err)
	}
}

func TestManFails(t *testing.T) {
	if o := run(t, "man", "--dir", "/dev/null/x"); o.status != 1 || !strings.Contains(o.stderr, "/dev/null") {
		t.Errorf("%+v", o)
	}
}
