package evs

import (
	"fmt"
	"slices"
	"sync"
	"testing"
)

// TestAgreedOrder: all members of a cluster deliver the messages of all, their
// own included, in one order, over each transport.
func TestAgreedOrder(t *testing.T) {
	for _, tr := range []transport{multicast, unicast, unicast6} {
		for _, g := range []Guarantee{Agreed, Safe} {
			t.Run(fmt.Sprintf("%s/%v", tr, g), func(t *testing.T) {
				_, hs := cluster(t, 3, tr)
				const each = 2000
				var wg sync.WaitGroup
				for i, h := range hs {
					wg.Go(func() {
						for k := range each {
							b := fmt.Appendf(nil, "%d of %d", k, i+1)
							if k%100 == 0 {
								b = append(b, make([]byte, 5000)...)
							}
							if _, err := h.McastJoined(testContext(t), g, b[:3], b[3:]); err != nil {
								t.Error(err)
								return
							}
						}
					})
				}
				got := make([][]message, len(hs))
				for i, h := range hs {
					wg.Go(func() { got[i] = collect(t, h, each*len(hs)) })
				}
				wg.Wait()
				for i := range got {
					if !slices.Equal(got[i], got[0]) {
						t.Fatalf("processors %d and 1 delivered different sequences", i+1)
					}
				}
			})
		}
	}
}
