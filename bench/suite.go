package bench

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Suite is a list of runs that is known by name.
type Suite struct {
	Name, About string
	// Lines are its runs: all combinations of the values of a line, of which
	// the last word's vary fastest. A word is a flag's name and values; 1..hosts
	// is from 1 to as many as --hosts says, and hosts that many.
	Lines []string
}

// Suites are all there are; AllSuites stands for them but for the first, which
// is what is run when nothing in particular is asked for.
var Suites = []Suite{
	{"quick", "a first look: floods of four sizes, latency at two rates", []string{
		"size=64,1350,8000,60000",
		"size=64 rate=100,1000",
		"size=64 rate=1000 via=serve",
	}},
	{"flood", "throughput by size, guarantee and number of senders", []string{
		"size=64,1350,8000,60000 guarantee=agreed,safe,fifo,unordered senders=1..hosts",
	}},
	{"hosts", "throughput and latency by number of hosts", []string{
		"size=64,1350 hosts=1..8",
		"size=64 rate=1000 hosts=1..8 engine=stampede,roundtrip",
	}},
	{"latency", "open loop, at fixed rates and at shares of the saturation, beside the raw round trip", []string{
		"size=64 rate=100,1000,10000 hosts=2,hosts engine=roundtrip",
		"size=64 rate=100,1000,10000 guarantee=agreed,safe via=receive,serve",
		"size=64 guarantee=agreed,safe via=receive,serve load=0,10,50,80",
	}},
	{"loss", "throughput while every host loses a share of what arrives", []string{
		"size=64,1350 loss=0,1,5",
	}},
	{"failover", "kill -9 of the sequencer under load: the longest gap in the deliveries of the survivors", []string{
		"size=64 rate=1000 kill=sequencer",
		"size=1350 kill=sequencer",
	}},
	{"matrix", "ways through the network, with and without CRC", []string{
		"size=1350 transport=multicast,unicast ip=4,6 gso=auto,off gro=auto,off check=on,off",
		"size=1350 socket=portable transport=multicast,unicast ip=4,6 check=on,off",
	}},
	{"daemon", "through a daemon, with 1, 4 and 16 clients a host, in Go and in C, beside the processor alone", []string{
		"size=64,1350,8000,60000 via=serve",
		"size=64,1350,8000,60000 clients=1,4 via=daemon,libevs",
		"size=64,1350,8000,60000 via=daemon clients=16",
		"size=64,1350 clients=1 via=libevs-each",
		"size=64 rate=100,1000 via=receive",
		"size=64 rate=100,1000 clients=1,4 via=daemon,libevs",
		"size=64 rate=100,1000 via=daemon clients=16",
	}},
	{"compress", "codecs on data that can be compressed", []string{
		"data=text size=64,1350,8000 compress=off,s2,zstd",
	}},
	{"peers", "beside the bare sockets and Corosync", []string{
		"size=64,1350,8000,60000 engine=stampede,raw,corosync-udp,corosync-knet",
		"size=1350,8000,60000 check=off engine=stampede,raw",
		"size=64 rate=100,1000 engine=stampede,roundtrip,corosync-udp,corosync-knet",
	}},
}

// AllSuites names all suites but the quick one.
const AllSuites = "all"

// settings are the flags that a line may name.
var settings = map[string]func(*Scenario, string) error{
	"hosts":     whole(func(s *Scenario) *int { return &s.Hosts }),
	"senders":   whole(func(s *Scenario) *int { return &s.Senders }),
	"clients":   whole(func(s *Scenario) *int { return &s.Clients }),
	"size":      whole(func(s *Scenario) *int { return &s.Size }),
	"ip":        whole(func(s *Scenario) *int { return &s.IP }),
	"rate":      number(func(s *Scenario) *float64 { return &s.Rate }),
	"load":      number(func(s *Scenario) *float64 { return &s.Load }),
	"loss":      number(func(s *Scenario) *float64 { return &s.Loss }),
	"engine":    text(func(s *Scenario) *string { return &s.Engine }),
	"guarantee": text(func(s *Scenario) *string { return &s.Guarantee }),
	"via":       text(func(s *Scenario) *string { return &s.Via }),
	"transport": text(func(s *Scenario) *string { return &s.Transport }),
	"socket":    text(func(s *Scenario) *string { return &s.Socket }),
	"gso":       text(func(s *Scenario) *string { return &s.GSO }),
	"gro":       text(func(s *Scenario) *string { return &s.GRO }),
	"compress":  text(func(s *Scenario) *string { return &s.Compress }),
	"check":     text(func(s *Scenario) *string { return &s.Check }),
	"cpus":      text(func(s *Scenario) *string { return &s.CPUs }),
	"data":      text(func(s *Scenario) *string { return &s.Data }),
	"kill":      text(func(s *Scenario) *string { return &s.Kill }),
}

func whole(field func(*Scenario) *int) func(*Scenario, string) error {
	return func(s *Scenario, v string) (err error) { *field(s), err = strconv.Atoi(v); return err }
}

func number(field func(*Scenario) *float64) func(*Scenario, string) error {
	return func(s *Scenario, v string) (err error) { *field(s), err = strconv.ParseFloat(v, 64); return err }
}

func text(field func(*Scenario) *string) func(*Scenario, string) error {
	return func(s *Scenario, v string) error { *field(s) = v; return nil }
}

// axis is one word of a line.
type axis struct {
	flag   string
	values []string
	varies bool // there are several, also where fewer are to be run
}

// parseLine reads a line for as many hosts as asked for.
func parseLine(line string, hosts int) (axes []axis, err error) {
	for _, word := range strings.Fields(line) {
		flag, list, ok := strings.Cut(word, "=")
		if _, known := settings[flag]; !ok || !known {
			return nil, fmt.Errorf("bench: %q sets nothing", word)
		}
		a := axis{flag: flag}
		for _, v := range strings.Split(strings.ReplaceAll(list, "hosts", strconv.Itoa(hosts)), ",") {
			from, to, ok := strings.Cut(v, "..")
			if !ok {
				a.values = append(a.values, v)
				continue
			}
			least, fromErr := strconv.Atoi(from)
			most, toErr := strconv.Atoi(to)
			if fromErr != nil || toErr != nil {
				return nil, fmt.Errorf("bench: %q is no range", v)
			}
			for n := least; n <= most; n++ {
				a.values = append(a.values, strconv.Itoa(n))
			}
		}
		a.varies = len(a.values) > 1
		axes = append(axes, a)
	}
	return axes, nil
}

// sets lists the flags that a suite sets, and that cannot be given beside it.
// A number of hosts that depends on --hosts is not one of them.
func (s *Suite) sets() (flags []string) {
	for _, line := range s.Lines {
		for _, word := range strings.Fields(line) {
			flag, list, _ := strings.Cut(word, "=")
			if flag == "hosts" && strings.Contains(list, "hosts") || slices.Contains(flags, flag) {
				continue
			}
			flags = append(flags, flag)
		}
	}
	return flags
}

// shown are the flags whose values a row tells anyway.
var shown = []string{"size", "guarantee", "engine", "rate", "load", "via", "kill"}

// draft is a run in the making.
type draft struct {
	Scenario
	detail string // of its name
}

// times is all drafts with all values.
func (a *axis) times(drafts []draft) (all []draft, err error) {
	for _, d := range drafts {
		for _, v := range a.values {
			one := d
			if err := settings[a.flag](&one.Scenario, v); err != nil {
				return nil, fmt.Errorf("bench: %s: %w", a.flag, err)
			}
			if !slices.Contains(shown, a.flag) && (a.varies || one.Scenario != d.Scenario) {
				one.detail += " " + a.flag + "=" + v
			}
			all = append(all, one)
		}
	}
	return all, nil
}

// fewer leaves of the last axis the first and the last value, of the others
// the last.
func fewer(axes []axis) {
	for i := range axes {
		a := &axes[i]
		last := a.values[len(a.values)-1:]
		if i == len(axes)-1 && a.varies {
			last = []string{a.values[0], last[0]}
		}
		a.values = last
	}
}

// expand is the runs of a line, with what it leaves open as in base. Engines
// stand for those that it does not name. Smoke is few of the runs.
func expand(line string, base Scenario, engines []string, smoke bool) (runs []Scenario, err error) {
	axes, err := parseLine(line, base.Hosts)
	if err != nil {
		return nil, err
	}
	if smoke {
		fewer(axes)
	}
	if !slices.ContainsFunc(axes, func(a axis) bool { return a.flag == "engine" }) {
		axes = append(axes, axis{flag: "engine", values: engines})
	}
	drafts := []draft{{Scenario: base}}
	for _, a := range axes {
		if drafts, err = a.times(drafts); err != nil {
			return nil, err
		}
	}
	for _, d := range drafts {
		s := d.sendersOf().had()
		s = s.Named()
		s.Name += d.detail
		runs = append(runs, s)
	}
	return runs, nil
}
