package bench

import (
	"bytes"
	"strings"
	"testing"
)

func TestEnginesTakeTurns(t *testing.T) {
	scenarios := []Scenario{{Size: 1}, {Size: 2}}
	for repeat, want := range map[int]string{
		1: "1 a 0, 1 b 0, 2 a 0, 2 b 0",
		2: "1 a 1, 1 b 1, 1 a 2, 1 b 2, 2 a 1, 2 b 1, 2 a 2, 2 b 2",
	} {
		var got []string
		for _, s := range Interleave(scenarios, []string{"a", "b"}, repeat) {
			got = append(got, strings.Join([]string{grouped(float64(s.Size)), s.Engine, grouped(float64(s.Repetition))}, " "))
		}
		if text := strings.Join(got, ", "); text != want {
			t.Errorf("%d times: %s, want %s", repeat, text, want)
		}
	}
}

func TestWaysToTakeDeliveriesAreStampedesAlone(t *testing.T) {
	all := Interleave([]Scenario{{Via: "auto"}, {Via: "serve"}}, []string{"stampede", "raw"}, 1)
	if len(all) != 3 || all[2].Via != "serve" || all[2].Engine != "stampede" {
		t.Errorf("%+v", all)
	}
}

func TestMissingPeersAreLeftOut(t *testing.T) {
	t.Setenv("PATH", t.TempDir()) // no gcc, wherever corosync is
	all := Interleave([]Scenario{Default()}, []string{"stampede", "corosync-udp", "raw", "corosync-knet"}, 2)
	var table bytes.Buffer
	possible, err := (&runner{}).provide(t.Context(), all, &table)
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

// floodOf is a result of one engine in one repetition.
func floodOf(engine string, repetition int, rate float64) Result {
	return Result{Scenario: "flood", Engine: engine, Repetition: repetition, Size: 1000, DeliveredPerS: rate, MBPerS: rate / 1000, OrderOK: true}
}

func TestRatioIsToTheRawRunOfTheSameRepetition(t *testing.T) {
	wrong := floodOf("raw", 3, 1)
	wrong.Lost = 1
	results := []Result{
		floodOf("stampede", 1, 300), floodOf("raw", 1, 1000), floodOf("corosync-udp", 1, 3),
		floodOf("raw", 2, 500), floodOf("stampede", 2, 400), floodOf("stampede", 3, 100), wrong,
	}
	relate(results)
	for i, want := range []float64{0.3, 0, 0, 0, 0.8, 0, 0} {
		if results[i].RawRatio != want {
			t.Errorf("%s, repetition %d: %g, want %g", results[i].Engine, results[i].Repetition, results[i].RawRatio, want)
		}
	}
}

func TestSummaryHasMediansOfWhatWasRight(t *testing.T) {
	results := []Result{floodOf("stampede", 1, 300), floodOf("stampede", 2, 100), floodOf("stampede", 3, 200), floodOf("stampede", 4, 9000)}
	results[3].OrderOK = false
	var table bytes.Buffer
	writeSummary(&table, results)
	lines := strings.Split(strings.TrimSpace(table.String()), "\n")
	fields := strings.Fields(lines[len(lines)-1])
	if got := strings.Join(fields, " "); got != "flood stampede 1000 200 100 … 300 0.2 - - 3/4" {
		t.Errorf("%s", got)
	}
	table.Reset()
	writeSummary(&table, results[:0])
	results[0].Repetition = 0
	writeSummary(&table, results[:1])
	if table.Len() > 0 {
		t.Errorf("a summary of one run: %s", &table)
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
