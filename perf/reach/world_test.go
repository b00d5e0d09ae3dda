package reach

import (
	"bytes"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"stampede/batch"
	"stampede/perf/host"
	"stampede/sock"
)

// world is some hosts on a network that takes no time.
type world struct {
	t     *testing.T
	runs  []*run
	wires []*wire
	// drop says whether a train is lost on the way; nil: none is.
	drop func(from, to int, multicast bool, train *batch.Train) bool
}

// wire is the network as one host sees it.
type wire struct {
	w     *world
	i     int
	facts sock.Facts
	queue []batch.Arrival
}

func newWorld(t *testing.T, hosts int, multicast bool) *world {
	w := &world{t: t}
	var addresses []netip.AddrPort
	for i := range hosts {
		addresses = append(addresses, netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i + 1)}), 5500))
	}
	for i := range hosts {
		n := &wire{w: w, i: i, facts: sock.Facts{
			Local: addresses[i], Multicast: multicast, DatagramBytes: 1472, MaxSegments: 64, MaxTrainBytes: 65000,
		}}
		c := Config{Network: n, Cluster: 1, Name: fmt.Sprint("h", i+1)}
		if !multicast {
			c.Peers = addresses
		}
		w.wires = append(w.wires, n)
		w.runs = append(w.runs, newRun(c, uint64(1000+i)))
	}
	return w
}

func (n *wire) Facts() sock.Facts        { return n.facts }
func (n *wire) Stats() sock.Stats        { return sock.Stats{} }
func (n *wire) Wait(time.Duration) error { return nil }

func (n *wire) Send(b *batch.Burst) error {
	for i := range b.Trains {
		train := &b.Trains[i]
		for to, other := range n.w.wires {
			multicast := !train.To.IsValid()
			if other == n || !multicast && other.facts.Local != train.To || n.w.drop != nil && n.w.drop(n.i, to, multicast, train) {
				continue
			}
			other.queue = append(other.queue, batch.Arrival{
				Bytes: bytes.Join(b.Iov(train), nil), Segment: train.Segment, From: n.facts.Local,
			})
		}
	}
	return nil
}

func (n *wire) Receive(dst []batch.Arrival) (int, error) {
	got := copy(dst, n.queue)
	n.queue = n.queue[got:]
	return got, nil
}

// rounds lets every host probe and take in, so many times.
func (w *world) rounds(n int) {
	for range n {
		for _, r := range w.runs {
			r.now += int64(interval)
			if err := r.probe(); err != nil {
				w.t.Fatal(err)
			}
		}
		for range 3 { // answers too
			for _, r := range w.runs {
				for more := true; more; {
					var err error
					if more, err = r.receive(); err != nil {
						w.t.Fatal(err)
					}
				}
			}
		}
	}
}

// grades are the findings by grade, of the first host's result.
func (w *world) grades() map[host.Grade][]host.Finding {
	all := map[host.Grade][]host.Finding{}
	for _, f := range w.runs[0].result().Judge(len(w.runs) - 1) {
		all[f.Grade] = append(all[f.Grade], f)
	}
	return all
}
