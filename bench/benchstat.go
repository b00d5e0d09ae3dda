package bench

import (
	"fmt"
	"io"
	"runtime"
	"strings"
)

// benchstatUnits are the figures of a line, and which way is better.
var benchstatUnits = []struct {
	unit, better string
	of           func(*Result) float64 // 0 = not there
}{
	{"ns/op", "lower", func(r *Result) float64 {
		if r.DeliveredPerS == 0 {
			return 0
		}
		return 1e9 / r.DeliveredPerS // the format wants it first
	}},
	{"msg/s", "higher", func(r *Result) float64 { return r.DeliveredPerS }},
	{"MB/s", "higher", func(r *Result) float64 { return r.MBPerS }},
	{"p50-ns", "lower", latencyNs(func(l *Latency) float64 { return l.P50 })},
	{"p99-ns", "lower", latencyNs(func(l *Latency) float64 { return l.P99 })},
	{"max-ns", "lower", latencyNs(func(l *Latency) float64 { return l.Max })},
	{"gap-ns", "lower", func(r *Result) float64 { return r.GapMS * 1e6 }},
	{"cpu-ns/msg", "lower", func(r *Result) float64 { return r.CPUNsPerDelivery }},
}

func latencyNs(of func(*Latency) float64) func(*Result) float64 {
	return func(r *Result) float64 {
		if r.LatencyUS == nil {
			return 0
		}
		return of(r.LatencyUS) * 1e3
	}
}

// WriteBenchstat writes a line for every run that was right, in the format of
// Go's benchmarks (golang.org/design/14313-benchmark-format) that benchstat
// reads: runs that differ in their repetition only have one name, and an op is
// a delivery at one host.
func WriteBenchstat(w io.Writer, results []Result) error {
	var b strings.Builder
	fmt.Fprintf(&b, "goos: %s\ngoarch: %s\npkg: stampede/bench\n", runtime.GOOS, runtime.GOARCH)
	if len(results) > 0 {
		e := &results[0].Environment
		fmt.Fprintf(&b, "kernel: %s\nversion: %s\n", e.Kernel, e.Version)
	}
	for _, u := range benchstatUnits[1:] { // ns/op is known
		fmt.Fprintf(&b, "Unit %s better=%s\n", u.unit, u.better)
	}
	for i := range results {
		if r := &results[i]; r.Wrong() == nil && r.DeliveredPerS > 0 {
			benchstatLine(&b, r)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func benchstatLine(b *strings.Builder, r *Result) {
	var count uint64
	for _, h := range r.PerHost {
		count = max(count, h.Delivered)
	}
	fmt.Fprintf(b, "Benchmark%s-%d %d", r.path(), r.Cores, max(1, count))
	for _, u := range benchstatUnits {
		if v := u.of(r); v > 0 {
			fmt.Fprintf(b, " %.6g %s", v, u.unit)
		}
	}
	b.WriteByte('\n')
}

// path names a run, whatever its repetition, with everything that is not by
// default: Flood/engine=raw/size=64/….
func (r *Result) path() string {
	s, d := r.subject(), Default()
	kind := "Flood"
	switch {
	case killings.of(s.Kill):
		kind = "Failover"
	case s.Rate > 0 || s.Load > 0 || engines.of(s.Engine) == roundTrip:
		kind = "Latency"
	}
	path := fmt.Sprintf("%s/engine=%s/hosts=%d/senders=%d/size=%d/guarantee=%s", kind, s.Engine, s.Hosts, s.Senders, s.Size, s.Guarantee)
	place := "loopback"
	if s.Lab {
		place = "lab"
	}
	for _, p := range []struct {
		name string
		v, d any
	}{
		{"rate", s.Rate, d.Rate}, {"load", s.Load, d.Load}, {"via", s.Via, d.Via}, {"clients", s.Clients, d.Clients}, {"data", s.Data, d.Data},
		{"loss", s.Loss, d.Loss}, {"transport", s.Transport, d.Transport}, {"ip", s.IP, d.IP}, {"socket", s.Socket, d.Socket},
		{"gso", s.GSO, d.GSO}, {"gro", s.GRO, d.GRO}, {"wait", s.Wait, d.Wait}, {"compress", s.Compress, d.Compress},
		{"check", s.Check, d.Check}, {"mtu", s.MTU, d.MTU}, {"buffer", s.ReceiveBuffer, d.ReceiveBuffer}, {"cpus", s.CPUs, d.CPUs}, {"busypoll", s.BusyPoll, d.BusyPoll}, {"place", place, "loopback"},
	} {
		if p.v != p.d {
			path += fmt.Sprintf("/%s=%v", p.name, p.v)
		}
	}
	return path
}
