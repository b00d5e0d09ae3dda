package main

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"stampede/bench"
	"stampede/internal/testenv"
)

// brief makes a run short: some thousand messages.
func brief(arg ...string) []string {
	return append([]string{"bench", "--warmup", "20ms", "--duration", "100ms", "--json", "-"}, arg...)
}

// results runs the verb, which must succeed, and returns what it wrote.
func results(t *testing.T, arg ...string) []bench.Result {
	t.Helper()
	o := run(t, arg...)
	if o.status != 0 {
		t.Fatalf("status %d:\n%s%s", o.status, o.stderr, o.stdout) // the reason is the table's
	}
	var all []bench.Result
	d := json.NewDecoder(strings.NewReader(o.stdout))
	if err := d.Decode(&all); err != nil || d.More() {
		t.Fatalf("standard output is not one JSON array: %v\n%s", err, o.stdout)
	}
	if !strings.Contains(o.stderr, "messages/s") {
		t.Errorf("no table on standard error: %s", o.stderr)
	}
	return all
}

// Every way to send and receive orders alike.
func TestBenchIsRight(t *testing.T) {
	for _, arg := range []string{
		"--size 64",
		"--size 0",
		"--size 60000",
		"--size 2000000 --hosts 2",
		"--size 64 --guarantee unordered",
		"--size 64 --guarantee fifo",
		"--size 64 --guarantee safe",
		"--rate 200",
		"--rate 200 --size 5000 --guarantee safe",
		"--size 1350 --transport unicast",
		"--size 1350 --ip 6",
		"--size 1350 --socket portable",
		"--size 1350 --gso off --gro off",
		"--size 1350 --mtu 576",
		"--size 1350 --wait block --hosts 2 --senders 1",
		"--size 64 --hosts 1",
		"--size 64 --compress s2",
		"--size 1350 --compress zstd",
		"--size 1350 --loss 5 --seed 7",
		"--size 64 --loss 2 --guarantee safe",
		"--size 64 --loss 2 --guarantee unordered",
	} {
		t.Run(arg, func(t *testing.T) {
			all := results(t, brief(strings.Fields(arg)...)...)
			if len(all) != 1 {
				t.Fatalf("%d results", len(all))
			}
			wantRight(t, &all[0])
		})
	}
}

func wantRight(t *testing.T, r *bench.Result) {
	t.Helper()
	if err := r.Wrong(); err != nil || r.Engine != "stampede" || r.PerHost[0].Delivered == 0 || r.Changes != 0 {
		t.Errorf("%v: %+v", err, r)
	}
	if (r.LossPercent > 0) != (r.Dropped > 0) || r.LossPercent > 0 && r.Retransmits == 0 {
		t.Errorf("loss of %g %%: %d dropped, %d retransmits", r.LossPercent, r.Dropped, r.Retransmits)
	}
	if r.Hosts > 1 && (r.DatagramsPerTrain < 1 || r.DatagramsPerReceive < 1) {
		t.Errorf("%g datagrams a train, %g a receive", r.DatagramsPerTrain, r.DatagramsPerReceive)
	}
	// A flood may be blocked for the whole of so short a time; slots are not.
	if r.Rate > 0 && r.LatencyUS == nil || r.Size < 16 && r.LatencyUS != nil {
		t.Errorf("latency %+v", r.LatencyUS)
	}
}

// 212,992 bytes is what Linux gives every socket by default
// (net.core.rmem_default), and most machines allow no more.
func TestBenchWithTheDefaultReceiveBuffer(t *testing.T) {
	const granted = 212992
	for _, arg := range []string{"--size 64", "--size 1350", "--size 60000 --transport unicast", "--size 1350 --gso off --gro off"} {
		t.Run(arg, func(t *testing.T) {
			arg := append(strings.Fields(arg), "--receive-buffer", strconv.Itoa(granted/2))
			r := results(t, brief(arg...)...)[0]
			wantRight(t, &r)
			if runtime.GOOS == "linux" && r.ReceiveBufferBytes != granted {
				t.Errorf("the kernel granted %d bytes, not the default", r.ReceiveBufferBytes)
			}
		})
	}
}

func TestBenchTellsItsSettings(t *testing.T) {
	r := results(t, brief("--size", "100", "--hosts", "2", "--senders", "1", "--transport", "unicast", "--gso", "off",
		"--loss", "1", "--seed", "42", "--guarantee", "fifo")...)[0]
	if r.Scenario != "flood" || r.Size != 100 || r.Hosts != 2 || r.Senders != 1 || r.Transport != "unicast" ||
		!strings.HasPrefix(r.GSO, "off") || r.LossPercent != 1 || r.Seed != 42 || r.Guarantee != "fifo" {
		t.Errorf("%+v", r)
	}
}

func TestBenchWithoutSizeAndRateIsASuite(t *testing.T) {
	all := results(t, "bench", "--smoke", "--hosts", "2", "--json", "-")
	if len(all) < 5 {
		t.Errorf("%d results", len(all))
	}
	for i := range all {
		if err := all[i].Wrong(); err != nil || all[i].Suite != "quick" {
			t.Errorf("%v: %+v", err, all[i])
		}
	}
}

// Of every suite some short runs are right.
func TestEverySuiteIsRight(t *testing.T) {
	all := results(t, "bench", "--suite", "all", "--smoke", "--json", "-")
	wantSuites(t, all)
}

// What depends on the place most: losses and a death in a lab's namespaces.
func TestSuitesInTheLab(t *testing.T) {
	testenv.NeedRoot(t)
	testenv.NeedCommand(t, "ip")
	for _, arg := range []string{"--kill sequencer --rate 500 --duration 1s", "--suite loss --smoke"} {
		all := results(t, strings.Fields("bench --lab --json - "+arg)...)
		for i := range all {
			r := &all[i]
			if err := r.Wrong(); err != nil || !r.Lab || (r.GapMS > 0) != (r.Kill != "") || (r.LossPercent > 0) != (r.Dropped > 0) {
				t.Errorf("%v: %+v", err, r)
			}
		}
	}
}

func wantSuites(t *testing.T, all []bench.Result) {
	t.Helper()
	times := map[string]int{}
	for i := range all {
		r := &all[i]
		if err := r.Wrong(); err != nil {
			t.Error(err)
		}
		times[r.Suite]++
		if (r.Suite == "failover") != (r.GapMS > 0) || r.Suite == "failover" && (r.Changes == 0 || len(r.PerHost) != 2) {
			t.Errorf("%s: a gap of %g ms, %d changes, %d hosts that lived", r.Scenario, r.GapMS, r.Changes, len(r.PerHost))
		}
	}
	for _, s := range bench.Suites[1:] {
		if times[s.Name] == 0 {
			t.Errorf("no run of suite %s", s.Name)
		}
	}
}

func TestSuitesAreListed(t *testing.T) {
	o := run(t, "bench", "--suite", "list")
	for _, s := range bench.Suites {
		if !strings.Contains(o.stdout, s.Name+": ") || !strings.Contains(o.stdout, s.Lines[0]) {
			t.Errorf("no suite %s in\n%s", s.Name, o.stdout)
		}
	}
	if o.status != 0 {
		t.Errorf("%+v", o)
	}
}

// benchLine is what Go's benchmark format has in a line, by its definition:
// a name with a capital, a count, and pairs of value and unit.
var benchLine = regexp.MustCompile(`^Benchmark[A-Z][^\s]*-\d+ \d+( [0-9.e+-]+ [^\s\d][^\s]*)+$`)

func TestBenchRecords(t *testing.T) {
	dir := t.TempDir()
	lines, hdr, below := filepath.Join(dir, "lines.txt"), filepath.Join(dir, "hdr"), filepath.Join(dir, "kept")
	if err := os.WriteFile(lines, []byte(strings.Repeat("old", 10000)), 0o600); err != nil {
		t.Fatal(err)
	}
	o := run(t, brief("--rate", "200", "--engine", "stampede,roundtrip", "--repeat", "2",
		"--benchstat", lines, "--hdr", hdr, "--record", below)...)
	if o.status != 0 {
		t.Fatalf("%+v", o)
	}
	kept, _ := filepath.Glob(filepath.Join(below, "????-??-??-????"))
	if len(kept) != 1 {
		t.Fatalf("kept %s", kept)
	}
	wantBenchstat(t, lines)
	wantBenchstat(t, filepath.Join(kept[0], "benchstat.txt"))
	wantPercentiles(t, hdr)
	wantPercentiles(t, filepath.Join(kept[0], "hdr"))
	wantRecord(t, kept[0], o)
}

func wantBenchstat(t *testing.T, path string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]int{}
	for line := range strings.Lines(string(text)) {
		if !strings.HasPrefix(line, "Benchmark") {
			continue
		}
		if !benchLine.MatchString(strings.TrimSpace(line)) || !strings.Contains(line, " p50-ns ") {
			t.Errorf("%s: %s", path, line)
		}
		names[strings.Fields(line)[0]]++
	}
	if len(names) != 2 || !strings.HasPrefix(string(text), "goos: ") {
		t.Errorf("%s: names %v", path, names)
	}
	for name, n := range names {
		if n != 2 {
			t.Errorf("%s: %d lines, not one for each repetition", name, n)
		}
	}
}

func wantPercentiles(t *testing.T, dir string) {
	t.Helper()
	files, _ := filepath.Glob(filepath.Join(dir, "*.hgrm"))
	if len(files) != 4 {
		t.Errorf("%d files in %s", len(files), dir)
	}
	for _, path := range files {
		text, err := os.ReadFile(path)
		if err != nil || !strings.Contains(string(text), "1/(1-Percentile)") || !strings.Contains(string(text), "#[Max") {
			t.Errorf("%s: %v, %.60s", path, err, text)
		}
	}
}

func wantRecord(t *testing.T, dir string, o outcome) {
	t.Helper()
	read := func(name string) string {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Error(err)
		}
		return string(text)
	}
	if table := read("table.txt"); !strings.Contains(o.stderr, table) || !strings.Contains(table, "÷roundtrip") {
		t.Errorf("the table is\n%s", table)
	}
	var all []bench.Result
	if err := json.Unmarshal([]byte(read("result.json")), &all); err != nil || len(all) != 4 || all[0].Ratios["roundtrip"] <= 0 {
		t.Errorf("%v, %d results", err, len(all))
	}
	environment := read("environment.txt")
	for _, name := range []string{"command   stampede bench --warmup", "go ", "kernel ", "cores ", "memory ", "rmem_max ", "mtu ", "commit ", "offload", "runs      4 of 4"} {
		if !strings.Contains(environment, name) {
			t.Errorf("no %q in\n%s", name, environment)
		}
	}
}

// What was finished before an interruption is kept, and it is told how much.
func TestBenchKeepsWhatWasFinished(t *testing.T) {
	below := filepath.Join(t.TempDir(), "kept")
	cmd := program(t, "bench", "--size", "64", "--hosts", "2", "--warmup", "0s", "--duration", "50ms", "--repeat", "1000", "--record", below)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() && !strings.HasPrefix(lines.Text(), "flood") {
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	medians := false
	for lines.Scan() {
		medians = medians || strings.HasPrefix(lines.Text(), "medians")
	}
	if err := cmd.Wait(); err == nil || !medians {
		t.Errorf("%v, medians %v", err, medians)
	}
	kept, _ := filepath.Glob(filepath.Join(below, "*", "environment.txt"))
	if len(kept) != 1 {
		t.Fatalf("kept %s", kept)
	}
	if text, err := os.ReadFile(kept[0]); err != nil || !regexp.MustCompile(`runs +[1-9]\d* of 1000\n`).Match(text) {
		t.Errorf("%v: %s", err, text)
	}
}

func TestNothingIsKeptOfARunThatWasRefused(t *testing.T) {
	dir := t.TempDir()
	lines, below := filepath.Join(dir, "lines.txt"), filepath.Join(dir, "kept")
	o := run(t, "bench", "--json", "no-such-directory/file", "--benchstat", lines, "--record", below)
	if left, _ := filepath.Glob(filepath.Join(dir, "*")); o.status != 1 || len(left) > 0 {
		t.Errorf("status %d, left %s", o.status, left)
	}
}

func TestBenchInTheLab(t *testing.T) {
	testenv.NeedRoot(t)
	testenv.NeedCommand(t, "ip")
	for _, arg := range []string{
		"--size 64",
		"--size 1350 --ip 6",
		"--size 1350 --transport unicast --ip 6",
		"--size 1350 --gso off --gro off",
		"--size 1350 --loss 5",
		"--rate 200",
		"--rate 200 --via libevs --clients 2",
	} {
		t.Run(arg, func(t *testing.T) {
			r := results(t, brief(strings.Fields(arg+" --lab")...)...)[0]
			wantRight(t, &r)
			if !r.Lab || r.Transport != "multicast" && !strings.Contains(arg, "unicast") {
				t.Errorf("%+v", r)
			}
		})
	}
}

// The raw sockets lose nothing, in whatever way they send.
func TestBenchRaw(t *testing.T) {
	for _, arg := range []string{
		"--size 64",
		"--size 0",
		"--size 60000 --check off",
		"--size 2000000 --hosts 2",
		"--size 1350 --transport unicast",
		"--size 1350 --ip 6 --senders 1",
		"--size 1350 --socket portable",
		"--size 1350 --gso off --gro off",
		"--size 1350 --receive-buffer 106496",
		"--size 60000 --mtu 576",
		"--size 3000000 --mtu 33500 --hosts 2",
		"--size 64 --hosts 1",
		"--rate 200",
		"--rate 200 --size 5000 --transport unicast",
	} {
		t.Run(arg, func(t *testing.T) {
			r := results(t, brief(strings.Fields(arg+" --engine raw")...)...)[0]
			if err := r.Wrong(); err != nil || r.Engine != "raw" || r.PerHost[0].Delivered == 0 || r.Guarantee != "none" {
				t.Errorf("%v: %+v", err, r)
			}
			if (r.Rate > 0) != (r.LatencyUS != nil) {
				t.Errorf("latency %+v", r.LatencyUS)
			}
		})
	}
}

func TestBenchTellsTheShareOfRaw(t *testing.T) {
	all := results(t, brief("--size", "1350", "--engine", "stampede,raw", "--repeat", "2")...)
	if len(all) != 4 {
		t.Fatalf("%d results", len(all))
	}
	for i, r := range all {
		own := i%2 == 0
		if r.Wrong() != nil || r.Repetition != 1+i/2 || (r.Engine == "stampede") != own {
			t.Errorf("%v: %+v", r.Wrong(), r)
		}
		// A busy machine may let a flood stand still for the measured time.
		if (r.RawRatio > 0) != (own && r.DeliveredPerS > 0 && all[i|1].DeliveredPerS > 0) {
			t.Errorf("repetition %d, %s: %g of raw", r.Repetition, r.Engine, r.RawRatio)
		}
	}
}

// A message at a time, back to back and by the clock.
func TestBenchRoundTrip(t *testing.T) {
	for _, arg := range []string{"--hosts 2 --senders 1 --size 64", "--hosts 4 --size 5000 --transport unicast", "--rate 5000 --ip 6"} {
		t.Run(arg, func(t *testing.T) {
			r := results(t, brief(strings.Fields(arg+" --engine roundtrip")...)...)[0]
			if err := r.Wrong(); err != nil || r.Engine != "roundtrip" || r.PerHost[0].Delivered == 0 || r.LatencyUS == nil {
				t.Fatalf("%v: %+v", err, r)
			}
			// Nothing is sent before the message before it was answered.
			if most := r.DurationS * 1e6 / r.LatencyUS.P50; float64(r.LatencyUS.Count) > 2*most*float64(r.Senders) {
				t.Errorf("%d round trips of %g µs in %g s", r.LatencyUS.Count, r.LatencyUS.P50, r.DurationS)
			}
		})
	}
}

// Programs in Go and in C that use a daemon are checked alike.
func TestBenchThroughADaemon(t *testing.T) {
	testenv.NeedLinux(t)
	testenv.NeedCommand(t, "gcc")
	for _, arg := range []string{
		"--via daemon --size 5 --clients 2",
		"--via libevs --size 0 --clients 3 --senders 1",
		"--via libevs --size 5 --clients 2 --guarantee unordered",
		"--via libevs --size 1350 --guarantee fifo --compress s2 --data text",
		"--via libevs --size 60000 --guarantee safe --loss 1 --seed 1",
		"--via libevs --size 2000000 --hosts 1",
		"--via libevs --rate 30000 --clients 2",
		"--via libevs-each --size 64",
	} {
		t.Run(arg, func(t *testing.T) {
			r := results(t, brief(strings.Fields(arg)...)...)[0]
			wantRight(t, &r)
			if !strings.Contains(arg, "--via "+r.Via+" ") || r.CPUNsPerDelivery <= 0 && r.DeliveredPerS > 0 {
				t.Errorf("%+v", r)
			}
		})
	}
}

// Neither a daemon's socket nor a program is left behind.
func TestBenchLeavesNoFiles(t *testing.T) {
	testenv.NeedLinux(t)
	testenv.NeedCommand(t, "gcc")
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	for _, via := range []string{"daemon", "libevs"} {
		results(t, brief("--via", via, "--size", "64")...)
		if left, err := filepath.Glob(filepath.Join(dir, "stampede-bench-*")); err != nil || len(left) > 0 {
			t.Errorf("via %s leaves %s, %v", via, left, err)
		}
	}
}

func TestBenchWithoutACompiler(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	o := run(t, brief("--via", "libevs", "--size", "64")...)
	if o.status != 1 || !strings.Contains(o.stderr, "via libevs: the compiler gcc is not installed") {
		t.Errorf("status %d: %s%s", o.status, o.stdout, o.stderr)
	}
}

// needCorosync skips where the peer cannot be run.
func needCorosync(t *testing.T) {
	t.Helper()
	testenv.NeedRoot(t)
	for _, name := range []string{"ip", "gcc", "corosync"} {
		testenv.NeedCommand(t, name)
	}
	if _, err := os.Stat("/usr/include/corosync/cpg.h"); err != nil {
		testenv.Skip(t, "needs the Debian package libcpg-dev")
	}
}

func TestBenchCorosync(t *testing.T) {
	needCorosync(t)
	for _, arg := range []string{"--size 64", "--size 0 --hosts 2", "--size 8000 --senders 1", "--rate 100"} {
		t.Run(arg, func(t *testing.T) {
			for i, r := range results(t, brief(strings.Fields(arg+" --lab --engine corosync-udp,corosync-knet")...)...) {
				if err := r.Wrong(); err != nil || r.Engine != []string{"corosync-udp", "corosync-knet"}[i] || r.PerHost[0].Delivered == 0 || !r.Lab {
					t.Errorf("%v: %+v", err, r)
				}
				if r.Rate > 0 && r.LatencyUS == nil || r.Size < 16 && r.LatencyUS != nil {
					t.Errorf("latency %+v", r.LatencyUS)
				}
			}
		})
	}
}

func TestBenchWithoutAPeerIsNoFailure(t *testing.T) {
	testenv.NeedRoot(t) // else a lab is refused first
	t.Setenv("PATH", t.TempDir())
	o := run(t, brief("--lab", "--engine", "corosync-udp")...)
	if o.status != 0 || strings.TrimSpace(o.stdout) != "[]" ||
		!strings.Contains(o.stderr, "engine corosync-udp is left out") || !strings.Contains(o.stderr, "Debian package") {
		t.Errorf("status %d: %s%s", o.status, o.stdout, o.stderr)
	}
}

func TestBenchRefusals(t *testing.T) {
	for arg, reason := range map[string]string{
		"--hosts 0":                     "hosts 0 is not within",
		"--hosts x":                     `invalid argument "x" for "--hosts"`,
		"--senders 4":                   "senders 4 is not within 1 to hosts, 3",
		"--hosts 2 --senders 3":         "senders 3 is not within 1 to hosts, 2",
		"--senders 0":                   "senders 0",
		"--size 67108865":               "size 67108865",
		"--guarantee total":             "guarantee",
		"--duration 0s":                 "duration",
		"--duration 3":                  "duration",
		"--rate 100 --size 8":           "size 8 is too small for a rate",
		"--transport multicast --ip 6":  "no IPv6 multicast",
		"--ip 5":                        "ip 5",
		"--loss 101":                    "loss 101",
		"--loss -1":                     "loss -1",
		"--mtu 100":                     "mtu 100",
		"--receive-buffer -1":           "receive-buffer -1",
		"--gso on":                      "gso",
		"--wait always":                 "wait",
		"--compress gzip":               "compress",
		"--seed -1":                     "seed",
		"--json no-such-directory/file": "json: open",
		"--json .":                      "json: open",
		"--engine spread":               `engine "spread"`,
		"--engine raw,raw":              "engine raw is named twice",
		"--engine corosync-udp":         "needs lab",
		"--engine raw --loss 1":         "loss 1 with engine raw",
		"--repeat 0":                    "repeat 0",
		"--repeat 1001":                 "repeat 1001",
		"--check x":                     "check",
		"--data x":                      "data",
		"--via x":                       "via",
		"--kill me":                     "kill",
		"--kill sequencer --hosts 2":    "it takes three",
		"--kill sequencer --senders 1":  "it is the one that dies",
		"--engine roundtrip --hosts 1":  "nobody answers",
		"--suite speed":                 `suite "speed" is none of`,
		"--suite loss,list":             `suite "list" is none of`,
		"--suite=":                      "suite: none is named",
		"--suite flood --size 64":       "size with suite flood",
		"--suite failover --hosts 2":    "it takes three",
		"--smoke --duration 1s":         "duration and warmup with smoke",
		"--benchstat no-such-dir/file":  "benchstat: open",
		"--hdr bench_test.go":           "hdr: mkdir",
		"--record bench_test.go":        "record: mkdir",
		"--nonsense":                    "unknown flag",
	} {
		o := run(t, append([]string{"bench"}, strings.Fields(arg)...)...)
		if o.status != 1 || !strings.Contains(o.stderr, reason) || o.stdout != "" {
			t.Errorf("%s: status %d, %s%s", arg, o.status, o.stdout, o.stderr)
		}
	}
}

func TestBenchKeepsAFileUntilItHasBetter(t *testing.T) {
	path := filepath.Join(t.TempDir(), "results.json")
	if err := os.WriteFile(path, []byte(strings.Repeat("old ", 10000)), 0o600); err != nil {
		t.Fatal(err)
	}
	if o := run(t, "bench", "--hosts", "0", "--json", path); o.status != 1 {
		t.Errorf("%+v", o)
	}
	if text, _ := os.ReadFile(path); !strings.HasPrefix(string(text), "old") {
		t.Errorf("the file has %.20q", text)
	}
	if o := run(t, "bench", "--size", "64", "--warmup", "0s", "--duration", "50ms", "--json", path); o.status != 0 {
		t.Fatalf("%+v", o)
	}
	text, err := os.ReadFile(path)
	var all []bench.Result
	if err != nil || json.Unmarshal(text, &all) != nil || len(all) != 1 {
		t.Errorf("%v: the file has %.40q", err, text)
	}
}
