package console

import (
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"stampede/evs"
	"stampede/internal/daemon"
)

func TestGroupNamesGoThereAndBack(t *testing.T) {
	for _, text := range []string{"a", "with blank", "grüße", "0x1234", strings.Repeat("x", 32), "0x" + strings.Repeat("f0", 32)} {
		g, err := ParseGroup(text)
		if err != nil || GroupName(g) != text {
			t.Errorf("%q: %q, %v", text, GroupName(g), err)
		}
	}
	for _, g := range []evs.Group{{}, {'a', 0, 'b'}, {0xff}, {'\n'}, {'x', 31: 0x80}} {
		back, err := ParseGroup(GroupName(g))
		if err != nil || back != g {
			t.Errorf("%v is %q and then %v, %v", g, GroupName(g), back, err)
		}
	}
	for _, text := range []string{"", strings.Repeat("x", 33), "0x" + strings.Repeat("zz", 32)} {
		if g, err := ParseGroup(text); err == nil {
			t.Errorf("%q was taken for %v", text, g)
		}
	}
}

func TestPrintable(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "plain \"text\"": "plain \"text\"", "grüße": "grüße", "a\nb": `a\nb`, "\x1b[31m": `\x1b[31m`, `back\slash`: `back\\slash`,
		"\xff": `\xff`, "\"\n": `"\n`, "\\\"": `\\"`, "\u202e": `\u202e`,
	} {
		if got := Printable(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestScaled(t *testing.T) {
	for n, want := range map[float64]string{0: "0 B", 1: "1 B", 999.4: "999 B", 999.5: "1.0 kB", 1234: "1.2 kB", 99949: "99.9 kB", 99960: "100 kB",
		999499: "999 kB", 999500: "1.0 MB", 2.5e9: "2.5 GB", 1e15: "1000000 GB"} {
		if got := Bytes(n); got != want {
			t.Errorf("%v: %q, want %q", n, got, want)
		}
	}
	if got := scaled(12, ""); got != "12" {
		t.Errorf("%q", got)
	}
}

func TestFit(t *testing.T) {
	if got := Fit("grüße an alle\nzwei\ndrei\nvier\n", 5, 4); got != "grüße\x1b[K\r\nzwei\x1b[K\r\ndrei\x1b[K\r\n\x1b[J" {
		t.Errorf("%q", got)
	}
}

func TestScreenWithoutATerminal(t *testing.T) {
	var b strings.Builder
	s := NewScreen(&b, nil)
	for _, text := range []string{"one\n", "two\n"} {
		if err := s.Show(text); err != nil {
			t.Fatal(err)
		}
	}
	if b.String() != "one\n\ntwo\n" {
		t.Errorf("%q", b.String())
	}
}

func TestRecordOfMessage(t *testing.T) {
	now := time.Date(2001, 2, 3, 4, 5, 6, 7, time.UTC)
	e := evs.Event{Kind: evs.Deliver, Guarantee: evs.Safe, Origin: 2, Sender: 3, Incarnation: 4, Number: 5, Payload: []byte("x")}
	b, err := json.Marshal(RecordOf(&e, now))
	want := `{"event":"message","time":"2001-02-03T04:05:06.000000007Z","sender":3,"incarnation":4,"number":5,"origin":2,"guarantee":"safe","groups":[],"text":"x"}`
	if err != nil || string(b) != want {
		t.Errorf("%s, want %s", b, want)
	}
}

func TestRecordOfConfiguration(t *testing.T) {
	c := &evs.ConfigChange{Kind: evs.Transitional, ID: evs.ConfigID{Epoch: 7, Rep: 1, RepIncarnation: 9}, Members: []evs.Member{{ID: 1, Incarnation: 9}}, Left: []evs.Member{{ID: 2, Incarnation: 8}}}
	e := evs.Event{Kind: evs.Transitional, Config: c}
	b, err := json.Marshal(RecordOf(&e, time.Unix(0, 0).UTC()))
	want := `{"event":"transitional","time":"1970-01-01T00:00:00Z","configuration":{"epoch":7,"representative":{"id":1,"incarnation":9},"members":[{"id":1,"incarnation":9}]},"left":[{"id":2,"incarnation":8}],"joined":[]}`
	if err != nil || string(b) != want {
		t.Errorf("%s, want %s", b, want)
	}
	if got := Long(&e, time.Unix(0, 0).UTC()); got != "00:00:00.000000 transitional 7.1: members 1, left 2, joined none" {
		t.Errorf("%q", got)
	}
}

// A processor that was started again has left and joined.
func TestNews(t *testing.T) {
	c := &evs.ConfigChange{Members: []evs.Member{{ID: 1}, {ID: 2}, {ID: 4}}, Left: []evs.Member{{ID: 2}, {ID: 3}}, Joined: []evs.Member{{ID: 2}, {ID: 4}}}
	if got := strings.Join(News(c, false), "\n"); got != "* processor 2 left\n* processor 3 left\n* processor 2 joined\n* processor 4 joined" {
		t.Errorf("%q", got)
	}
	if got := strings.Join(News(c, true), "\n"); got != "* members: 1 2 4" {
		t.Errorf("%q", got)
	}
}

// Names stay what they are: scripts go by them.
func TestCounters(t *testing.T) {
	s := daemon.Stats{Server: map[string]uint64{"slow": 2, "busy": 1}, Clients: 3}
	var stats evs.Stats
	stats.Loop.Verdicts[1], stats.Sock.DroppedOwn, stats.Order.NoMemory = 4, 5, 6
	s.Processor = daemon.ProcessorCounters(stats)
	all := map[string]uint64{}
	list := Counters(&s)
	for _, c := range list {
		if _, twice := all[c.Name]; twice {
			t.Errorf("two counters are called %s", c.Name)
		}
		all[c.Name] = c.Value
	}
	for name, want := range map[string]uint64{"daemon_slow": 2, "daemon_busy": 1, "daemon_clients": 3, "loop_verdicts_short": 4, "sock_dropped_own": 5, "order_no_memory": 6, "loop_verdicts_ok": 0} {
		if got, ok := all[name]; !ok || got != want {
			t.Errorf("%s is %d (%v), want %d", name, got, ok, want)
		}
	}
	if list[0].Name != "daemon_busy" {
		t.Errorf("the first is %s", list[0].Name)
	}
	for _, name := range drops {
		if _, ok := all[name]; !ok && !strings.HasPrefix(name, "daemon_") {
			t.Errorf("there is no counter %s", name)
		}
	}
}

func TestFrame(t *testing.T) {
	self := daemon.Member{ID: 1, Incarnation: 9}
	before, now := &Sample{}, &Sample{}
	now.Status = daemon.Status{Self: self, Cluster: "c\x1b", Configuration: daemon.Configuration{Epoch: 3, Representative: self, Sequencer: 1, Members: []daemon.Member{self}}}
	before.Stats.Now, now.Stats.Now = time.Unix(10, 0), time.Unix(12, 0)
	before.Stats.Server, now.Stats.Server = map[string]uint64{"messages": 10, "slow": 1}, map[string]uint64{"messages": 110, "slow": 2}
	before.Stats.Processor, now.Stats.Processor = map[string]uint64{"order_gaps": 1000}, map[string]uint64{"order_gaps": 4} // a new configuration
	now.Clients = []daemon.Client{{ID: 7, Name: "p\x1b", Sent: 6, QueuedBytes: 5}, {ID: 8, Control: true}}
	before.Clients = []daemon.Client{{ID: 7, Sent: 2}}
	f := NewFrame(before, now)
	if f.Seconds != 2 || f.Rates.Messages != 50 || f.Rates.Gaps != 2 || len(f.Clients) != 1 || f.Clients[0].Messages != 2 || f.Queues.ClientBytes != 5 {
		t.Errorf("%+v", f)
	}
	if len(f.Drops) != 1 || f.Drops[0] != (Drop{"daemon_slow", 2, 0.5}) {
		t.Errorf("%+v", f.Drops)
	}
	var b strings.Builder
	if err := f.Write(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"representative, sequencer, self", "messages 50/s", "missing 2/s", "agreed -", "daemon_slow", `c\x1b`, `p\x1b`} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
	if strings.Contains(b.String(), "\x1b") {
		t.Errorf("control characters of others: %q", b.String())
	}
	// Two samples of one moment have no rates.
	if f := NewFrame(now, now); f.Rates.Messages != 0 {
		t.Errorf("%+v", f.Rates)
	}
}

func TestTrips(t *testing.T) {
	trips := NewTrips(evs.Safe)
	if s := trips.Summary(); s != (TripSummary{Guarantee: "safe"}) {
		t.Errorf("%+v", s)
	}
	for i := range 100 {
		trips.Came(time.Duration(i+1) * time.Millisecond)
	}
	trips.Lost()
	s := trips.Summary()
	near := func(got, want int64) bool { return got >= want-want/500 && got <= want+want/500 }
	if s.Sent != 101 || s.Received != 100 || s.Lost != 1 || s.Min != 1e6 || s.Max != 1e8 || s.Avg != 505e5 || !near(s.P50, 50e6) || !near(s.P99, 99e6) {
		t.Errorf("%+v", s)
	}
	var b strings.Builder
	if err := s.Write(&b); err != nil || !strings.HasPrefix(b.String(), "safe: 101 sent, 100 received, 0.99% lost\nsafe: min/avg/p50/p99/max = 1ms/50.5ms/") {
		t.Errorf("%v %q", err, b.String())
	}
	long := NewTrips(evs.Agreed)
	long.Came(3 * longestTrip)
	if s := long.Summary(); s.P99 != int64(3*longestTrip) && s.P99 < int64(longestTrip) || s.Max != int64(3*longestTrip) {
		t.Errorf("%+v", s)
	}
}

func TestLines(t *testing.T) {
	next := Lines(strings.NewReader("one\r\n\ntwo"), 10)
	for _, want := range []string{"one", "", "two"} {
		if line, err := next(); line != want || err != nil {
			t.Errorf("%q, %v, want %q", line, err, want)
		}
	}
	if _, err := next(); err != io.EOF {
		t.Error(err)
	}
	if _, err := Lines(strings.NewReader("much too long"), 10)(); err == nil || !strings.Contains(err.Error(), "10 bytes") {
		t.Error(err)
	}
	broken := errors.New("broken")
	if _, err := Lines(iotest.ErrReader(broken), 10)(); err != broken {
		t.Error(err)
	}
}
