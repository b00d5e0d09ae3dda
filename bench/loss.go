package bench

import (
	"math/rand/v2"
	"sync/atomic"
	"time"

	"stampede/batch"
	"stampede/evs"
	"stampede/sock"
)

// lossy is a network that loses some of the datagrams that arrive, one by one
// as a wire would, also out of the middle of a train.
type lossy struct {
	network
	share   float64 // of datagrams that are lost, 0 to 1
	chance  *rand.Rand
	dropped atomic.Uint64 // datagrams

	arrived []batch.Arrival // of the last Receive of Network
	waiting []batch.Arrival // the part of it not yet looked at
}

// network is what a *sock.Socket is to a processor, its counters included.
type network interface {
	evs.Network
	Stats() sock.Stats
	Degradations() []sock.Degradation
}

// newLossy drops the given percentage of what n receives. Two hosts of one
// seed lose different datagrams.
func newLossy(n network, percent float64, seed uint64, host int) *lossy {
	return &lossy{network: n, share: percent / 100, chance: rand.New(rand.NewPCG(seed, uint64(host)))}
}

// Receive passes on what the chance spares: the rest of a train that has lost
// datagrams as several arrivals of one chunk.
func (l *lossy) Receive(dst []batch.Arrival) (int, error) {
	if len(dst) == 0 {
		return 0, nil
	}
	for {
		if len(l.waiting) == 0 {
			if len(l.arrived) < len(dst) {
				l.arrived = make([]batch.Arrival, len(dst))
			}
			n, err := l.network.Receive(l.arrived[:len(dst)])
			if n == 0 || err != nil {
				return 0, err
			}
			l.waiting = l.arrived[:n]
		}
		if n := l.thin(dst); n > 0 {
			return n, nil
		}
	}
}

// thin moves what survives of waiting to dst until that is full.
func (l *lossy) thin(dst []batch.Arrival) (n int) {
	for len(l.waiting) > 0 {
		a := &l.waiting[0]
		run := l.survivors(a)
		if len(run) > 0 {
			dst[n] = *a
			dst[n].Bytes = run
			n++
		}
		if len(a.Bytes) == 0 {
			l.waiting = l.waiting[1:]
		}
		if n == len(dst) {
			break
		}
	}
	return n
}

// survivors cuts from the front of a the datagrams up to the first lost one,
// and that one too; it returns them without it.
func (l *lossy) survivors(a *batch.Arrival) []byte {
	segment := a.Segment
	if segment <= 0 {
		segment = len(a.Bytes)
	}
	train, kept := a.Bytes, 0
	for kept < len(train) {
		one := min(segment, len(train)-kept)
		if l.chance.Float64() < l.share {
			l.dropped.Add(1)
			a.Bytes = train[kept+one:]
			return train[:kept]
		}
		kept += one
	}
	a.Bytes = nil
	return train
}

// Wait does not wait while there is something that was not passed on.
func (l *lossy) Wait(d time.Duration) error {
	if len(l.waiting) > 0 {
		d = 0
	}
	return l.network.Wait(d)
}
