package reach

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
	"unicode"

	"stampede/perf"
)

// Result is what one host came to know.
type Result struct {
	Datagram  int      `json:"datagram"` // bytes of a full one
	Multicast bool     `json:"multicast"`
	Hosts     []Host   `json:"hosts"` // this one first
	Links     []Link   `json:"links"`
	Unheard   int      `json:"unheard"` // hosts that others hear, and this one does not
	Counters  Counters `json:"counters"`
	Overruns  uint64   `json:"overruns"` // datagrams that this host's receive buffer had no room for
}

// Host is one that took part.
type Host struct {
	Name    string         `json:"name"`
	Address netip.AddrPort `json:"address"`
}

func (h *Host) String() string { return fmt.Sprintf("%s (%v)", h.Name, h.Address) }

// Link is what one host hears of another. A link whose To has not reported is
// not known, and left out.
type Link struct {
	From    int  `json:"from"` // indices of Result.Hosts
	To      int  `json:"to"`
	Heard   Ways `json:"heard"`
	Largest int  `json:"largest"` // bytes of the longest lone datagram that came by unicast
	Whole   int  `json:"whole"`   // trains that came in one piece, not one datagram after another
	// There and back, of this host's own probes; 0 where there was no answer.
	MulticastTrip Trip `json:"multicast_trip"`
	UnicastTrip   Trip `json:"unicast_trip"`
}

// Ways are what was heard by each Way; in JSON by their names.
type Ways [numWays]Heard

// MarshalJSON gives an object with a key for each way.
func (w Ways) MarshalJSON() ([]byte, error) {
	named := map[string]Heard{}
	for i, h := range w {
		named[Way(i).String()] = h
	}
	return json.Marshal(named)
}

// UnmarshalJSON reads what MarshalJSON gives.
func (w *Ways) UnmarshalJSON(text []byte) error {
	named := map[string]Heard{}
	if err := json.Unmarshal(text, &named); err != nil {
		return err
	}
	for i := range w {
		w[i] = named[Way(i).String()]
	}
	return nil
}

// Heard counts probes.
type Heard struct {
	Received uint64 `json:"received"`
	Expected uint64 `json:"expected"` // 0: none came, or none was sent
}

// Share is what came of what was sent, 0 … 1.
func (h Heard) Share() float64 {
	if h.Expected == 0 {
		return 0
	}
	return float64(h.Received) / float64(h.Expected)
}

// Trip is a round trip time in ns, the scheduling of both hosts included.
type Trip struct {
	P50 time.Duration `json:"p50"`
	Max time.Duration `json:"max"`
}

func tripOf(h *perf.Histogram) Trip {
	return Trip{time.Duration(h.Quantile(0.5)), time.Duration(h.Max())}
}

// satisfied says whether Expect is reached.
func (r *run) satisfied() bool {
	if r.Expect == 0 || len(r.order) < r.Expect {
		return false
	}
	first := Unicast
	if r.facts.Multicast {
		first = Multicast
	}
	for _, h := range r.order {
		for w := first; w < ladder; w++ {
			if back := h.hears[r.id]; h.heard.ways[w].received < enough || back.ways[w].received < enough {
				return false
			}
		}
		for _, o := range r.order {
			if _, known := h.hears[o.id]; o != h && !known {
				return false
			}
		}
	}
	return true
}

// result puts together what was heard here and what others have reported.
func (r *run) result() *Result {
	slices.SortFunc(r.order, func(a, b *peer) int {
		return cmp.Or(a.address.Compare(b.address), cmp.Compare(a.id, b.id))
	})
	out := &Result{
		Datagram: r.facts.DatagramBytes, Multicast: r.facts.Multicast,
		Hosts: []Host{{printable(r.Name), r.facts.Local}}, Counters: r.counters, Overruns: r.Network.Stats().Overruns,
	}
	out.Unheard = r.unheard()
	for _, h := range r.order {
		out.Hosts = append(out.Hosts, Host{printable(h.name), h.address})
	}
	for to, h := range r.order {
		if back := h.hears[r.id]; h.reports {
			l := back.link(0, to+1)
			l.MulticastTrip, l.UnicastTrip = tripOf(&h.trip[Multicast]), tripOf(&h.trip[Unicast])
			out.Links = append(out.Links, l)
		}
		out.Links = append(out.Links, h.heard.link(to+1, 0))
		for from, o := range r.order {
			if e := h.hears[o.id]; h.reports && o != h {
				out.Links = append(out.Links, e.link(from+1, to+1))
			}
		}
	}
	slices.SortStableFunc(out.Links, func(a, b Link) int { return cmp.Or(a.From-b.From, a.To-b.To) })
	return out
}

// unheard counts hosts that are known from reports only.
func (r *run) unheard() int {
	others := map[uint64]bool{}
	for _, h := range r.order {
		for id := range h.hears {
			if r.hosts[id] == nil && id != r.id {
				others[id] = true
			}
		}
	}
	return len(others)
}

func (e *entry) link(from, to int) Link {
	l := Link{From: from, To: to, Largest: int(e.largest), Whole: int(e.whole)}
	for w := range e.ways {
		l.Heard[w] = Heard{uint64(e.ways[w].received), e.ways[w].expected()}
	}
	return l
}

// printable is a name that came over the network, without what a terminal
// would take for a command.
func printable(name string) string {
	name = strings.Map(func(c rune) rune {
		if !unicode.IsPrint(c) || c == unicode.ReplacementChar {
			return '?'
		}
		return c
	}, name)
	return cmp.Or(name, "?")
}
