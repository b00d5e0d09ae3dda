package bench

import (
	"bytes"
	"strings"
	"testing"
)

// floodOf is a result of one engine in one repetition.
func floodOf(engine string, repetition int, rate float64) Result {
	s := Default().Named()
	s.Engine, s.Repetition, s.Size = engine, repetition, 1000
	return resultOf(s, rate, 0)
}

// resultOf is a right result of a run.
func resultOf(s Scenario, rate, p50 float64) Result {
	r := newResult(&s, Environment{})
	r.DeliveredPerS, r.MBPerS, r.OrderOK = rate, rate*float64(s.Size)/1e6, true
	if p50 > 0 {
		r.LatencyUS = &Latency{P50: p50}
	}
	return r
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
		if results[i].RawRatio != want || results[i].Ratios["raw"] != want {
			t.Errorf("%s, repetition %d: %g, want %g", results[i].Engine, results[i].Repetition, results[i].RawRatio, want)
		}
	}
	if got := results[0].Ratios["corosync-udp"]; got != 100 {
		t.Errorf("%g times Corosync", got)
	}
}

func TestRatioIsToTheRunThatDiffersInOneThing(t *testing.T) {
	run := func(change func(*Scenario), rate, p50 float64) Result {
		s := Default()
		change(&s)
		return resultOf(s.Named(), rate, p50)
	}
	paced := func(engine string, hosts int) func(*Scenario) {
		return func(s *Scenario) { s.Engine, s.Rate, s.Hosts, s.Senders = engine, 100, hosts, hosts }
	}
	results := []Result{
		run(func(s *Scenario) { s.Loss = 5 }, 300, 0),
		run(func(s *Scenario) { s.Loss = 5; s.Size = 9 }, 300, 0),
		run(func(s *Scenario) {}, 1000, 0),
		run(func(s *Scenario) { paced("stampede", 3)(s); s.Via = "serve"; s.Guarantee = "safe" }, 300, 120),
		run(paced("roundtrip", 2), 200, 80),
		run(paced("roundtrip", 3), 300, 100),
		run(paced("stampede", 3), 300, 150),
		run(func(s *Scenario) { paced("stampede", 3)(s); s.Rate = 10 }, 30, 100),
		run(func(s *Scenario) { s.Engine = "roundtrip" }, 1, 1),
		run(func(s *Scenario) { s.Via, s.Clients = "libevs", 4 }, 300, 0),
		run(func(s *Scenario) { s.Via, s.Clients = "daemon", 4 }, 600, 0),
		run(func(s *Scenario) { s.Via, s.Clients = "libevs-each", 1 }, 100, 0),
	}
	relate(results)
	for i, want := range []map[string]float64{
		{"lossless": 0.3}, nil, nil, {"roundtrip": 1.2, "roundtrip-2": 1.5}, nil, nil,
		{"roundtrip": 1.5, "roundtrip-2": 1.875}, nil, nil,
		{"daemon": 0.5}, nil, nil,
	} {
		got := results[i].Ratios
		for name, v := range want {
			if got[name] != v {
				t.Errorf("%d: %s is %g, want %g", i, name, got[name], v)
			}
		}
		if len(got) != len(want) {
			t.Errorf("%d: %v, want %v", i, got, want)
		}
	}
}

func TestSaturationIsTheLeastOfItsFloods(t *testing.T) {
	flood := func(via string, rate float64) Result {
		s := Default()
		s.Via = via
		return resultOf(s.Named(), rate, 0)
	}
	wrong, other := flood("serve", 10), flood("serve", 20)
	wrong.Lost, other.of.Guarantee = 1, "safe"
	s := Default()
	s.Load, s.Via = 50, "receive"
	if got := saturation([]Result{flood("serve", 900), flood("receive", 700), wrong, other}, &s); got != 700 {
		t.Errorf("%g", got)
	}
	if got := saturation([]Result{wrong, other}, &s); got != 0 {
		t.Errorf("%g where no flood was right", got)
	}
}

func TestShareOfASaturationIsItsRate(t *testing.T) {
	flood := short()
	flood.Size = 8000 // which a hub moves slowly enough for 10 %
	share := flood
	share.Load = 10
	r := newTestRunner(newHub(flood.Hosts).launcher())
	r.launch = func(place, int) launcher { return newHub(flood.Hosts).launcher() }
	results, err := r.runAll(t.Context(), []Scenario{flood, share.Named()}, &bytes.Buffer{})
	if err != nil || len(results) != 2 {
		t.Fatalf("%d results, %v", len(results), err)
	}
	if err := results[1].Wrong(); err != nil {
		t.Fatal(err)
	}
	if got, want := results[1].Rate, results[0].DeliveredPerS/30; got < want*0.999 || got > want*1.001 {
		t.Errorf("10 %% of %g/s, three senders: %g/s each", results[0].DeliveredPerS, got)
	}
	// Without a flood there is nothing that it could be a share of.
	results, err = r.runAll(t.Context(), []Scenario{share.Named()}, &bytes.Buffer{})
	if err != nil || len(results) != 1 || !strings.Contains(results[0].Error, "no saturation") {
		t.Errorf("%+v, %v", results, err)
	}
}

func TestSummaryHasMediansOfWhatWasRight(t *testing.T) {
	results := []Result{floodOf("stampede", 1, 300), floodOf("stampede", 2, 100), floodOf("stampede", 3, 200), floodOf("stampede", 4, 9000)}
	results[3].OrderOK = false
	var table bytes.Buffer
	writeSummary(&table, results)
	lines := strings.Split(strings.TrimSpace(table.String()), "\n")
	fields := strings.Fields(lines[len(lines)-1])
	if got := strings.Join(fields, " "); got != "flood stampede 1000 agreed 200 100 … 300 0.2 - 3/4" {
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

func TestSummaryHasTheColumnsOfItsFigures(t *testing.T) {
	a, b := floodOf("stampede", 1, 300), floodOf("stampede", 2, 300)
	a.GapMS, b.GapMS = 320, 340
	results := []Result{a, floodOf("raw", 1, 1000), b, floodOf("raw", 2, 600)}
	relate(results)
	var table bytes.Buffer
	writeSummary(&table, results)
	for _, want := range []string{" gap ms      most  ÷raw  right", " 330.0     340.0  0.40    2/2", "       -         -     -    2/2"} {
		if !strings.Contains(table.String(), want) {
			t.Errorf("no %q in\n%s", want, &table)
		}
	}
}
