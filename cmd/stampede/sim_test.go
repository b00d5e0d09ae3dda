package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"stampede/internal/sim"
)

func TestSimRunsRandomWorlds(t *testing.T) {
	o := run(t, "sim", "--seeds", "5", "--seed", "1")
	if o.status != 0 || !strings.HasPrefix(o.stdout, "first seed 1\n5 worlds in ") || !strings.Contains(o.stdout, "\nworlds with, and how often in all: ") {
		t.Errorf("%+v", o)
	}
}

func TestSimDrawsASeedIfNoneIsGiven(t *testing.T) {
	first, second := run(t, "sim", "--seeds", "1", "--print"), run(t, "sim", "--seeds", "1", "--print")
	if first.status != 0 || !strings.HasPrefix(first.stdout, "first seed ") || first.stdout == second.stdout {
		t.Errorf("%+v\n%+v", first, second)
	}
}

func TestSimPrintsScriptsThatItCanRun(t *testing.T) {
	o := run(t, "sim", "--seeds", "1", "--seed", "3", "--print")
	_, script, _ := strings.Cut(o.stdout, "\n")
	path := filepath.Join(t.TempDir(), "w.sim")
	if err := os.WriteFile(path, []byte(script), 0o666); err != nil {
		t.Fatal(err)
	}
	if o := run(t, "sim", path); o.status != 0 || !strings.HasPrefix(o.stdout, path+": good, ") {
		t.Errorf("%+v", o)
	}
	if o := run(t, "sim", "-v", path); o.status != 0 || !strings.Contains(o.stdout, " enters RG{") {
		t.Errorf("%+v", o)
	}
}

const wrongScript = `processors 1 2
start all
until all together
begin
send 1 agreed a
until all delivered a
expect 2: b
`

func TestSimTellsWhichScenarioFails(t *testing.T) {
	path := filepath.Join(t.TempDir(), "w.sim")
	if err := os.WriteFile(path, []byte(wrongScript), 0o666); err != nil {
		t.Fatal(err)
	}
	o := run(t, "sim", path)
	if o.status != 1 || !strings.HasPrefix(o.stdout, path+":7: expect, at ") || !strings.Contains(o.stderr, "scenarios that failed: 1 of 1") {
		t.Errorf("%+v", o)
	}
	if o := run(t, "sim", "--rewrite", path); o.status != 0 {
		t.Errorf("%+v", o)
	}
	text, err := os.ReadFile(path)
	if want := strings.Replace(wrongScript, "2: b", "2: a", 1); err != nil || string(text) != want {
		t.Errorf("%v: rewritten is %q", err, text)
	}
	for arg, want := range map[string]string{path + "x": "no such file", "--hosts=-1": "are counts", "--seeds=0": "are counts", "--fast": "unknown flag"} {
		if o := run(t, "sim", arg); o.status != 1 || !strings.Contains(o.stderr, want) {
			t.Errorf("%s: %+v", arg, o)
		}
	}
	if err := os.WriteFile(path, []byte("processors 1\njump\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	if o := run(t, "sim", path); o.status != 1 || !strings.Contains(o.stderr, path+`:2: no verb is called "jump"`) {
		t.Errorf("%+v", o)
	}
}

func TestSimWritesDownAWorldThatFails(t *testing.T) {
	s, err := sim.Parse("w", wrongScript+"wait 1ms\nsend 2 safe z\n")
	if err != nil {
		t.Fatal(err)
	}
	res := new(sim.Runner).Run(s, sim.Options{})
	f := simFlags{dir: t.TempDir(), runs: 100}
	var out bytes.Buffer
	if err := f.report(&out, &sim.Found{Seed: 9, Script: s, Failure: res.Failure}); err == nil || err.Error() != "sim: seed 9: expect" {
		t.Errorf("%v: %s", err, out.String())
	}
	base := filepath.Join(f.dir, "seed-9")
	for _, path := range []string{base + ".sim", base + ".small.sim"} {
		if o := run(t, "sim", path); o.status != 1 || !strings.Contains(o.stdout, ": expect, at ") {
			t.Errorf("%s: %+v", path, o)
		}
	}
	if o := run(t, "verify", "--exact", base+".jsonl"); o.status != 0 || !strings.HasPrefix(o.stdout, "every promise is kept: ") {
		t.Errorf("%+v", o)
	}
	small, err := os.ReadFile(base + ".small.sim")
	if err != nil || bytes.Count(small, []byte("\n")) > 4 {
		t.Errorf("%v: %s", err, small)
	}
}
