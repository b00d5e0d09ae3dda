package order

import (
	"fmt"
	"slices"
	"testing"

	"stampede/wire"
)

// TestSafeTakesNoTimer: where nothing else happens a safe message is delivered
// everywhere within the hops that it takes, whoever sends it, and whoever hears
// of it late: two for the sequencer's, one more for those of others, one more in
// a crowd.
func TestSafeTakesNoTimer(t *testing.T) {
	for _, members := range []int{2, 3, crowd, crowd + 1} {
		for _, sender := range []int{0, 1, members - 1} {
			t.Run(fmt.Sprintf("%d of %d", sender, members), func(t *testing.T) {
				w := newWorld(t, 1, shape{members: members})
				hops := int64(3)
				if sender == 0 {
					hops--
				}
				if members > crowd {
					hops++
				}
				// A hop is half of the delay and up to an eighth of it, and what a pass takes.
				hop := w.fault.delay/2 + w.fault.delay/8 + 10_000
				late := -1 // hears the sequencer later than it hears what others say to that
				w.fault.after = func(from, to int) int64 {
					if from == 0 && to == late {
						return 2 * hop
					}
					return 0
				}
				var times []int64
				for k := range 5 * (members + 1) {
					late = k%(members+1) - 1
					w.run(50e6, func() bool { return false })
					began := w.now
					w.nodes[sender].send(wire.Safe, []byte("safe"))
					if !w.run(1e9, w.everything) {
						t.Fatal("not delivered")
					}
					times = append(times, w.now-began)
				}
				if most := slices.Max(times); most > (hops+4)*hop {
					t.Errorf("%d ns, %d hops take %d, and 4 more where one is late: %v", most, hops, hops*hop, times)
				}
			})
		}
	}
}
