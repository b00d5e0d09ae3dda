package agenda

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// TestOrder: what was added comes in the order of time, and at one time in that
// of adding, whatever is added in between; after Reset too.
func TestOrder(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	type thing struct {
		at  int64
		nth int
	}
	var a Agenda[int]
	for range 2 {
		var there []thing
		nth := 0
		for range 5000 {
			if r.IntN(5) < 3 {
				nth++
				x := thing{r.Int64N(50), nth}
				there = append(there, x)
				a.Add(x.at, x.nth)
				continue
			}
			if len(there) == 0 {
				if a.Due(1 << 60) {
					t.Fatal("something is due where nothing is")
				}
				continue
			}
			first := slices.MinFunc(there, func(x, y thing) int {
				if x.at != y.at {
					return int(x.at - y.at)
				}
				return x.nth - y.nth
			})
			if !a.Due(first.at) || a.Due(first.at-1) {
				t.Fatalf("due at %d: %v, before it %v", first.at, a.Due(first.at), a.Due(first.at-1))
			}
			if at, got := a.Next(); at != first.at || got != first.nth {
				t.Fatalf("%d at %d, want %+v", got, at, first)
			}
			there = slices.DeleteFunc(there, func(x thing) bool { return x == first })
		}
		a.Reset()
		if a.Due(1 << 60) {
			t.Fatal("something is due behind Reset")
		}
	}
}
