package drill

import (
	"reflect"
	"slices"
	"testing"
	"time"
)

func schedule(seed uint64, hosts int, overlap bool, kinds ...Kind) []Fault {
	return Schedule(&Options{Hosts: hosts, Duration: 10 * time.Minute, Rest: time.Second, Faults: kinds, Overlap: overlap, Seed: seed})
}

func TestSameSeedSameSchedule(t *testing.T) {
	a, b, c := schedule(1, 5, true, Kinds()...), schedule(1, 5, true, Kinds()...), schedule(2, 5, true, Kinds()...)
	if !reflect.DeepEqual(a, b) {
		t.Error("two schedules of one seed")
	}
	if reflect.DeepEqual(a, c) {
		t.Error("one schedule of two seeds")
	}
}

func TestFaultsComeOneByOneWithRestBetween(t *testing.T) {
	free := time.Duration(0)
	all := schedule(3, 4, false, Kinds()...)
	for _, f := range all {
		if f.At < free+time.Second {
			t.Errorf("%v at %v, but the last one ended at %v", &f, f.At, free)
		}
		free = f.end()
	}
	if free > 10*time.Minute-time.Second || len(all) < 100 {
		t.Errorf("%d faults, the last one until %v", len(all), free)
	}
}

func TestOverlappingFaultsDo(t *testing.T) {
	all := schedule(3, 4, true, Kinds()...)
	overlaps := 0
	for i := range all[1:] {
		if all[i+1].At < all[i].At {
			t.Errorf("fault %d begins before the one before it", i+1)
		}
		if all[i+1].At < all[i].end() {
			overlaps++
		}
	}
	if overlaps < len(all)/4 {
		t.Errorf("%d of %d faults overlap the one before", overlaps, len(all))
	}
	for _, f := range all {
		if f.end() > 10*time.Minute-time.Second {
			t.Errorf("%v lasts until %v", &f, f.end())
		}
	}
}

// Whatever is drawn can happen: it has targets, of the hosts that there are,
// and a partition has all of them.
func TestEveryFaultIsPossible(t *testing.T) {
	for _, hosts := range []int{2, 3, 5} {
		seen := map[Kind]bool{}
		for _, f := range schedule(7, hosts, false, Kinds()...) {
			seen[f.Kind] = true
			wantPossible(t, &f, hosts)
		}
		if len(seen) != len(Kinds()) {
			t.Errorf("of %d hosts only %v were drawn", hosts, seen)
		}
	}
}

func wantPossible(t *testing.T, f *Fault, hosts int) {
	t.Helper()
	everybody := slices.Concat(append(f.Groups, f.Hosts, f.Others)...)
	slices.Sort(everybody)
	once := slices.Equal(everybody, slices.Compact(slices.Clone(everybody)))
	within := len(everybody) == 0 || everybody[0] >= 1 && everybody[len(everybody)-1] <= hosts
	var right bool
	switch f.Kind {
	case Sequencer:
		right = len(everybody) == 0
	case Kill, Leave, Pause, Down:
		right = len(f.Hosts) == 1 && len(everybody) == 1
	case Restarts:
		right = len(f.Hosts) == 1 && f.Times >= 2
	case Loss:
		right = len(f.Hosts) >= 1 && f.Percent > 0 && f.Percent <= 20
	case OneWay:
		right = len(f.Hosts) >= 1 && len(f.Others) >= 1
	case Partition:
		right = len(f.Groups) >= 2 && len(everybody) == hosts
		for _, g := range f.Groups {
			right = right && len(g) > 0
		}
	}
	if !right || !once || !within || f.Last <= 0 {
		t.Errorf("of %d hosts: %+v", hosts, *f)
	}
}

func TestOnlyWantedKindsAreDrawn(t *testing.T) {
	for _, f := range schedule(1, 3, false, Pause, Loss) {
		if f.Kind != Pause && f.Kind != Loss {
			t.Errorf("%v was drawn", &f)
		}
	}
	if all := schedule(1, 3, false); len(all) > 0 {
		t.Errorf("none were wanted: %v", all)
	}
}

func TestWordsOfKinds(t *testing.T) {
	for _, k := range Kinds() {
		if got, err := ParseKind(k.String()); err != nil || got != k {
			t.Errorf("%v is read as %v, %v", k, got, err)
		}
	}
	for _, word := range []string{"", "Kill", "flood"} {
		if k, err := ParseKind(word); err == nil {
			t.Errorf("%q is read as %v", word, k)
		}
	}
}

func TestStepsOfRestarts(t *testing.T) {
	faults := []Fault{
		{Kind: Restarts, At: time.Second, Last: 500 * time.Millisecond, Hosts: []int{2}, Times: 3},
		{Kind: Pause, At: 1050 * time.Millisecond, Last: time.Second, Hosts: []int{1}},
	}
	want := []step{
		{1000 * time.Millisecond, 0, begins},
		{1050 * time.Millisecond, 1, begins},
		{1100 * time.Millisecond, 0, lives},
		{1200 * time.Millisecond, 0, dies},
		{1300 * time.Millisecond, 0, lives},
		{1400 * time.Millisecond, 0, dies},
		{1500 * time.Millisecond, 0, ends},
		{2050 * time.Millisecond, 1, ends},
	}
	if got := steps(faults); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestFaultsAreToldInWords(t *testing.T) {
	for text, f := range map[string]Fault{
		"kill host 2":                     {Kind: Kill, Hosts: []int{2}},
		"kill the sequencer":              {Kind: Sequencer},
		"restart host 1, 4 times":         {Kind: Restarts, Hosts: []int{1}, Times: 4},
		"pause host 3":                    {Kind: Pause, Hosts: []int{3}},
		"down host 3":                     {Kind: Down, Hosts: []int{3}},
		"loss of 5 % at host 1,2":         {Kind: Loss, Hosts: []int{1, 2}, Percent: 5},
		"partition 1,3 | 2 | 4":           {Kind: Partition, Groups: [][]int{{1, 3}, {2}, {4}}},
		"oneway, host 1 not heard by 2,3": {Kind: OneWay, Hosts: []int{1}, Others: []int{2, 3}},
	} {
		if got := f.String(); got != text {
			t.Errorf("%q, want %q", got, text)
		}
	}
}
