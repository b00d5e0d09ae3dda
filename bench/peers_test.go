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

// A peer that fails is no failure of Stampede's, but has no figures either.
func TestPeersAreKnown(t *testing.T) {
	for engine, peer := range map[string]bool{"stampede": false, "raw": false, "corosync-udp": true, "corosync-knet": true, "fake": false} {
		if r := (&Result{Engine: engine}); r.Peer() != peer {
			t.Errorf("%s: %v", engine, r.Peer())
		}
	}
}
