package flood

import (
	"context"
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"
)

// short is a run that takes little time to compute.
func short(hosts, senders, size int) Run {
	return Run{
		Hosts: hosts, Senders: senders, Size: size, Link: 10e9, Seed: 3,
		Warmup: int64(2 * time.Millisecond), Measure: int64(5 * time.Millisecond),
	}
}

func do(t *testing.T, r Run, c Costs) Result {
	t.Helper()
	res, err := Do(t.Context(), r, &c)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

func TestTheSameRunIsTheSame(t *testing.T) {
	r := short(4, 3, 1350)
	first, second := do(t, r, Recorded()), do(t, r, Recorded())
	if !reflect.DeepEqual(first, second) {
		t.Errorf("%+v\n%+v", first, second)
	}
	r.Seed++
	if other := do(t, r, Recorded()); reflect.DeepEqual(first.Result(), other.Result()) {
		t.Error("another seed made no difference")
	}
}

// Result is without what was asked for.
func (r Result) Result() Result { r.Run = Run{}; return r }

func TestEverySizeAndNumberOfHosts(t *testing.T) {
	for _, hosts := range []int{1, 2, 9} { // above 8 acknowledgements go to the sequencer alone
		for _, size := range []int{64, 1350, 8000, 100_000} {
			res := do(t, short(hosts, min(hosts, 3), size), Recorded())
			if res.Delivered <= 0 || res.CPUMost > 1.1 || res.Overruns != 0 || res.Repairs != 0 {
				t.Errorf("%d hosts, %d bytes: %+v", hosts, size, res)
			}
			sum := 0.0
			for _, share := range res.Shares {
				sum += share
			}
			if math.Abs(sum-1) > 1e-9 {
				t.Errorf("%d hosts, %d bytes: the steps' shares are %v", hosts, size, sum)
			}
		}
	}
}

func TestASlowLinkIsTheLimit(t *testing.T) {
	r := short(3, 1, 1350)
	r.Link, r.Measure, r.Warmup = 100e6, int64(200*time.Millisecond), int64(200*time.Millisecond)
	res := do(t, r, Recorded())
	most := r.Link / 8 / (1472 + headers + frame) // full datagrams a second
	if res.Limit != "link" || res.Delivered > most*1.01 || res.Delivered < most*0.9 {
		t.Errorf("%v messages/s over a link for %v: %+v", res.Delivered, most, res)
	}
}

func TestASlowProcessorIsTheLimit(t *testing.T) {
	slow := Recorded()
	for s := range slow.Steps {
		slow.Steps[s].Each *= 10
		slow.Steps[s].Byte *= 10
	}
	r := short(3, 3, 1350)
	r.Measure = int64(50 * time.Millisecond)
	fast, res := do(t, r, Recorded()), do(t, r, slow)
	if res.Limit != "processor" || res.Delivered > fast.Delivered/3 {
		t.Errorf("ten times the costs: %+v", res)
	}
}

// What hosts do together takes no longer than the cores that they share have.
func TestSharedCores(t *testing.T) {
	r := short(4, 4, 1350)
	r.Link, r.Shared = 0, 2
	res := do(t, r, Recorded())
	if all := res.CPU * 4; all > 2.2 || all < 1.5 {
		t.Errorf("%v cores are busy of two", all)
	}
}

// A socket buffer that is too small drops, and counts; the protocol mends it.
func TestOverrunsAreCountedAndMended(t *testing.T) {
	r := short(3, 3, 1350)
	r.Buffer, r.Measure = 4096, int64(30*time.Millisecond)
	if res := do(t, r, Recorded()); res.Overruns == 0 || res.Repairs == 0 {
		t.Errorf("a buffer of %d bytes: %d overruns, %d repairs", r.Buffer, res.Overruns, res.Repairs)
	}
}

func TestWithoutTrainsEveryDatagramIsOne(t *testing.T) {
	r := short(2, 2, 1350)
	r.Lone = true
	with, without := do(t, short(2, 2, 1350), Recorded()), do(t, r, Recorded())
	if without.Train != 1 || with.Train < 2 || without.Delivered >= with.Delivered {
		t.Errorf("with trains %+v\nwithout %+v", with, without)
	}
}

func TestImpossibleRuns(t *testing.T) {
	c := Recorded()
	for want, r := range map[string]Run{
		"hosts 0":       {Size: 64},
		"hosts 257":     {Hosts: 257, Size: 64},
		"size 0":        {Hosts: 1},
		"senders 4 of":  {Hosts: 3, Senders: 4, Size: 64},
		"senders -1 of": {Hosts: 3, Senders: -1, Size: 64},
		"mtu 575":       {Hosts: 3, Size: 64, MTU: 575},
		"link of 5":     {Hosts: 3, Size: 64, Link: 5},
		"share cores":   {Hosts: 3, Size: 64, Link: 1e9, Shared: 2},
		"warm-up of":    {Hosts: 3, Size: 64, Measure: -1},
	} {
		if _, err := Do(t.Context(), r, &c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: error %v, want %q", r, err, want)
		}
	}
}

func TestARunCanBeEnded(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	c := Recorded()
	if _, err := Do(ctx, short(3, 3, 64), &c); err != context.Canceled {
		t.Error(err)
	}
}

func TestCostsComeBack(t *testing.T) {
	c := Recorded()
	text, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := ParseCosts(text); err != nil || again != c {
		t.Errorf("%v: %+v became %+v", err, c, again)
	}
	for want, change := range map[string][2]string{
		`"wake" is missing`:        {`"wake"`, `"woke"`},
		`no step is called "more"`: {`"steps":{`, `"steps":{"more":{},`},
		"takes -1 ns":              {`"wake":{"each_ns":`, `"wake":{"each_ns":-1,"x":`},
		"invalid character":        {"{", "["},
	} {
		if _, err := ParseCosts([]byte(strings.Replace(string(text), change[0], change[1], 1))); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}
