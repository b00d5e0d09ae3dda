package host

import (
	"encoding/json"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"stampede/sock"
)

// scene is a machine, what a socket on it came to, and what is needed.
type scene struct {
	machine *Machine
	socket  *Socket
	need    *Need
}

// good is a machine of which nothing could be better.
func good() scene {
	on := map[string]Feature{}
	for _, name := range []string{"tx-udp-segmentation", "tx-checksum-ip-generic", "tx-scatter-gather", "rx-gro"} {
		on[name] = Feature{Active: true}
	}
	return scene{
		&Machine{
			Kernel: Kernel{ReceiveMax: 8 << 20, SendMax: 8 << 20, Budget: 300, BudgetUs: 8000, Backlog: 1000,
				BusyPoll: 50, BusyRead: 50, Softirqs: 1e6, Squeezes: 3},
			Cores:  Cores{Usable: 8, GOMAXPROCS: 8, Clock: "tsc", Governor: []string{"performance"}},
			Memory: Memory{HugePages: "always", Locked: "65536"},
			Card: Card{Name: "eth0", MTU: 9000, Mbps: 25_000, Physical: true, Queues: 8,
				Bridge: "br0", Snooping: true, Querier: true, Features: on},
		},
		&Socket{Facts: sock.Facts{
			Kernel: "6.18", Interface: "eth0", Multicast: true, Group: netip.MustParseAddrPort("239.192.7.1:5500"), TTL: 1, DatagramBytes: 1472, MaxSegments: 44, ReceiveBufferBytes: 16 << 20, SendBufferBytes: 8 << 20,
			Charge: sock.Charge{Small: 832, Datagram: 2304, Train: 71_000, TrainBytes: 64_768, Measured: true},
			GSO:    sock.State{Mode: sock.ModeOn}, GRO: sock.State{Mode: sock.ModeOn},
			NIC: sock.NIC{RxRing: 1024, RxRingMax: 4096, RxDelay: 8 * time.Microsecond},
		}},
		&Need{WindowBytes: 768 << 10, Detect: 300 * time.Millisecond, Wait: sock.Adaptive, Multicast: true},
	}
}

func find(all []Finding, topic string) *Finding {
	for i := range all {
		if all[i].Topic == topic {
			return &all[i]
		}
	}
	return nil
}

func TestGoodMachineIsGood(t *testing.T) {
	s := good()
	all := Judge(s.machine, s.socket, s.need)
	topics := map[string]bool{}
	for _, f := range all {
		if f.Grade != Good || f.Found == "" || f.Change != nil || f.Brings != "" {
			t.Errorf("%+v", f)
		}
		if topics[f.Topic] {
			t.Errorf("%s: twice", f.Topic)
		}
		topics[f.Topic] = true
	}
}

func TestFindings(t *testing.T) {
	for name, c := range map[string]struct {
		spoil  func(s scene)
		topic  string
		grade  Grade
		change string // is part of it
	}{
		"a group":   {func(scene) {}, "multicast", Good, ""},
		"no socket": {func(s scene) { *s.socket = Socket{Err: errors.New("no such group")} }, "socket", Bad, "setting"},
		"buffer of a default kernel": {func(s scene) { s.socket.Facts.ReceiveBufferBytes = 425_984 },
			"receive-buffer", Better, "sysctl -w net.core.rmem_max=8388608"},
		"large window":       {func(s scene) { s.need.WindowBytes = 64 << 20 }, "receive-buffer", Better, "sysctl -w net.core.rmem_max=52519680"},
		"buffer for nothing": {func(s scene) { s.socket.Facts.ReceiveBufferBytes = 2304 }, "receive-buffer", Bad, "rmem_max"},
		"small send buffer":  {func(s scene) { s.socket.Facts.SendBufferBytes = 100_000 }, "send-buffer", Better, "wmem_max"},
		"gso given up": {func(s scene) { s.socket.Facts.GSO = sock.State{Mode: sock.ModeFallback, Cause: "EIO"} },
			"gso", Better, "kernel"},
		"gro switched off": {func(s scene) { s.socket.Facts.GRO = sock.State{} }, "gro", Better, `gro = "auto"`},
		"runts":            {func(s scene) { s.socket.Facts.Runt = true }, "gso-runt", Better, "7.1.5"},
		"filter given up": {func(s scene) {
			s.socket.Degradations = []sock.Degradation{{What: "filter", Cause: errors.New("EPERM")}}
		}, "filter", Better, ""},
		"backlog drops":    {func(s scene) { s.machine.Kernel.BacklogDrops = 1 }, "backlog", Better, "sysctl -w net.core.netdev_max_backlog=4000"},
		"squeezed":         {func(s scene) { s.machine.Kernel.Squeezes = 50_000 }, "budget", Better, "sysctl -w net.core.netdev_budget=600"},
		"no busy poll":     {func(s scene) { s.machine.Kernel.BusyPoll = 0 }, "busy-poll", Better, "sysctl -w net.core.busy_poll=50"},
		"no card to poll":  {func(s scene) { s.machine.Card.Physical, s.machine.Kernel.BusyPoll = false, 0 }, "busy-poll", Good, ""},
		"small packets":    {func(s scene) { s.machine.Card.MTU = 1400 }, "mtu", Better, "mtu 1500"},
		"no jumbo frames":  {func(s scene) { s.machine.Card.MTU = 1500 }, "mtu", Better, "mtu 9000"},
		"slow card":        {func(s scene) { s.machine.Card.MTU, s.machine.Card.Mbps = 1500, 1000 }, "mtu", Good, ""},
		"small ring":       {func(s scene) { s.socket.Facts.NIC.RxRing = 256 }, "ring", Better, "ethtool -G eth0 rx 4096"},
		"ring at its most": {func(s scene) { s.socket.Facts.NIC = sock.NIC{RxRing: 256, RxRingMax: 256} }, "ring", Good, ""},
		"silent driver":    {func(s scene) { s.socket.Facts.NIC = sock.NIC{} }, "ring", Unknown, ""},
		"late interrupts":  {func(s scene) { s.socket.Facts.NIC.RxDelay = 100 * time.Microsecond }, "coalescing", Better, "rx-usecs 10"},
		"card cannot cut":  {func(s scene) { s.machine.Card.Features["tx-udp-segmentation"] = Feature{Fixed: true} }, "offload-segmentation", Better, "card"},
		"card may gather":  {func(s scene) { s.machine.Card.Features["rx-gro"] = Feature{} }, "offload-gro", Better, "ethtool -K eth0 gro on"},
		"old way of sums": {func(s scene) {
			s.machine.Card.Features["tx-checksum-ip-generic"] = Feature{Fixed: true}
			s.machine.Card.Features["tx-checksum-ipv4"] = Feature{Active: true}
		}, "offload-checksum", Good, ""},
		"nobody asks":       {func(s scene) { s.machine.Card.Querier = false }, "snooping", Better, "ip link set dev br0 type bridge mcast_querier 1"},
		"no bridge":         {func(s scene) { s.machine.Card.Bridge = "" }, "snooping", Unknown, ""},
		"strict way back":   {func(s scene) { s.machine.Card.ReverseFilter = 1 }, "reverse-path", Better, "rp_filter=2"},
		"one core":          {func(s scene) { s.machine.Cores.Usable = 1 }, "cores", Better, "two cores"},
		"narrow quota":      {func(s scene) { quota(s, 1.5, 100*time.Millisecond) }, "quota", Better, "limits.cpu"},
		"deadly quota":      {func(s scene) { quota(s, 0.1, time.Second) }, "quota", Bad, "limits.cpu"},
		"quota of all":      {func(s scene) { quota(s, 8, 100*time.Millisecond) }, "quota", Good, ""},
		"takes turns":       {func(s scene) { s.machine.Cores.GOMAXPROCS = 1 }, "gomaxprocs", Better, "GOMAXPROCS"},
		"more than cores":   {func(s scene) { s.machine.Cores.GOMAXPROCS = 64 }, "gomaxprocs", Better, "GOMAXPROCS"},
		"no cores to spin":  {func(s scene) { s.machine.Cores.Usable = 2 }, "spinning", Better, "3 cores"},
		"no quota to spin":  {func(s scene) { quota(s, 2, 100*time.Millisecond) }, "spinning", Better, "3 cores"},
		"spins for nothing": {func(s scene) { s.machine.Cores.Usable, s.need.Wait = 2, sock.Spin }, "spinning", Better, `wait = "block"`},
		"blocks":            {func(s scene) { s.need.Wait = sock.Block }, "spinning", Better, `wait = "auto"`},
		"slow clock": {func(s scene) { s.machine.Cores.Clock, s.machine.Cores.Clocks = "hpet", []string{"hpet", "tsc"} },
			"clock", Better, "echo tsc > "},
		"no other clock":  {func(s scene) { s.machine.Cores.Clock = "xen" }, "clock", Better, "tsc"},
		"saving":          {func(s scene) { s.machine.Cores.Governor = []string{"performance", "powersave"} }, "governor", Better, "cpupower"},
		"small pages":     {func(s scene) { s.machine.Memory.HugePages = "never" }, "huge-pages", Better, "transparent_hugepage"},
		"loopback's card": {func(s scene) { s.socket.Facts.Loopback, s.machine.Card.Physical = true, false }, "busy-poll", Good, ""},
	} {
		s := good()
		c.spoil(s)
		f := find(Judge(s.machine, s.socket, s.need), c.topic)
		if f == nil {
			t.Errorf("%s: nothing about %s", name, c.topic)
			continue
		}
		if f.Grade != c.grade || !strings.Contains(strings.Join(f.Change, "\n"), c.change) {
			t.Errorf("%s: %+v, want %v with %q", name, f, c.grade, c.change)
		}
		if c.change != "" && f.Brings == "" {
			t.Errorf("%s: does not say what the change brings", name)
		}
	}
}

func quota(s scene, cores float64, period time.Duration) {
	c := &s.machine.Cores
	c.Quota, c.Period, c.QuotaFile = cores, period, "/sys/fs/cgroup/cpu.max"
}

func TestLoopbackHasNoCardToJudge(t *testing.T) {
	s := good()
	s.socket.Facts.Loopback = true
	all := Judge(s.machine, s.socket, s.need)
	for _, topic := range []string{"mtu", "ring", "coalescing", "offload-gro", "snooping"} {
		if f := find(all, topic); f != nil {
			t.Errorf("%+v", f)
		}
	}
}

func TestFindingGoesThroughJSON(t *testing.T) {
	want := Finding{Topic: "mtu", Grade: Better, Found: "<1500>", Change: []string{"a"}, Brings: "b"}
	text, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var got Finding
	if err := json.Unmarshal(text, &got); err != nil || got.Topic != want.Topic || got.Grade != want.Grade || len(got.Change) != 1 {
		t.Errorf("%s: %+v, %v", text, got, err)
	}
	if err := json.Unmarshal([]byte(`{"grade":"splendid"}`), &got); err == nil {
		t.Error("a grade that is none was taken")
	}
}
