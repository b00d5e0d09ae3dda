package evs

import (
	"maps"
	"net/netip"
	"testing"
)

// Every member finds every other where that one's datagrams come from, and
// forgets who has left.
func TestAddresses(t *testing.T) {
	for _, tr := range []transport{multicast, unicast, unicast6} {
		t.Run(string(tr), func(t *testing.T) {
			ps, hs := cluster(t, 3, tr)
			want := map[Member]netip.AddrPort{}
			for _, p := range ps {
				want[p.Self()] = p.Facts().Local
			}
			for i, p := range ps {
				if got := p.Addresses(); !maps.Equal(got, want) {
					t.Errorf("processor %d: %v, want %v", i+1, got, want)
				}
			}
			gone := ps[2].Self()
			if err := ps[2].Leave(testContext(t)); err != nil {
				t.Fatal(err)
			}
			delete(want, gone)
			for e, err := range hs[0].Events(testContext(t)) {
				if err != nil {
					t.Fatal(err)
				}
				if e.Kind == Regular && len(e.Config.Members) == 2 {
					break
				}
			}
			if got := ps[0].Addresses(); !maps.Equal(got, want) {
				t.Errorf("%v, want %v", got, want)
			}
		})
	}
}
