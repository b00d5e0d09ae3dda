package reach

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"stampede/batch"
	"stampede/perf/host"
	"stampede/sock"
)

func TestAllHearAll(t *testing.T) {
	for _, multicast := range []bool{true, false} {
		w := newWorld(t, 4, multicast)
		w.runs[0].Expect = 3
		if w.runs[0].satisfied() {
			t.Error("satisfied with nothing")
		}
		w.rounds(12)
		if !w.runs[0].satisfied() {
			t.Errorf("multicast %v: not satisfied", multicast)
		}
		r := w.runs[0].result()
		if len(r.Hosts) != 4 || len(r.Links) != 12 || r.Hosts[3].Name != "h4" {
			t.Fatalf("%+v", r)
		}
		for _, l := range r.Links {
			for way, h := range l.Heard {
				if sent := multicast || Way(way) >= Unicast; (h.Received > 0) != sent || h.Received != h.Expected {
					t.Errorf("multicast %v: %d to %d, %v: %+v", multicast, l.From, l.To, Way(way), h)
				}
			}
			if l.Largest != 1472 || l.Whole == 0 {
				t.Errorf("%+v", l)
			}
		}
		if g := w.grades(); len(g[host.Good]) != 1 || len(g) != 1 {
			t.Errorf("%+v", g)
		}
	}
}

func TestWhatDoesNotArriveIsTold(t *testing.T) {
	lone := func(train *batch.Train) bool { return train.Count == 1 }
	for says, c := range map[string]struct {
		drop   func(from, to int, multicast bool, train *batch.Train) bool
		change string
		links  int
	}{
		"multicast of h2 (10.0.0.2:5500) does not reach h3 (10.0.0.3:5500), unicast does": {
			func(from, to int, multicast bool, _ *batch.Train) bool { return from == 1 && to == 2 && multicast }, "IGMP", 1},
		"nothing of h1 (10.0.0.1:5500) reaches h3 (10.0.0.3:5500)": {
			func(from, to int, _ bool, _ *batch.Train) bool { return from == 0 && to == 2 }, "firewalls", 1},
		"hosts that others hear and this one does not: 1": {
			func(from, to int, _ bool, _ *batch.Train) bool { return from == 2 && to == 0 }, "firewalls", 1},
		"datagrams of 1472 bytes of h1 (10.0.0.1:5500) do not reach h2 (10.0.0.2:5500); 1392 bytes do": {
			func(from, to int, _ bool, train *batch.Train) bool { return to == 1 && train.Segment > 1400 }, "mtu = 1420", 2},
		"trains of datagrams of h1 (10.0.0.1:5500) do not reach h2 (10.0.0.2:5500), lone ones do": {
			func(from, to int, _ bool, train *batch.Train) bool { return from == 0 && !lone(train) }, `gso = "off"`, 2},
	} {
		w := newWorld(t, 3, true)
		w.drop = c.drop
		w.rounds(24)
		bad := w.grades()[host.Bad]
		found := false
		for _, f := range bad {
			found = found || f.Found == says && strings.Contains(strings.Join(f.Change, ""), c.change)
		}
		// Who is not heard cannot answer either: its neighbours are judged too.
		if !found || len(bad) < c.links {
			t.Errorf("%s: found %+v", says, bad)
		}
	}
}

func TestLossesAreTold(t *testing.T) {
	w := newWorld(t, 2, true)
	n := 0
	w.drop = func(from, _ int, _ bool, _ *batch.Train) bool { n++; return from == 1 && n%10 == 0 }
	w.rounds(60)
	g := w.grades()
	if len(g[host.Bad]) > 0 || len(g[host.Better]) != 1 || !strings.Contains(g[host.Better][0].Found, "lost") {
		t.Errorf("%+v", g)
	}
}

func TestNobodyIsThere(t *testing.T) {
	w := newWorld(t, 1, true)
	w.rounds(3)
	r := w.runs[0].result()
	all := r.Judge(0)
	if len(all) != 1 || all[0].Grade != host.Bad || !strings.Contains(all[0].Found, "0 of 1") {
		t.Errorf("%+v", all)
	}
}

// Garbage, other clusters, liars about who they are and floods are counted, and
// take bounded memory and answers.
func TestHostileInput(t *testing.T) {
	w := newWorld(t, 2, true)
	w.rounds(2)
	r, far := w.runs[0], netip.MustParseAddrPort("192.0.2.9:9")
	arrive := func(b []byte) {
		t.Helper()
		if err := r.take(&batch.Arrival{Bytes: b, From: far}); err != nil {
			t.Fatal(err)
		}
	}
	before := r.counters
	arrive([]byte("GET / HTTP/1.1\r\n\r\n"))
	arrive([]byte{0})
	broken := (&message{kind: probe, sender: 5, cluster: 1}).encode(100)
	broken[60] = 1
	arrive(broken)
	arrive((&message{kind: 99, sender: 5, cluster: 1}).encode(0))
	arrive((&message{kind: probe, sender: 5, cluster: 2}).encode(0))
	arrive((&message{kind: probe, sender: r.id, cluster: 1}).encode(0))
	arrive((&message{kind: echo, sender: 5, cluster: 1, to: 77}).encode(0))
	arrive((&message{kind: probe, sender: w.runs[1].id, cluster: 1}).encode(0))
	c := r.counters
	for name, got := range map[string][2]uint64{
		"foreign": {c.Foreign - before.Foreign, 1}, "damaged": {c.Damaged - before.Damaged, 1}, "absurd": {c.Absurd - before.Absurd, 1},
		"clusters": {c.Clusters - before.Clusters, 1}, "own": {c.Own - before.Own, 1}, "misdirected": {c.Misdirected - before.Misdirected, 1},
		"moved": {c.Moved - before.Moved, 1},
	} {
		if got[0] != got[1] {
			t.Errorf("%s: %d, want %d", name, got[0], got[1])
		}
	}
	if c.Probes != before.Probes || len(r.order) != 1 {
		t.Errorf("%+v, %d hosts", c, len(r.order))
	}
	for i := range uint64(1000) {
		arrive((&message{kind: probe, sender: 1 << (20 + i%40), cluster: 1, number: uint32(i), name: "\x1b[2J\xff"}).encode(0))
		arrive((&message{kind: probe, sender: 1<<30 + i, cluster: 1}).encode(0))
		m := message{kind: report, sender: 1 << 20, cluster: 1}
		for k := range uint64(5) {
			m.entries = append(m.entries, entry{id: i<<8 + k})
		}
		arrive(m.encode(0))
	}
	if len(r.order) != MaxHosts || r.counters.Strangers == 0 || r.counters.Unanswered == 0 {
		t.Errorf("%d hosts, %+v", len(r.order), r.counters)
	}
	if n := len(r.hosts[1<<20].hears); n > MaxHosts+1 {
		t.Errorf("the reports of one host fill %d entries", n)
	}
	var out bytes.Buffer
	if err := r.result().Print(&out); err != nil || strings.ContainsRune(out.String(), '\x1b') {
		t.Errorf("%v: %q", err, out.String())
	}
}

func FuzzTake(f *testing.F) {
	for i := range uint64(4) {
		m := randomMessage(rand.New(rand.NewPCG(i, 0)))
		m.cluster = 1
		f.Add(m.encode(200), 0)
	}
	f.Fuzz(func(t *testing.T, b []byte, segment int) {
		w := newWorld(&testing.T{}, 1, true)
		if len(b) >= headerBytes { // what the check would have caught is not worth the time
			var m message
			if m.decode(b) == damaged {
				le.PutUint32(b[8:], checksum(b))
			}
		}
		if err := w.runs[0].take(&batch.Arrival{Bytes: b, Segment: max(segment, 0), From: netip.MustParseAddrPort("192.0.2.9:9")}); err != nil {
			t.Error(err)
		}
		if _, err := json.Marshal(w.runs[0].result()); err != nil {
			t.Error(err)
		}
	})
}

// Over real sockets: three hosts find each other by one group on loopback.
func TestOverLoopback(t *testing.T) {
	group := netip.AddrPortFrom(netip.MustParseAddr("239.255.79.1"), uint16(20000+rand.IntN(20000)))
	results, errs := make([]*Result, 3), make([]error, 3)
	var wg sync.WaitGroup
	for i := range results {
		s, err := sock.Open(sock.Config{Bind: netip.MustParseAddrPort("127.0.0.1:0"), Group: group, Datagram: 1472})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		wg.Go(func() {
			results[i], errs[i] = Run(t.Context(), Config{Network: s, Cluster: 7, Name: "x", For: time.Minute, Expect: 2})
		})
	}
	wg.Wait()
	for i, r := range results {
		if errs[i] != nil {
			t.Fatal(errs[i])
		}
		if len(r.Hosts) != 3 || len(r.Links) != 6 {
			t.Fatalf("host %d: %+v", i, r)
		}
		for _, l := range r.Links {
			if trip := l.UnicastTrip; l.From == 0 && (trip.P50 <= 0 || trip.Max < trip.P50) {
				t.Errorf("host %d: round trip %+v", i, trip)
			}
			for way, h := range l.Heard {
				if h.Received == 0 {
					t.Errorf("host %d: %d to %d: nothing by %v", i, l.From, l.To, Way(way))
				}
			}
		}
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	w := newWorld(t, 1, true)
	if _, err := Run(ctx, Config{Network: w.wires[0], For: time.Hour}); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func TestResultGoesThroughJSON(t *testing.T) {
	w := newWorld(t, 2, true)
	w.rounds(5)
	text, err := json.Marshal(w.runs[0].result())
	if err != nil {
		t.Fatal(err)
	}
	var r Result
	if err := json.Unmarshal(text, &r); err != nil || r.Links[0].Heard != w.runs[0].result().Links[0].Heard {
		t.Errorf("%v: %s", err, text)
	}
	if !bytes.Contains(text, []byte(`"multicast_train":{"received":`)) {
		t.Errorf("%s", text)
	}
}
