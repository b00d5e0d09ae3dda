package bench

import (
	"math"
	"strings"
	"testing"
	"time"
)

func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		change func(*Scenario)
		reason string // part of the error; empty = accepted
	}{
		{func(s *Scenario) {}, ""},
		{func(s *Scenario) { s.Hosts = 0 }, "hosts 0"},
		{func(s *Scenario) { s.Hosts = MaxHosts + 1 }, "hosts 65"},
		{func(s *Scenario) { s.Hosts, s.Senders = MaxHosts, 1 }, ""},
		{func(s *Scenario) { s.Senders = 0 }, "senders 0"},
		{func(s *Scenario) { s.Senders = 4 }, "senders 4 is not within 1 to hosts, 3"},
		{func(s *Scenario) { s.Size = -1 }, "size -1"},
		{func(s *Scenario) { s.Size = 0 }, ""},
		{func(s *Scenario) { s.Size = 64 << 20 }, ""},
		{func(s *Scenario) { s.Size = 64<<20 + 1 }, "size 67108865"},
		{func(s *Scenario) { s.Guarantee = "atomic" }, `guarantee "atomic" is none of agreed|unordered|fifo|safe`},
		{func(s *Scenario) { s.Guarantee = "" }, "guarantee"},
		{func(s *Scenario) { s.Via = "poll" }, "via"},
		{func(s *Scenario) { s.Duration = 0 }, "duration 0s"},
		{func(s *Scenario) { s.Duration = -time.Second }, "duration -1s"},
		{func(s *Scenario) { s.Warmup = 0 }, ""},
		{func(s *Scenario) { s.Warmup = -1 }, "warmup"},
		{func(s *Scenario) { s.Rate = -1 }, "rate -1"},
		{func(s *Scenario) { s.Rate = math.NaN() }, "rate NaN"},
		{func(s *Scenario) { s.Rate = math.Inf(1) }, "rate +Inf"},
		{func(s *Scenario) { s.Rate = MaxRate + 1 }, "rate"},
		{func(s *Scenario) { s.Rate = 0.1 }, "no message within a duration of 3s"},
		{func(s *Scenario) { s.Rate, s.Size = 10, 15 }, "size 15 is too small for a rate"},
		{func(s *Scenario) { s.Rate, s.Size = 10, 16 }, ""},
		{func(s *Scenario) { s.Transport = "tcp" }, "transport"},
		{func(s *Scenario) { s.IP = 5 }, "ip 5"},
		{func(s *Scenario) { s.IP = 6 }, ""},
		{func(s *Scenario) { s.IP, s.Transport = 6, "unicast" }, ""},
		{func(s *Scenario) { s.IP, s.Transport = 6, "multicast" }, "the loopback interface carries no IPv6 multicast"},
		{func(s *Scenario) { s.IP, s.Transport, s.Lab = 6, "multicast", true }, ""},
		{func(s *Scenario) { s.Socket = "raw" }, "socket"},
		{func(s *Scenario) { s.GSO = "on" }, "gso"},
		{func(s *Scenario) { s.GRO = "on" }, "gro"},
		{func(s *Scenario) { s.Wait = "poll" }, "wait"},
		{func(s *Scenario) { s.Compress = "lz4" }, "compress"},
		{func(s *Scenario) { s.MTU = 575 }, "mtu 575"},
		{func(s *Scenario) { s.CPUs = "0,1" }, ""},
		{func(s *Scenario) { s.CPUs = "0,,1" }, "no processor's number"},
		{func(s *Scenario) { s.CPUs = "-1" }, "no processor's number"},
		{func(s *Scenario) { s.CPUs, s.Engine = "0", "raw" }, "cpus 0 with"},
		{func(s *Scenario) { s.BusyPoll = time.Microsecond }, "without lab"},
		{func(s *Scenario) { s.BusyPoll, s.Lab = time.Nanosecond, true }, "busy-poll 1ns"},
		{func(s *Scenario) { s.BusyPoll, s.Lab, s.Engine = time.Microsecond, true, "raw" }, "busy-poll 1µs with"},
		{func(s *Scenario) { s.BusyPoll, s.Lab = 50*time.Microsecond, true }, ""},
		{func(s *Scenario) { s.MTU = 576 }, ""},
		{func(s *Scenario) { s.MTU, s.IP = 1279, 6 }, "mtu 1279"},
		{func(s *Scenario) { s.MTU = MaxMTU + 1 }, "mtu"},
		{func(s *Scenario) { s.MTU = 9000 }, ""},
		{func(s *Scenario) { s.MTU, s.Lab = 1501, true }, "more than the lab's"},
		{func(s *Scenario) { s.ReceiveBuffer = -1 }, "receive-buffer -1"},
		{func(s *Scenario) { s.ReceiveBuffer = 4096 }, ""},
		{func(s *Scenario) { s.Loss = -1 }, "loss -1"},
		{func(s *Scenario) { s.Loss = 100 }, "loss 100"},
		{func(s *Scenario) { s.Loss = math.NaN() }, "loss NaN"},
		{func(s *Scenario) { s.Loss = 99.9 }, ""},
		{func(s *Scenario) { s.Engine = "spread" }, `engine "spread" is none of stampede|raw|roundtrip|corosync-udp|corosync-knet`},
		{func(s *Scenario) { s.Engine = "roundtrip" }, ""},
		{func(s *Scenario) { s.Engine, s.Rate = "roundtrip", 10 }, ""},
		{func(s *Scenario) { s.Engine, s.Hosts, s.Senders = "roundtrip", 1, 1 }, "hosts 1 with engine roundtrip"},
		{func(s *Scenario) { s.Engine, s.Size = "roundtrip", 15 }, "size 15 with engine roundtrip"},
		{func(s *Scenario) { s.Engine, s.Loss = "roundtrip", 1 }, "loss 1 with engine roundtrip"},
		{func(s *Scenario) { s.Data = "music" }, "data"},
		{func(s *Scenario) { s.Engine, s.Lab, s.Data = "corosync-udp", true, "text" }, ""},
		{func(s *Scenario) { s.Load = 101 }, "load 101"},
		{func(s *Scenario) { s.Load = math.NaN() }, "load NaN"},
		{func(s *Scenario) { s.Load, s.Engine = 50, "raw" }, "load 50 with engine raw"},
		{func(s *Scenario) { s.Kill = "all" }, "kill"},
		{func(s *Scenario) { s.Kill = "sequencer" }, ""},
		{func(s *Scenario) { s.Kill, s.Senders = "sequencer", 2 }, ""},
		{func(s *Scenario) { s.Kill, s.Hosts, s.Senders = "sequencer", 2, 2 }, "with 2 hosts: it takes three"},
		{func(s *Scenario) { s.Kill, s.Senders = "sequencer", 1 }, "it is the one that dies"},
		{func(s *Scenario) { s.Kill, s.Duration = "sequencer", 999*time.Millisecond }, "it takes 1s to see what follows"},
		{func(s *Scenario) { s.Kill, s.Engine = "sequencer", "raw" }, "kill sequencer with engine raw"},
		{func(s *Scenario) { s.Kill, s.Via = "sequencer", "daemon" }, "kill sequencer with via daemon"},
		{func(s *Scenario) { s.Kill, s.Via = "sequencer", "libevs" }, "kill sequencer with via libevs"},
		{func(s *Scenario) { s.Clients = 2 }, "clients 2 with via auto"},
		{func(s *Scenario) { s.Clients, s.Via = 2, "daemon" }, ""},
		{func(s *Scenario) { s.Clients, s.Via = 2, "libevs" }, ""},
		{func(s *Scenario) { s.Clients, s.Via = MaxClients, "libevs-each" }, ""},
		{func(s *Scenario) { s.Clients, s.Via = MaxClients+1, "libevs" }, "clients 1001"},
		{func(s *Scenario) { s.Check = "maybe" }, "check"},
		{func(s *Scenario) { s.Check = "off" }, ""},
		{func(s *Scenario) { s.Engine = "raw" }, ""},
		{func(s *Scenario) { s.Engine, s.Guarantee = "raw", "safe" }, ""},
		{func(s *Scenario) { s.Engine, s.Loss = "raw", 1 }, "loss 1 with engine raw"},
		{func(s *Scenario) { s.Engine, s.Compress = "raw", "s2" }, "compress s2 with engine raw"},
		{func(s *Scenario) { s.Engine = "corosync-udp" }, "engine corosync-udp needs lab"},
		{func(s *Scenario) { s.Engine, s.Lab = "corosync-knet", true }, ""},
		{func(s *Scenario) { s.Engine, s.Lab, s.Guarantee = "corosync-knet", true, "safe" }, "guarantee safe with engine corosync-knet: agreed is all"},
		{func(s *Scenario) { s.Engine, s.Lab, s.Size = "corosync-udp", true, 1_000_001 }, "size 1000001 with engine corosync-udp"},
		{func(s *Scenario) { s.Engine, s.Lab, s.Transport = "corosync-udp", true, "unicast" }, "transport unicast with"},
		{func(s *Scenario) { s.Engine, s.Lab, s.IP = "corosync-udp", true, 6 }, "ip 6 with"},
		{func(s *Scenario) { s.Engine, s.Lab, s.MTU = "corosync-udp", true, 1000 }, "mtu 1000 with"},
		{func(s *Scenario) { s.Engine, s.Lab, s.ReceiveBuffer = "corosync-udp", true, 4096 }, "receive-buffer 4096 with"},
		{func(s *Scenario) { s.Engine, s.Lab, s.Loss = "corosync-udp", true, 1 }, "loss 1 with engine corosync-udp"},
	} {
		s := Default()
		c.change(&s)
		err := s.Validate()
		switch {
		case c.reason == "" && err != nil:
			t.Errorf("refused: %v", err)
		case c.reason != "" && (err == nil || !strings.Contains(err.Error(), c.reason)):
			t.Errorf("%v, want %q", err, c.reason)
		}
	}
}

func TestRunRefusesBeforeItStarts(t *testing.T) {
	bad := Default()
	bad.Hosts = 0
	results, err := Run(t.Context(), Options{Plan: &Plan{Runs: []Scenario{Default(), bad}}, Host: []string{"no-such-program"}})
	if err == nil || results != nil {
		t.Errorf("%d results, %v", len(results), err)
	}
}

func TestTransportOfAuto(t *testing.T) {
	for _, c := range []struct {
		ip   int
		lab  bool
		want transport
	}{{4, false, multicast}, {6, false, unicast}, {4, true, multicast}, {6, true, multicast}} {
		s := Default()
		s.IP, s.Lab = c.ip, c.lab
		if got := s.transport(); got != c.want {
			t.Errorf("IPv%d, lab %v: %v", c.ip, c.lab, got)
		}
	}
}

func TestViaOfAuto(t *testing.T) {
	for _, c := range []struct {
		via  string
		rate float64
		want Via
	}{{"auto", 0, viaServe}, {"auto", 10, viaReceive}, {"receive", 0, viaReceive}, {"serve", 10, viaServe}} {
		s := Default()
		s.Via, s.Rate = c.via, c.rate
		if got := s.via(); got != c.want {
			t.Errorf("%s at %g/s: %d", c.via, c.rate, got)
		}
	}
}
