package lab

import (
	"math"
	"strings"
	"testing"

	"stampede/internal/testenv"
)

// radios makes a lab with a radio on every host. The tests send what must not
// arrive and then, the fault being over, what must: had the first arrived, it
// would have been told first.
func radios(t *testing.T, hosts int) (*Lab, []*radio) {
	t.Helper()
	needLab(t)
	testenv.NeedCommand(t, "nft")
	l := newLab(t, hosts)
	var all []*radio
	for i := range l.Hosts {
		all = append(all, startRadio(t, &l.Hosts[i]))
	}
	return l, all
}

func (l *Lab) address(host int) string { return l.Hosts[host-1].IPv4.String() }

// must ends the test if what it needs went wrong.
func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestCutIsOneWay(t *testing.T) {
	l, r := radios(t, 2)
	for name, to := range map[string][2]string{
		"unicast":   {l.address(1), l.address(2)},
		"multicast": {radioGroup, radioGroup},
	} {
		r[0].must(1, to[1], name) // and the hosts learn their link addresses
		r[1].want(name)
		must(t, l.Cut(t.Context(), Cut{1, 2}))
		r[0].must(1, to[1], "cut")
		r[1].must(1, to[0], "back")
		r[0].want("back")
		must(t, l.Heal(t.Context()))
		r[0].must(1, to[1], "healed")
		r[1].want("healed")
	}
}

func TestPartitionAndMerge(t *testing.T) {
	l, r := radios(t, 4)
	must(t, l.Cut(t.Context(), Between([]int{1, 3}, []int{2, 4})...))
	r[0].must(1, radioGroup, "odd")
	r[3].must(1, radioGroup, "even")
	for i, text := range []string{"", "even", "odd", ""} {
		if text != "" {
			r[i].want(text)
		}
	}
	// The next cuts replace those.
	must(t, l.Cut(t.Context(), Between([]int{1, 2}, []int{3, 4})...))
	r[0].must(1, radioGroup, "low")
	r[1].want("low")
	must(t, l.Heal(t.Context()))
	r[0].must(1, radioGroup, "all")
	for _, other := range r[1:] {
		other.want("all")
	}
}

func TestLossIsOfWhatArrives(t *testing.T) {
	const n = 2000
	l, r := radios(t, 2)
	for _, percent := range []float64{1, 5, 20, 100} {
		must(t, l.Hosts[1].Loss(t.Context(), percent))
		r[1].must(1, radioGroup, "lossless") // the other way
		r[0].want("lossless")
		r[0].must(n, radioGroup, "x")
		must(t, l.Hosts[1].Loss(t.Context(), 0))
		r[0].must(1, radioGroup, "end")
		lost := n
		for r[1].next() == "x" {
			lost--
		}
		p := percent / 100
		mean, deviation := n*p, math.Sqrt(n*p*(1-p))
		if math.Abs(float64(lost)-mean) > 7*deviation {
			t.Errorf("lost %d of %d with a loss of %g %%", lost, n, percent)
		}
	}
}

func TestDownAndUp(t *testing.T) {
	l, r := radios(t, 2)
	h := &l.Hosts[0]
	must(t, h.Down(t.Context()))
	r[0].must(1, radioGroup, "down") // the kernel takes it, knowing the interface by the sender's address
	if how := r[0].send(1, l.address(2), "down"); !strings.HasPrefix(how, "refused: ") {
		t.Errorf("from a host that is down: %s", how)
	}
	r[1].must(1, radioGroup, "down")
	must(t, h.Up(t.Context()))
	for _, to := range []string{radioGroup, l.address(1)} {
		r[1].must(1, to, "up")
		r[0].want("up")
	}
	for _, to := range []string{radioGroup, l.address(2)} {
		r[0].must(1, to, "up")
		r[1].want("up")
	}
	for range 2 {
		must(t, h.Up(t.Context())) // does no harm to one that is up
	}
	if out, err := l.Hosts[1].Command(t.Context(), "ping", "-c1", "-W5", h.IPv6.String()).CombinedOutput(); h.IPv6.IsValid() && err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
