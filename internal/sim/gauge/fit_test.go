package gauge

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestFitFindsWhatWasPutIn(t *testing.T) {
	const seed = 5
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	want := []float64{700, 0.25, 12}
	var rows []row
	for range 20 {
		r := row{work: []float64{1 + float64(rng.IntN(9)), float64(rng.IntN(60_000)), float64(rng.IntN(64))}}
		for i, c := range want {
			r.took += c * r.work[i]
		}
		r.took *= 1 + (rng.Float64()-0.5)/1000
		rows = append(rows, r)
	}
	for i, got := range fit(rows) {
		if math.Abs(got-want[i]) > want[i]/50 {
			t.Errorf("unknown %d is %v, want %v", i, got, want[i])
		}
	}
}

// A kind of work that seems to save time takes none: it is noise.
func TestFitHasNoNegativeCosts(t *testing.T) {
	rows := []row{{[]float64{1, 1}, 10}, {[]float64{1, 2}, 9}, {[]float64{1, 3}, 8}}
	x := fit(rows)
	if x[1] != 0 || math.Abs(x[0]-9) > 1 {
		t.Errorf("got %v", x)
	}
}

func TestFitOfWorkThatWasNeverDone(t *testing.T) {
	if x := fit([]row{{[]float64{2, 0}, 10}, {[]float64{4, 0}, 20}}); x[0] != 5 || x[1] != 0 {
		t.Errorf("got %v", x)
	}
}
