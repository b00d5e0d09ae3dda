package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"stampede/internal/sim/flood"
)

func TestThroughputIsComputed(t *testing.T) {
	o := run(t, "sim", "--throughput", "--hosts", "1,4", "--senders", "3,all", "--size", "1350", "--link", "25G", "--json")
	var got struct {
		Costs flood.Costs
		Runs  []flood.Result
	}
	if err := json.Unmarshal([]byte(o.stdout), &got); err != nil || o.status != 0 {
		t.Fatalf("%v: %+v", err, o)
	}
	var list []int
	for _, r := range got.Runs {
		list = append(list, r.Hosts*10+r.Senders)
		if r.Delivered <= 0 || r.Link != 25e9 {
			t.Errorf("%+v", r)
		}
	}
	if len(list) != 3 || list[0] != 43 || list[1] != 11 || list[2] != 44 { // one host has all of its senders
		t.Errorf("hosts and senders: %v", list)
	}
}

func TestThroughputWithCostsOfAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "costs.json")
	text, err := json.Marshal(flood.Recorded())
	if err != nil {
		t.Fatal(err)
	}
	text = []byte(strings.Replace(string(text), `"machine":"`, `"machine":"another, `, 1))
	if err := os.WriteFile(path, text, 0o666); err != nil {
		t.Fatal(err)
	}
	o := run(t, "sim", "--throughput", "--hosts=2", "--senders=all", "--size=8000", "--shared-cores=2", "--costs="+path)
	if o.status != 0 || !strings.Contains(o.stdout, ", another, ") || strings.Count(o.stdout, "\n") != 3 {
		t.Errorf("%+v", o)
	}
	if o := run(t, "sim", "--throughput", "--costs="+path+"x"); o.status != 1 || !strings.Contains(o.stderr, "no such file") {
		t.Errorf("%+v", o)
	}
}

func TestThroughputRefuses(t *testing.T) {
	for args, want := range map[string]string{
		"--size=64":                                "--size is for --throughput",
		"--calibrate":                              "--calibrate is for --throughput",
		"--hosts=3,4":                              "one number of --hosts",
		"--throughput --seeds=3":                   "worlds full of faults",
		"--throughput x.sim":                       "takes no scenarios",
		"--throughput --calibrate --hosts=3":       "--hosts with --calibrate",
		"--throughput --link=10G --shared-cores=2": "a lab's bridge has no rate",
		"--throughput --link=fast":                 "neither a rate",
		"--throughput --link=0":                    "neither a rate",
		"--throughput --link=1":                    "not within 1 Mbit/s",
		"--throughput --senders=some":              "neither a number",
		"--throughput --senders=0":                 "neither a number",
		"--throughput --hosts=2 --senders=3":       "senders 3 of 2 hosts",
		"--throughput --hosts=0":                   "hosts 0",
		"--throughput --hosts=300":                 "hosts 300",
		"--throughput --shared-cores=-1":           "no count",
		"--throughput --mtu=100":                   "mtu 100",
	} {
		o := run(t, append([]string{"sim"}, strings.Fields(args)...)...)
		if o.status != 1 || !strings.Contains(o.stderr, want) || o.stdout != "" {
			t.Errorf("%s: want %q: %+v", args, want, o)
		}
	}
}
