package bench

import (
	"bytes"
	"strings"
	"testing"
)

func TestMissingPeersAreLeftOut(t *testing.T) {
	t.Setenv("PATH", t.TempDir()) // no gcc, wherever corosync is
	base := Default()
	base.Lab = true
	plan, err := (&Request{Base: base, Engines: []string{"stampede", "corosync-udp", "raw", "corosync-knet"}, Repeat: 2}).Plan()
	if err != nil {
		t.Fatal(err)
	}
	var table bytes.Buffer
	possible, err := (&runner{}).provide(t.Context(), plan.Runs, &table)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range possible {
		if engines.of(s.Engine).peer() {
			t.Errorf("%s is to be run", s.Engine)
		}
	}
	if len(possible) != 4 {
		t.Errorf("%d scenarios are left", len(possible))
	}
	lines := strings.Split(strings.TrimSpace(table.String()), "\n")
	if len(lines) != 2 || !strings.Contains(lines[0], "engine corosync-udp is left out: ") || !strings.Contains(lines[1], "Debian package") {
		t.Errorf("%s", &table)
	}
}

// Of a suite the programs in C are left out where they cannot be compiled, but
// whoever asks for them is told.
func TestMissingCompiler(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	plan := planOf(t, func(q *Request) { q.Suites = []string{"daemon"} })
	var table bytes.Buffer
	possible, err := (&runner{base: &plan.Base}).provide(t.Context(), plan.Runs, &table)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range possible {
		if vias.of(s.Via).inC() {
			t.Errorf("%s is to be run", s.Name)
		}
	}
	if n := len(plan.Runs) - len(possible); n != 4*2+2+2*2 {
		t.Errorf("%d runs are left out", n)
	}
	if said := table.String(); strings.Count(said, "\n") != 2 || !strings.Contains(said, "via libevs is left out: ") || !strings.Contains(said, "Debian packages gcc") {
		t.Errorf("%s", said)
	}
	plan = planOf(t, func(q *Request) { q.Base.Via = "libevs" })
	if _, err := (&runner{base: &plan.Base}).provide(t.Context(), plan.Runs, &table); err == nil || !strings.Contains(err.Error(), "via libevs: the compiler gcc is not installed") {
		t.Errorf("%v", err)
	}
}

// A peer that fails is no failure of Stampede's, but has no figures either.
func TestPeersAreKnown(t *testing.T) {
	for engine, peer := range map[string]bool{"stampede": false, "raw": false, "corosync-udp": true, "corosync-knet": true, "fake": false} {
		if r := (&Result{Engine: engine}); r.Peer() != peer {
			t.Errorf("%s: %v", engine, r.Peer())
		}
	}
}
