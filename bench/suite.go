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
	"size":      whole(func(s *Scenario) *int { return &s.Size }),
	"ip":        whole(func(s *Scenario) *int { return &s.IP }),
	"rate":      real(func(s *Scenario) *float64 { return &s.Rate }),
	"load":      real(func(s *Scenario) *float64 { return &s.Load }),
	"loss":      real(func(s *Scenario) *float64 { return &s.Loss }),
	"engine":    text(func(s *Scenario) *string { return &s.Engine }),
	"guarantee": text(func(s *Scenario) *string { return &s.Guarantee }),
	"via":       text(func(s *Scenario) *string { return &s.Via }),
	"transport": text(func(s *Scenario) *string { return &s.Transport }),
	"socket":    text(func(s *Scenario) *string { return &s.Socket }),
	"gso":       text(func(s *Scenario) *string { return &s.GSO }),
	"gro":       text(func(s *Scenario) *string { return &s.GRO }),
	"compress":  text(func(s *Scenario) *string { return &s.Compress }),
	"check":     text(func(s *Scenario) *string { return &s.Check }),
	"data":      text(func(s *Scenario) *string { return &s.Data }),
	"kill":      text(func(s *Scenario) *string { return &s.Kill }),
}

func whole(field func(*Scenario) *int) func(*Scenario, string) error {
	return func(s *Scenario, v string) (err error) { *field(s), err = strconv.Atoi(v); return err }
}

func real(field func(*Scenario) *float64) func(*Scenario, string) error {
	return func(s *Scenario, v string) (err error) { *field(s), err = strconv.ParseFloat(v, 64); return err }
}

func text(field func(*Scenario) *string) func(*Scenario, string) error {
	return func(s *Scenario, v string) error { *field(s) = v; return nil }
}

// axis is one word of a line.
type axis struct {
	flag   string
	values []string
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

// expand is the runs of a line, with what is left open as in base. Smoke is two
// of them or few more: the first and the last value of the last word, and the
// last of the others. Engines stand for those that the line does not name.
func expand(line string, base Scenario, engines []string, smoke bool) ([]Scenario, error) {
	axes, err := parseLine(line, base.Hosts)
	if err != nil {
		return nil, err
	}
	named := false
	type run struct {
		Scenario
		detail string
	}
	all := []run{{Scenario: base}}
	combine := func(a axis, values []string) error {
		var next []run
		for _, r := range all {
			for _, v := range values {
				one := r
				if err := settings[a.flag](&one.Scenario, v); err != nil {
					return fmt.Errorf("bench: %s: %w", a.flag, err)
				}
				if !slices.Contains(shown, a.flag) && (len(a.values) > 1 || one.Scenario != r.Scenario) {
					one.detail += " " + a.flag + "=" + v
				}
				next = append(next, one)
			}
		}
		all = next
		return nil
	}
	for i, a := range axes {
		named = named || a.flag == "engine"
		values := a.values
		if n := len(values); smoke && i == len(axes)-1 {
			values = slices.Compact([]string{values[0], values[n-1]})
		} else if smoke {
			values = values[n-1:]
		}
		if err := combine(a, values); err != nil {
			return nil, err
		}
	}
	if !named {
		if err := combine(axis{"engine", engines}, engines); err != nil {
			return nil, err
		}
	}
	var runs []Scenario
	for _, r := range all {
		s := r.Scenario.sendersOf().had().Named()
		s.Name += r.detail
		runs = append(runs, s)
	}
	return runs, nil
}
