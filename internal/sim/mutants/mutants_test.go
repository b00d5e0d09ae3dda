package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"stampede/batch"
)

var (
	budget = flag.Int("budget", 500, "random worlds for a mutant that nothing known has caught")
	first  = flag.Int("seed", 1, "first of their seeds")
)

// caught is what came of the worlds that a mutant was run in.
type caught struct{ world, class, text string }

// TestMutants drops each rule in turn. Something must notice.
func TestMutants(t *testing.T) {
	lengthy(t)
	for _, m := range mutants(t) {
		if m.harmless != "" {
			continue
		}
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			overlay := m.overlay(t)
			if m.caughtByTest(t, overlay) {
				return
			}
			program := build(t, overlay)
			if m.caughtByKnown(t, program) {
				return
			}
			if c := look(t, program); c != nil {
				t.Logf("nothing known catches it any more, but this does: caught %s as %s\n%s", c.world, c.class, c.text)
			} else {
				t.Errorf("it survives all scenarios and the seeds from %d on, %d of them", *first, *budget)
			}
		})
	}
}

// TestWhatCatchesMutantsIsGood runs the same worlds with every rule in its place.
func TestWhatCatchesMutantsIsGood(t *testing.T) {
	lengthy(t)
	program := build(t, "")
	var worlds []string
	for _, m := range mutants(t) {
		for _, c := range m.known {
			if c.test == "" {
				worlds = append(worlds, c.argument())
			}
		}
	}
	slices.Sort(worlds)
	if c := runWorlds(t, program, slices.Compact(worlds)...); c != nil {
		t.Errorf("world %s fails without any mutant: %s: %s", c.world, c.class, c.text)
	}
}

func lengthy(t *testing.T) {
	if testing.Short() || batch.Invariants {
		t.Skip("builds a program for each mutant")
	}
}

// caughtByTest runs the tests that are known to fail.
func (m *mutant) caughtByTest(t *testing.T, overlay string) bool {
	for _, c := range m.known {
		if c.test == "" {
			continue
		}
		out, err := command(t, "go", "test", "-overlay", overlay, "-run", "^"+c.test+"$", c.pkg)
		if err != nil && bytes.Contains(out, []byte("--- FAIL: "+c.test)) {
			t.Logf("caught by %s of %s", c.test, c.pkg)
			return true
		}
		t.Errorf("%s of %s does not catch it: %v\n%s", c.test, c.pkg, err, out)
	}
	return false
}

// caughtByKnown runs the worlds that are known to fail. What a seed stands for
// changes whenever worlds are drawn in another way: then others are looked for.
func (m *mutant) caughtByKnown(t *testing.T, program string) bool {
	for i := range m.known {
		k := &m.known[i]
		if k.test != "" {
			continue
		}
		c := runWorlds(t, program, k.argument())
		if c == nil {
			t.Logf("%s does not catch it any more", k.world)
			continue
		}
		if !k.allows(c.class) {
			t.Logf("%s catches it as %s, not as %s: %s", k.world, c.class, strings.Join(k.classes, " or "), c.text)
			continue
		}
		t.Logf("caught %s as %s: %s", k.world, c.class, c.text)
		return true
	}
	return false
}

// look runs all scenarios and random worlds.
func look(t *testing.T, program string) *caught {
	scenarios, err := filepath.Glob(root + "internal/sim/scenarios/*.sim")
	if err != nil {
		t.Fatal(err)
	}
	for i := range scenarios {
		scenarios[i] = strings.TrimPrefix(scenarios[i], root)
	}
	return runWorlds(t, program, append(scenarios, fmt.Sprintf("%d-%d", *first, *first+*budget-1))...)
}

// overlay writes the mutant's files down for the go command.
func (m *mutant) overlay(t *testing.T) string {
	t.Helper()
	changed, err := m.mutate()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	var o struct{ Replace map[string]string }
	o.Replace = map[string]string{}
	for file, text := range changed {
		original, err := filepath.Abs(root + file)
		replaced := filepath.Join(dir, strings.ReplaceAll(file, "/", "-"))
		if err = cmp.Or(err, os.WriteFile(replaced, []byte(text), 0o666)); err != nil {
			t.Fatal(err)
		}
		o.Replace[original] = replaced
	}
	b, err := json.Marshal(o)
	path := filepath.Join(dir, "overlay.json")
	if err = cmp.Or(err, os.WriteFile(path, b, 0o666)); err != nil {
		t.Fatal(err)
	}
	return path
}

// build builds this command with an overlay.
func build(t *testing.T, overlay string) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "worlds")
	out, err := command(t, "go", "build", "-overlay", overlay, "-ldflags", "-s -w", "-o", program, "./internal/sim/mutants")
	if err != nil {
		t.Fatalf("it does not build: %v\n%s", err, out)
	}
	return program
}

// runWorlds runs worlds until one fails, nil if none does.
func runWorlds(t *testing.T, program string, worlds ...string) *caught {
	t.Helper()
	out, err := command(t, program, worlds...)
	var exit *exec.ExitError
	switch {
	case err == nil:
		return nil
	case !errors.As(err, &exit) || exit.ExitCode() != exitCaught:
		t.Fatalf("%v\n%s", err, out)
	}
	parts := append(strings.SplitN(strings.TrimSpace(string(out)), "\t", 3), "", "")
	return &caught{parts[0], parts[1], parts[2]}
}

// command runs a program at the root of the module.
func command(t *testing.T, name string, args ...string) ([]byte, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 9*time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, name, args...)
	c.Dir = root
	return c.CombinedOutput()
}
