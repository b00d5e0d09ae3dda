package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"math"
	"os/exec"
	"strings"
	"testing"

	"github.com/HdrHistogram/hdrhistogram-go"
)

func TestResultsAreAnArrayOfTheSchema(t *testing.T) {
	s := short()
	s.Rate = 1000 // so that something is timed on a busy machine too
	r := newTestRunner(newHub(s.Hosts).launcher()).run(t.Context(), nowhere{}, &s)
	var b bytes.Buffer
	if err := WriteJSON(&b, []Result{r}); err != nil {
		t.Fatal(err)
	}
	var all []map[string]any
	if err := json.Unmarshal(b.Bytes(), &all); err != nil || len(all) != 1 {
		t.Fatalf("%v: %s", err, &b)
	}
	for name, want := range map[string]any{
		"scenario": "flood", "engine": "fake", "hosts": 3., "senders": 3., "size": 64., "guarantee": "agreed",
		"rate": 1000., "via": "receive", "order_ok": true, "lost": 0., "duplicates": 0., "damaged": 0.,
		"retransmits": 1. + 2 + 3, "gso": "on", "gro": "off", "transport": "multicast", "ip": 4., "socket": "udp",
		"wait": "block", "compress": "off", "loss_percent": 0., "seed": 0., "lab": false, "version": "test",
		"datagrams_per_train": 10., "datagrams_per_receive": 20., "datagram_bytes": 1472., "warmup_s": 0.01,
		"configuration_changes": 0.,
	} {
		if got, ok := all[0][name]; !ok || got != want {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
	for _, name := range []string{"duration_s", "delivered_per_s", "mb_per_s", "cpu_ns_per_delivery", "cores", "rmem_max"} {
		if v, ok := all[0][name].(float64); !ok || v < 0 {
			t.Errorf("%s is %v", name, all[0][name])
		}
	}
	if kernel, ok := all[0]["kernel"].(string); !ok || kernel == "" {
		t.Errorf("kernel is %v", all[0]["kernel"])
	}
	latency, _ := all[0]["latency_us"].(map[string]any)
	for _, q := range []string{"p50", "p90", "p99", "p999", "max"} {
		if v, ok := latency[q].(float64); !ok || v <= 0 {
			t.Errorf("latency_us.%s is %v", q, latency[q])
		}
	}
	if hosts, ok := all[0]["per_host"].([]any); !ok || len(hosts) != 3 {
		t.Errorf("per_host is %v", all[0]["per_host"])
	}
}

func TestResultsOfFailedRunsAreValidToo(t *testing.T) {
	s := short()
	r := newTestRunner(func(context.Context, int) (*conn, error) { return nil, exec.ErrNotFound }).run(t.Context(), nowhere{}, &s)
	var b bytes.Buffer
	if err := WriteJSON(&b, []Result{r}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), `"order_ok": false`) || !strings.Contains(b.String(), exec.ErrNotFound.Error()) {
		t.Error(b.String())
	}
	b.Reset()
	if err := WriteJSON(&b, nil); err != nil || strings.TrimSpace(b.String()) != "[]" {
		t.Errorf("no results: %q, %v", &b, err)
	}
}

func TestLeastHostCounts(t *testing.T) {
	s := Default()
	s.Size, s.Senders, s.Hosts = 1000, 1, 2
	r := newResult(&s, Environment{})
	out := func(delivered uint64, ns int64, cpu int64) *outcome {
		return &outcome{
			Host: 1 + int(ns/1e9)%2,
			Warm: mark{progress{1000, 50}, 500}, End: mark{progress{1000 + ns, 50 + delivered}, 500 + cpu},
			Order: digest{Senders: []seen{{Distinct: 11}}}, Sent: 11,
		}
	}
	if err := r.add([]*outcome{out(1000, 1e9, 4e6), out(1500, 2e9, 6e6)}, machineTime{}, machineTime{}); err != nil {
		t.Fatal(err)
	}
	if r.DeliveredPerS != 750 || r.MBPerS != 0.75 || r.DurationS != 2 {
		t.Errorf("%g/s, %g MB/s in %g s", r.DeliveredPerS, r.MBPerS, r.DurationS)
	}
	if r.CPUNsPerDelivery != 1e7/2500 {
		t.Errorf("%g ns of processor a delivery", r.CPUNsPerDelivery)
	}
}

func TestHistogramsOfAllHostsAreOne(t *testing.T) {
	var outs []*outcome
	for host := range 3 {
		h := hdrhistogram.New(1, longest, 3)
		for i := range 1000 {
			h.RecordValue(int64(1000 * (host*1000 + i + 1)))
		}
		own, err := encode(h)
		if err != nil {
			t.Fatal(err)
		}
		outs = append(outs, &outcome{Own: own})
	}
	outs = append(outs, &outcome{}) // a host that sent nothing
	all, err := merge(outs, func(o *outcome) []byte { return o.Own })
	if err != nil {
		t.Fatal(err)
	}
	l := quantiles(all)
	near := func(got, want float64) bool { return math.Abs(got-want) <= want/500 }
	if l.Count != 3000 || !near(l.P50, 1500) || !near(l.P99, 2970) || !near(l.Max, 3000) {
		t.Errorf("%+v", *l)
	}
	outs[0].Own = outs[0].Own[:5]
	if _, err := merge(outs, func(o *outcome) []byte { return o.Own }); err == nil {
		t.Error("a cut histogram was taken")
	}
}

func TestProcessorTime(t *testing.T) {
	got := parseStat("cpu  100 20 30 1000 7 5 9 3 0 0")
	if want := (machineTime{busy: (100 + 20 + 30 + 5 + 9) * tick, softirq: 9 * tick}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	for _, line := range []string{"", "cpu", "cpu0 1 2 3 4 5 6 7 8", "cpu 1 2 3 4 5 6", "cpu 1 2 x 4 5 6 7 8"} {
		if got := parseStat(line); got != (machineTime{}) {
			t.Errorf("%q: %+v", line, got)
		}
	}
	for _, c := range []struct {
		name                       string
		own, busy, softirq, result int64
	}{
		{"softirqs are booked apart", 100, 150, 50, 150},
		{"softirqs are in the processes' time", 100, 102, 50, 102},
		{"others use the machine", 100, 900, 50, 150},
		{"ticks are coarser", 100, 90, 20, 100},
		{"not known", 100, 0, 0, 100},
	} {
		if got, source := spent(c.own, machineTime{}, machineTime{c.busy, c.softirq}, false); got != c.result || source != cpuProcesses {
			t.Errorf("%s: %d of %s, want %d", c.name, got, source, c.result)
		}
	}
}

// In a lab all of the machine's work is taken for the lab's.
func TestProcessorTimeOfALab(t *testing.T) {
	if got, source := spent(100, machineTime{busy: 50}, machineTime{busy: 950, softirq: 20}, true); got != 900 || source != cpuMachine {
		t.Errorf("%d of %s", got, source)
	}
	if got, source := spent(100, machineTime{}, machineTime{}, true); got != 100 || source != cpuProcesses {
		t.Errorf("where there is no /proc/stat: %d of %s", got, source)
	}
}

func TestTableLinesUp(t *testing.T) {
	s := short()
	r := newTestRunner(newHub(s.Hosts).launcher()).run(t.Context(), nowhere{}, &s)
	bad := r
	bad.Lost = 3
	bad.withhold()
	long := s
	long.Name = "a name that is longer than most"
	var b bytes.Buffer
	table := newTable(&b, []Scenario{s, long})
	table.begin(&s, 1, r.Environment)
	table.row(&r)
	table.row(&bad)
	lines := strings.Split(strings.TrimSpace(b.String()), "\n")
	lines = lines[len(lines)-4:]
	head, reason := []rune(lines[0]), lines[3]
	at := len(head) - len("order")
	cell := func(line string) string { return string([]rune(line)[at:]) }
	if cell(lines[0]) != "order" || cell(lines[1]) != "ok" || cell(lines[2]) != "WRONG" {
		t.Errorf("table:\n%s", &b)
	}
	if !strings.Contains(reason, "3 deliveries lost") {
		t.Errorf("reason: %q", reason)
	}
}

func TestGrouped(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 999: "999", 1000: "1,000", 999999.7: "1,000,000", 12345678: "12,345,678"} {
		if got := grouped(v); got != want {
			t.Errorf("%g is written %s, want %s", v, got, want)
		}
	}
}

func TestExcerptKeepsBothEnds(t *testing.T) {
	var e excerpt
	if e.String() != "" {
		t.Errorf("nothing is %q", e.String())
	}
	e.Write([]byte("panic: first\n"))
	for range 1000 {
		e.Write([]byte(strings.Repeat("x", 100)))
	}
	e.Write([]byte("the last\n"))
	text := e.String()
	if !strings.HasPrefix(text, "panic: first") || !strings.HasSuffix(text, "the last") || !strings.Contains(text, " … ") || len(text) > 3*excerptBytes {
		t.Errorf("%d bytes: %.40s … %s", len(text), text, text[len(text)-20:])
	}
}
