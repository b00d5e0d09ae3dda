package bench

import (
	"testing"
	"time"
)

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
