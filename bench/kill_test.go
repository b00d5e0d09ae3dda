package bench

import (
	"testing"
	"time"

	"stampede/evs"
)

// Those who live are compared as ever when one was killed.
func TestKilledHostIsMissedByNobody(t *testing.T) {
	t.Parallel()
	for name, fine := range map[string]bool{"right": true, "a message of the dead lost": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := short()
			s.Kill, s.Rate, s.Duration = "sequencer", 500, leastAfterKill
			h := newHub(s.Hosts)
			lost := 0
			h.wrong = func(host, _ int, e evs.Event) []evs.Event {
				if !fine && host == 2 && e.Sender == 1 && e.Number == 10 {
					lost++
					return nil
				}
				return []evs.Event{e}
			}
			r := newTestRunner(h.launcher()).run(t.Context(), nowhere{}, &s)
			if (r.Wrong() == nil) != fine || r.Error != "" || !fine && lost != 1 {
				t.Fatalf("%v, lost %d", r.Wrong(), lost)
			}
			if len(r.PerHost) != 2 || r.PerHost[0].Host != 2 || r.Kill != "sequencer" || r.CPUNsPerDelivery != 0 {
				t.Errorf("%+v", r)
			}
			if (r.GapMS > 0) != fine {
				t.Errorf("a gap of %g ms", r.GapMS)
			}
		})
	}
}

func TestKillTimeLeavesSomethingToSee(t *testing.T) {
	for duration, want := range map[time.Duration]time.Duration{
		leastAfterKill: leastAfterKill / 2, 3 * time.Second: time.Second, time.Hour: time.Second,
	} {
		s := Default()
		s.Duration = duration
		schedule := newSchedule(&s, 1000)
		if got := schedule.killTime() - schedule.Warm; got != int64(want) {
			t.Errorf("killed %v into %v", time.Duration(got), duration)
		}
	}
}

// The longest time without a delivery is that in which the load was on.
func TestGapIsTheLongestUnderLoad(t *testing.T) {
	s := Default()
	s.Kill = "sequencer"
	k := newSink(&assignment{Scenario: s, Host: 2}, &schedule{Warm: 100, End: 200})
	for _, at := range []int64{10, 90, 105, 110, 150, 195, 220, 1000} {
		k.pause(at)
	}
	if k.gap != 45 {
		t.Errorf("the longest gap is %d", k.gap)
	}
}

// A failover in which others were given up too is none, and is tried again.
func TestOtherChangesAreNoFailover(t *testing.T) {
	t.Parallel()
	s := short()
	s.Kill, s.Rate, s.Duration = "sequencer", 200, leastAfterKill
	try := 0
	r := newTestRunner(nil)
	r.launch = func(place, int) launcher {
		try++
		bad, h := try == 1, newHub(s.Hosts)
		h.wrong = func(host, n int, e evs.Event) []evs.Event {
			if bad && n == 100 {
				return []evs.Event{{Kind: evs.Regular}, {Kind: evs.Regular}, e}
			}
			return []evs.Event{e}
		}
		return h.launcher()
	}
	if result := r.run(t.Context(), nowhere{}, &s); result.Wrong() != nil || result.Tries != 2 {
		t.Errorf("%v at try %d", result.Wrong(), result.Tries)
	}
}
