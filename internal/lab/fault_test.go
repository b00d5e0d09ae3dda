package lab

import (
	"slices"
	"testing"
)

func TestBetweenKeepsGroupsApartBothWays(t *testing.T) {
	got := Between([]int{1, 3}, []int{2}, []int{4})
	want := []Cut{
		{1, 2}, {3, 2}, {1, 4}, {3, 4},
		{2, 1}, {2, 3}, {2, 4},
		{4, 1}, {4, 3}, {4, 2},
	}
	if !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if got := Between([]int{1, 2, 3}); len(got) > 0 {
		t.Errorf("one group is cut: %v", got)
	}
}

func TestOneWayLeavesTheOtherWay(t *testing.T) {
	got := OneWay([]int{1, 2}, []int{2, 3})
	if want := []Cut{{1, 2}, {1, 3}, {2, 3}}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestImpossibleFaultsAreRefused(t *testing.T) {
	l := &Lab{names: []string{"bridge"}}
	l.Hosts = []Host{{lab: l}, {lab: l}}
	for _, c := range []Cut{{1, 1}, {0, 1}, {1, 0}, {1, 3}, {3, 1}, {-1, 2}} {
		if err := l.Cut(t.Context(), c); err == nil {
			t.Errorf("cut %v of two hosts was made", c)
		}
	}
	nan := 0.0
	nan /= nan
	for _, percent := range []float64{-1, 100.5, nan} {
		if err := l.Hosts[0].Loss(t.Context(), percent); err == nil {
			t.Errorf("loss of %g %% was made", percent)
		}
	}
}
