package drill

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"stampede/internal/trace"
)

func TestLongestSilence(t *testing.T) {
	delivered := []int64{10, 20, 50, 60, 61, 100}
	for _, c := range []struct {
		from, to int64
		last     time.Duration
		open     bool
	}{
		{10, 61, 30, false},
		{25, 61, 25, false}, // it counts from the fault, not from what was delivered before
		{0, 25, 10, false},
		{55, 99, 38, true}, // 61 to 99, and 100 is beyond
		{61, 100, 39, true},
		{200, 300, 100, true},
		{0, 5, 5, true},
		{30, 30, 0, false},
	} {
		if last, _, open := longest(delivered, c.from, c.to); last != c.last || open != c.open {
			t.Errorf("from %d to %d: %d, %v; want %d, %v", c.from, c.to, last, open, c.last, c.open)
		}
	}
}

// writeTrace writes a hand-made life of processor id that delivers at some times.
func writeTrace(t *testing.T, path string, id uint32, start int64, delivered []int64, end string) {
	t.Helper()
	w, err := trace.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	self := trace.Processor{ID: id, Incarnation: uint64(start)}
	config := trace.Config{Epoch: 1, Rep: 1}
	events := []trace.Event{
		{Kind: trace.Start},
		{Kind: trace.Change, View: trace.Regular, Config: config, Members: []uint32{1, 2}, Joined: []uint32{1, 2}},
	}
	for i := range delivered {
		m := trace.Message{Sender: self, Number: uint64(i + 1)}
		events = append(events, trace.Event{Kind: trace.Deliver, Message: m, Guarantee: trace.Agreed, Groups: []string{"g"}, Config: config})
	}
	for i := range events {
		events[i].Who, events[i].Time = self, start
		if i >= 2 {
			events[i].Time = delivered[i-2]
		}
		if err := w.Write(&events[i]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(end); err != nil {
		t.Fatal(err)
	}
}

// Host 1 lives all the time, host 2 is killed and started again, host 3 is
// paused.
func TestSilencesOfWhoTookPart(t *testing.T) {
	dir := t.TempDir()
	c := &cluster{o: &Options{}, hosts: make([]*host, 4)}
	for id := 1; id <= 3; id++ {
		c.hosts[id] = &host{id: id}
	}
	life := func(id int, start int64, delivered []int64, end string) {
		path := filepath.Join(dir, time.Duration(start).String()+".jsonl")
		writeTrace(t, path, uint32(id), start, delivered, end)
		c.hosts[id].traces = append(c.hosts[id].traces, path)
	}
	life(1, 100, []int64{200, 300, 400, 700, 800, 900, 1000, 1150, 1300}, "")
	life(2, 101, []int64{200, 300, 400}, `{"t":500,"proc":2,"i`) // killed in the middle of a line
	life(2, 600, []int64{750, 800, 900, 1000, 1150, 1300}, "")
	life(3, 102, []int64{200, 310, 400, 690, 800, 1150, 1300}, "")
	c.hosts[2].traces = append(c.hosts[2].traces, filepath.Join(dir, "killed-before-it-began.jsonl"))
	c.hosts[3].away = []absence{{from: 900, to: 1010}}

	stories, err := c.readStories(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	done := []Done{{Began: 410, Ended: 590}, {Began: 890, Ended: 1010}}
	measure(done, stories, 1200)
	want := []Done{
		{Began: 410, Ended: 590,
			Silences: []Silence{{1, 290, false}, {3, 280, false}},
			Later:    []Silence{{1, 110, false}, {3, 110, false}}},
		{Began: 890, Ended: 1010,
			Silences: []Silence{{1, 150, false}, {2, 150, false}},
			Later:    []Silence{{1, 140, false}, {2, 140, false}, {3, 140, false}}},
	}
	if !reflect.DeepEqual(done, want) {
		t.Errorf("%+v\nwant %+v", done, want)
	}
}

func TestDamagedTraceIsAnError(t *testing.T) {
	path := filepath.Join(t.TempDir(), "trace")
	writeTrace(t, path, 1, 1, []int64{2}, "no trace\n")
	if _, err := readStory(t.Context(), path, trace.Agreed); err == nil {
		t.Error("a damaged trace was read")
	}
}

func TestStrictestGuarantee(t *testing.T) {
	for words, want := range map[string]trace.Guarantee{
		"":                           trace.Agreed,
		"agreed,unordered,fifo,safe": trace.Safe,
		"unordered,agreed,fifo":      trace.Agreed,
		"fifo,unordered":             trace.FIFO,
		"unordered":                  trace.Unordered,
	} {
		if got := strictest(words); got != want {
			t.Errorf("of %q it is %v", words, got)
		}
	}
}
