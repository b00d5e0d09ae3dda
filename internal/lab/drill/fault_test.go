package drill

import (
	"slices"
	"testing"

	"stampede/internal/lab"
)

func TestNetworkFaultsAddUp(t *testing.T) {
	faults := []*Fault{
		{Kind: Loss, Hosts: []int{1, 2}, Percent: 5},
		{Kind: Partition, Groups: [][]int{{1, 2}, {3}}},
		{Kind: Loss, Hosts: []int{2, 3}, Percent: 1},
		{Kind: OneWay, Hosts: []int{1}, Others: []int{2}},
	}
	cuts, losses := network(faults, 4)
	if want := []lab.Cut{{From: 1, To: 3}, {From: 2, To: 3}, {From: 3, To: 1}, {From: 3, To: 2}, {From: 1, To: 2}}; !slices.Equal(cuts, want) {
		t.Errorf("cuts %v, want %v", cuts, want)
	}
	if want := []float64{0, 5, 5, 1}; !slices.Equal(losses, want) {
		t.Errorf("losses %v, want %v", losses, want)
	}
	if cuts, losses := network(nil, 3); len(cuts) > 0 || slices.Max(losses) > 0 {
		t.Errorf("without faults: cuts %v, losses %v", cuts, losses)
	}
}

// A host is away from the first thing that hampers it to the end of the last.
func TestHostIsAwayWhileAnythingHampersIt(t *testing.T) {
	h := &hampered{}
	for now, change := range []func(){
		func() {},
		func() { h.paused = &process{} },
		func() { h.downs++ },
		func() { h.paused = nil },
		func() { h.downs++ },
		func() { h.downs-- },
		func() { h.downs-- },
		func() {},
		func() { h.downs++ },
	} {
		change()
		h.note(int64(now))
	}
	if want := []absence{{1, 6}, {8, 0}}; !slices.Equal(h.away, want) {
		t.Errorf("away %v, want %v", h.away, want)
	}
}
