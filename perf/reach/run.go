package reach

import (
	"context"
	"math/rand/v2"
	"net/netip"
	"slices"
	"time"

	"stampede/batch"
	"stampede/perf"
	"stampede/sock"
)

const (
	// MaxHosts is how many other hosts are counted; more are told as Strangers.
	MaxHosts = 64

	// trainCount keeps the trains of some hosts together within a default
	// receive buffer of 212,992 bytes.
	trainCount = 16
	// interval between two rounds of probes, and what chance adds to it, so
	// that hosts do not all send at once for ever.
	interval, jitter = 80 * time.Millisecond, 40 * time.Millisecond
	// enough is how many probes of a way must have come for Expect.
	enough = 3
	// linger is for how long a host that knows enough goes on for the others.
	linger = time.Second
	// maxEchoes bounds the answers of one round.
	maxEchoes = 4 * MaxHosts
)

// Network is what is tried; *sock.Socket is one.
type Network interface {
	Send(b *batch.Burst) error
	Receive(dst []batch.Arrival) (int, error)
	Wait(d time.Duration) error
	Facts() sock.Facts
	Stats() sock.Stats
}

// Config says what to try.
type Config struct {
	Network Network
	Cluster uint64           // only hosts with the same number count each other
	Name    string           // of this host, at most 63 bytes, for people
	Peers   []netip.AddrPort // where others may be, besides who is heard
	For     time.Duration
	// Expect ends the run early: as many other hosts are known, and each pair's
	// probes arrive both ways. 0 = never.
	Expect int
}

// Counters count datagrams.
type Counters struct {
	Probes, Echoes, Reports  uint64 // taken
	Own                      uint64 // of this run, come back
	Foreign, Damaged, Absurd uint64 // refused: of no run, changed on the way, impossible
	Clusters                 uint64 // of another cluster
	Misdirected              uint64 // to an earlier run at this address
	Strangers                uint64 // of hosts beyond those that are counted
	Moved                    uint64 // of a known host from another address
	Unanswered               uint64 // probes: too many for one round
}

// run is one host's part.
type run struct {
	Config
	facts    sock.Facts
	id       uint64
	now      int64 // of this turn of the loop, ns
	arrivals []batch.Arrival
	hosts    map[uint64]*peer
	order    []*peer         // as they came
	numbers  [numWays]uint32 // of the next multicast probe
	round    int
	echoes   int // of this round
	burst    batch.Burst
	message  message
	counters Counters
}

// peer is another host.
type peer struct {
	id      uint64
	name    string
	address netip.AddrPort
	heard   entry              // of it, here
	hears   map[uint64]entry   // of others, there: by its reports
	reports bool               // it has sent one
	numbers [ladder + 1]uint32 // of the next unicast probe
	trip    [numWays]perf.Histogram
}

// Run tries until c.For is over, and tells what was heard. It returns early
// with an error when ctx ends or the network fails.
func Run(ctx context.Context, c Config) (*Result, error) {
	r, start := newRun(c, rand.Uint64()), time.Now()
	next, end := int64(0), int64(c.For)
	for ctx.Err() == nil {
		r.now = int64(time.Since(start)) + 1
		more, err := r.receive()
		if err != nil {
			return nil, err
		}
		if r.now >= end {
			return r.result(), r.tell()
		}
		if r.now >= next {
			next = r.now + int64(interval) + rand.Int64N(int64(jitter))
			if err := r.probe(); err != nil {
				return nil, err
			}
			if r.satisfied() {
				end = min(end, r.now+int64(linger))
				r.Expect = 0
			}
		}
		if !more {
			if err := c.Network.Wait(time.Duration(min(next, end) - r.now)); err != nil {
				return nil, err
			}
		}
	}
	return nil, ctx.Err()
}

func newRun(c Config, id uint64) *run {
	r := &run{Config: c, facts: c.Network.Facts(), id: max(id, 1), hosts: map[uint64]*peer{}}
	r.burst.MaxSegments, r.burst.MaxBytes = r.facts.MaxSegments, r.facts.MaxTrainBytes
	r.arrivals = make([]batch.Arrival, 64)
	return r
}

// receive takes in what has arrived; more: there may be more.
func (r *run) receive() (more bool, err error) {
	n, err := r.Network.Receive(r.arrivals)
	for i := range r.arrivals[:n] {
		if err == nil {
			err = r.take(&r.arrivals[i])
		}
	}
	return n == len(r.arrivals), err
}

// send sends datagrams to one address, zero = the group: those of one length
// together are a train.
func (r *run) send(to netip.AddrPort, datagrams ...[]byte) error {
	r.burst.Reset()
	for _, b := range datagrams {
		r.burst.Add(to, &batch.Datagram{Bytes: b})
	}
	return r.Network.Send(&r.burst)
}

// numbered is a probe.
func (r *run) numbered(w Way, to uint64, number *uint32, length int) []byte {
	*number++
	m := message{kind: probe, way: w, cluster: r.Cluster, sender: r.id, to: to, sent: r.now, number: *number, name: r.Name}
	return m.encode(length)
}

// train is as many full datagrams as one send takes, at most trainCount, the
// last one shorter, as trains usually are.
func (r *run) train(w Way, to uint64, number *uint32) (all [][]byte) {
	full := r.facts.DatagramBytes
	count := max(min(trainCount, r.facts.MaxSegments, r.facts.MaxTrainBytes/full), 1)
	for i := range count {
		length := full
		if i == count-1 {
			length = headerBytes
		}
		all = append(all, r.numbered(w, to, number, length))
	}
	return all
}

// probe sends one round.
func (r *run) probe() error {
	r.round++
	r.echoes = 0
	if r.facts.Multicast {
		n := &r.numbers
		if err := r.three(netip.AddrPort{}, 0, Multicast, n[Multicast:]); err != nil {
			return err
		}
	}
	for _, h := range r.order {
		if err := r.three(h.address, h.id, Unicast, h.numbers[Unicast:]); err != nil {
			return err
		}
		steps := r.steps()
		length := steps[r.round%len(steps)]
		if err := r.send(h.address, r.numbered(ladder, h.id, &h.numbers[ladder], length)); err != nil {
			return err
		}
	}
	return r.tell()
}

// three sends a short probe, a full one, and every other time a train.
func (r *run) three(to netip.AddrPort, id uint64, first Way, numbers []uint32) error {
	if err := r.send(to, r.numbered(first, id, &numbers[0], 0)); err != nil {
		return err
	}
	if err := r.send(to, r.numbered(first+1, id, &numbers[1], r.facts.DatagramBytes)); err != nil {
		return err
	}
	if r.round%2 == 0 {
		return nil
	}
	return r.send(to, r.train(first+2, id, &numbers[2])...)
}

// everybody is where reports go: to the group, to who was heard, and to where
// somebody may be who was not.
func (r *run) everybody() (all []netip.AddrPort) {
	if r.facts.Multicast {
		all = append(all, netip.AddrPort{})
	}
	for _, h := range r.order {
		all = append(all, h.address)
	}
	for _, a := range r.Peers {
		if a != r.facts.Local && !slices.Contains(all, a) {
			all = append(all, a)
		}
	}
	return all
}

// ladderMTUs are those that networks usually have: jumbo frames, Ethernet,
// PPPoE, tunnels of several kinds, the least of IPv6 and of IPv4.
var ladderMTUs = []int{9000, 4000, 1500, 1492, 1450, 1420, 1400, 1280, 576}

// steps are datagrams that fit those, shorter than a full one.
func (r *run) steps() (steps []int) {
	headers := 20 + 8
	if r.facts.Local.Addr().Is6() {
		headers = 40 + 8
	}
	for _, mtu := range ladderMTUs {
		if n := mtu - headers; n < r.facts.DatagramBytes {
			steps = append(steps, n)
		}
	}
	if steps == nil {
		steps = []int{r.facts.DatagramBytes}
	}
	return steps
}

// tell reports what was heard, in as many datagrams as it takes, at least one:
// who has heard nothing says that. It also makes this host known.
func (r *run) tell() error {
	room := max((r.facts.DatagramBytes-headerBytes-maxName)/entryBytes, 1)
	for from := 0; from == 0 || from < len(r.order); from += room {
		m := message{kind: report, cluster: r.Cluster, sender: r.id, name: r.Name}
		for _, h := range r.order[from:min(from+room, len(r.order))] {
			e := h.heard
			e.id = h.id
			m.entries = append(m.entries, e)
		}
		b := m.encode(0)
		for _, to := range r.everybody() {
			if err := r.send(to, b); err != nil {
				return err
			}
		}
	}
	return nil
}
