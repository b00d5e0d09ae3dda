package drill

import (
	"testing"
	"time"

	"stampede/internal/trace"
)

func TestCommonConfigurationAfterAColdStart(t *testing.T) {
	entered := func(at int64, members ...uint32) change { return change{at: at, members: members} }
	left := func(at int64, members ...uint32) change { return change{at: at, transitional: true, members: members} }
	all := []past{
		{host: 1, lives: []*story{{}, {first: 100, changes: []change{entered(150, 1), left(190, 1), entered(191, 1, 2, 3)}}}},
		{host: 2, lives: []*story{{}, {first: 120, changes: []change{entered(160, 2, 3), left(188, 2, 3), entered(195, 1, 2, 3), left(300, 2), entered(301, 2)}}}},
		{host: 3, lives: []*story{{}, {first: 110, changes: []change{
			entered(111, 3), left(155, 3), entered(161, 2, 3), left(189, 2, 3), entered(192, 1, 2, 3), left(400, 3), entered(401, 1, 2, 3)}}}},
	}
	if together, most := commonAfter(all, 1); together != 195 || most != 3 {
		t.Errorf("together at %d, %d configurations at most", together, most)
	}
}

// Hosts 1 and 2 are there all the time; host 3 joins, and sends to itself before.
func TestCostOfAJoin(t *testing.T) {
	all := []past{
		{host: 1, lives: []*story{{first: 1, last: 1000,
			sent:      []int64{10, 20, 30, 40, 90},
			delivered: []int64{12, 15, 22, 80, 81, 82, 83, 95, 99},
			senders:   []uint32{1, 2, 1, 2, 2, 1, 1, 1, 3},
		}}},
		{host: 2, lives: []*story{{first: 2, last: 1000,
			sent:      []int64{14, 24, 34, 79},
			delivered: []int64{13, 16, 23, 25, 75, 76, 77, 95, 99},
			senders:   []uint32{1, 2, 1, 2, 2, 1, 1, 1, 3},
		}}},
		{host: 3, lives: []*story{{first: 50, last: 1000, sent: []int64{51, 52}, delivered: []int64{53, 54}, senders: []uint32{3, 3}}}},
	}
	for i := range all {
		s := all[i].lives[0]
		s.all, s.changes = s.delivered, []change{{at: 78, transitional: true}, {at: 79}}
	}
	last, outstanding := costliest(all, window{20, 99})
	// Host 1 is silent from 22 to 80. Then 10, 14 and 20 had been sent, all
	// of them delivered.
	if last != 58 || outstanding != 0 {
		t.Errorf("silent for %d, %d outstanding", last, outstanding)
	}
	// From 30 on, host 1 until 80, with those of 10, 14, 20, 24 and 30 less three.
	if last, outstanding = costliest(all, window{30, 99}); last != 50 || outstanding != 2 {
		t.Errorf("silent for %d, %d outstanding", last, outstanding)
	}
}

func TestSpread(t *testing.T) {
	s := spread{}
	if s.String() != "unknown" {
		t.Error(s.String())
	}
	for _, ms := range []time.Duration{30, 10, 20, 50} {
		s.add([]Silence{{Last: ms * time.Millisecond}, {Last: time.Millisecond}})
	}
	s.add(nil)
	if got, want := s.String(), "p50 20.0 ms, max 50.0 ms"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestStoryOfATrace(t *testing.T) {
	path := t.TempDir() + "/trace"
	writeTrace(t, path, 1, 5, []int64{7, 9}, "")
	s, err := readStory(t.Context(), path, trace.Agreed)
	if err != nil {
		t.Fatal(err)
	}
	if other, err := readStory(t.Context(), path, trace.Safe); err != nil || len(other.delivered) > 0 || other.last != 9 {
		t.Errorf("of safe messages: %+v, %v", other, err)
	}
	if s.first != 5 || s.last != 9 || len(s.delivered) != 2 || len(s.senders) != 2 || s.senders[0] != 1 ||
		len(s.changes) != 1 || s.changes[0].config != (trace.Config{Epoch: 1, Rep: 1}) || s.changes[0].at != 5 {
		t.Errorf("%+v", s)
	}
}
