package evs

import (
	"bytes"
	"context"
	"errors"
	"net/netip"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"stampede/sock"
)

// TestBadConfig: what cannot be is refused when it is opened, by the name of
// the field.
func TestBadConfig(t *testing.T) {
	good := func() Config { return configs(t, 2, unicast)[0] }
	for _, test := range []struct {
		field  string
		change func(*Config)
	}{
		{"ID", func(c *Config) { c.ID = 0 }},
		{"Start", func(c *Config) { c.Start = []ProcessorID{1, 2, 2} }},
		{"Start", func(c *Config) { c.Start = []ProcessorID{2, 3} }},
		{"Start", func(c *Config) { c.Start = []ProcessorID{0, 1} }},
		{"Peers", func(c *Config) { c.Peers = nil }},
		{"Peers[0]", func(c *Config) { c.Peers = []netip.AddrPort{{}} }},
		{"Bind", func(c *Config) { c.Bind = netip.MustParseAddrPort("192.0.2.7:0") }},
		{"Group", func(c *Config) { c.Multicast = netip.MustParseAddrPort("192.0.2.7:5") }},
		{"Interface", func(c *Config) { c.Interface = "no-such-interface" }},
		{"MTU", func(c *Config) { c.MTU = 60 }},
		{"MTU", func(c *Config) { c.MTU = 1 << 20 }},
		{"MaxMessageBytes", func(c *Config) { c.MaxMessageBytes = -1 }},
		{"MaxMessageBytes", func(c *Config) { c.MaxMessageBytes = MaxMessageLimit + 1 }},
		{"ReassemblyBytes", func(c *Config) { c.MaxMessageBytes, c.ReassemblyBytes = 1<<20, 1<<20 }},
		{"HistoryBytes", func(c *Config) { c.HistoryBytes = 1000 }},
		{"SendQueueBytes", func(c *Config) { c.SendQueueBytes = 1000 }},
		{"WindowBytes", func(c *Config) { c.WindowBytes = -1 }},
		{"Compress", func(c *Config) { c.Compress = 77 }},
		{"Heartbeat", func(c *Config) { c.Heartbeat = -time.Second }},
		{"Heartbeat", func(c *Config) { c.Detect, c.Heartbeat = time.Second, 600*time.Millisecond }},
		{"Detect", func(c *Config) { c.Detect = time.Millisecond }},
		{"Beacon", func(c *Config) { c.Beacon = time.Second }},
		{"Members", func(c *Config) { c.Members = -1 }},
		{"HistoryBytes", func(c *Config) { c.Members = 100 }},
		{"JoinInterval", func(c *Config) { c.JoinInterval = time.Nanosecond }},
		{"TTL", func(c *Config) { c.TTL = 300 }},
		{"ReceiveBatch", func(c *Config) { c.ReceiveBatch = -1 }},
		{"ReceiveBufferBytes", func(c *Config) { c.ReceiveBufferBytes = -1 }},
		{"Wait", func(c *Config) { c.Wait = 9 }},
		{"CPUs", func(c *Config) { c.CPUs = []int{-1} }},
		{"BusyPoll", func(c *Config) { c.BusyPoll = time.Millisecond }}, // on the loopback interface
		{"GSO", func(c *Config) { c.GSO = 9 }},
		{"Kind", func(c *Config) { c.Socket = sock.Kind(9) }},
	} {
		c := good()
		test.change(&c)
		p, err := Open(testContext(t), c)
		if err == nil {
			p.Close()
			t.Errorf("a wrong %s was accepted", test.field)
		} else if !strings.Contains(err.Error(), "Config."+test.field+":") {
			t.Errorf("a wrong %s: %v", test.field, err)
		}
	}
}

// TestDefaultsFollowDetect: whoever asks for faster detection need not set what
// it rests on.
func TestDefaultsFollowDetect(t *testing.T) {
	for _, want := range []Config{
		{Detect: 300 * time.Millisecond, Heartbeat: 20 * time.Millisecond, JoinInterval: 20 * time.Millisecond, Beacon: 150 * time.Millisecond},
		{Detect: 16 * time.Millisecond, Heartbeat: 2 * time.Millisecond, JoinInterval: 2 * time.Millisecond, Beacon: 8 * time.Millisecond},
	} {
		c := Config{ID: 1}
		if want.Detect != DefaultDetect {
			c.Detect = want.Detect
		}
		c = c.withDefaults()
		if c.Detect != want.Detect || c.Heartbeat != want.Heartbeat || c.JoinInterval != want.JoinInterval || c.Beacon != want.Beacon {
			t.Errorf("detect %v: heartbeat %v, joins %v, beacons %v", c.Detect, c.Heartbeat, c.JoinInterval, c.Beacon)
		}
		if err := c.validate(); err != nil {
			t.Error(err)
		}
	}
}

// TestMissing: Open that ends without a configuration says who was missing.
func TestMissing(t *testing.T) {
	c := configs(t, 3, unicast)[0]
	ctx, cancel := context.WithTimeout(context.Background(), 500*time.Millisecond)
	defer cancel()
	if _, err := Open(ctx, c); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "waiting for 2 3") {
		t.Errorf("Open of one of three: %v", err)
	}
}

// TestAlone: a processor alone is a configuration, and delivers to itself.
func TestAlone(t *testing.T) {
	hs := handles(t, open(t, []Config{{ID: 7}}))
	exchangeAlone(t, hs[0])
}

// TestDisagreement: a processor whose messages may be longer is not let in,
// and Open says why it did not come to a configuration.
func TestDisagreement(t *testing.T) {
	cs := configs(t, 2, unicast)
	cs[1].MaxMessageBytes = 2 << 20
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	other := make(chan error)
	go func() { _, err := Open(ctx, cs[1]); other <- err }()
	if _, err := Open(ctx, cs[0]); err == nil || !strings.Contains(err.Error(), "2 (allows messages of") {
		t.Errorf("Open beside a processor with another maximum: %v", err)
	}
	<-other
}

// TestDuplicateID: of two processors with one id the one that began later is
// told so, with addresses.
func TestDuplicateID(t *testing.T) {
	cs := configs(t, 2, multicast)
	ctx, cancel := context.WithCancel(testContext(t))
	ended := make(chan error)
	for range 2 {
		go func() { _, err := Open(ctx, cs[0]); ended <- err }()
	}
	if err := <-ended; !errors.Is(err, ErrDoubleID) || !strings.Contains(err.Error(), "processor id 1 is used at") {
		t.Errorf("Open of an id that is in use: %v", err)
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("the first user of the id: %v", err)
	}
}

// TestDuplicateIDLater: of a processor in operation and a newer one with its id
// the older ends, and its handle says why, with both addresses; the others go
// on with the newer one.
func TestDuplicateIDLater(t *testing.T) {
	cs := configs(t, 3, multicast)
	for i := range cs {
		cs[i].Start = nil
	}
	ds := diaries(t, cs[:2])
	untilMembers(t, ds, 1, 2)
	double := cs[1]
	newer := keepDiary(t, double)
	select {
	case <-ds[1].ended:
	case <-testContext(t).Done():
		t.Fatal("the older one goes on")
	}
	_, err := ds[1].h.TryReceive(make([]Event, 1))
	old, young := ds[1].p.Facts().Local.String(), newer.p.Facts().Local.String()
	if !errors.Is(err, ErrClosed) || !errors.Is(err, ErrDoubleID) || !strings.Contains(err.Error(), "processor id 2 is used at") ||
		!strings.Contains(err.Error(), old) || !strings.Contains(err.Error(), young) {
		t.Errorf("the older one's handle: %v; addresses %v and %v", err, old, young)
	}
	if _, err := ds[1].h.TryMcastJoined(Agreed); !errors.Is(err, ErrClosed) {
		t.Errorf("the older one sends: %v", err)
	}
	rest := []*diary{ds[0], newer}
	untilMembers(t, rest, 1, 2)
	mark(t, rest, "end")
	judge(t, rest)
}

// TestReopen: opening and closing many times keeps no goroutine, and uses
// memory again.
func TestReopen(t *testing.T) {
	before := runtime.NumGoroutine()
	cycle := func() {
		p, err := Open(testContext(t), Config{ID: 1})
		if err != nil {
			t.Fatal(err)
		}
		exchangeAlone(t, newHandle(t, p, testGroup))
		p.Close()
	}
	mappings := func() int {
		b, err := os.ReadFile("/proc/self/maps")
		if err != nil {
			t.Skip("no /proc/self/maps on this system")
		}
		return bytes.Count(b, []byte("\n"))
	}
	cycle()
	first := mappings()
	for range 20 {
		for range 5 {
			cycle()
		}
		runtime.GC() // what is unreachable comes back in the collector's own time
		runtime.Gosched()
	}
	if after := runtime.NumGoroutine(); after > before+2 {
		t.Errorf("%d goroutines before, %d after", before, after)
	}
	// Each processor has five mappings; a hundred of them had some 500.
	if grown := mappings() - first; grown > 300 {
		t.Errorf("%d mappings more after a hundred processors", grown)
	}
}
