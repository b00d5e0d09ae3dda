// Package agenda is what is due in a simulated world, in the order of time.
package agenda

// Agenda is a heap of things that are due, the earliest on top; of those that are
// due at one time the one that was added first.
type Agenda[T any] struct {
	heap []entry[T]
	seq  uint64
}

type entry[T any] struct {
	at   int64
	seq  uint64 // in which order entries were made: it decides between equal times
	what T
}

func (a *Agenda[T]) before(i, j int) bool {
	x, y := &a.heap[i], &a.heap[j]
	return x.at < y.at || x.at == y.at && x.seq < y.seq
}

// Add adds what is due at a time.
func (a *Agenda[T]) Add(at int64, what T) {
	a.seq++
	a.heap = append(a.heap, entry[T]{at, a.seq, what})
	for i := len(a.heap) - 1; i > 0; {
		up := (i - 1) / 2
		if !a.before(i, up) {
			return
		}
		a.heap[i], a.heap[up] = a.heap[up], a.heap[i]
		i = up
	}
}

// Due says whether something is, at a time.
func (a *Agenda[T]) Due(now int64) bool { return len(a.heap) > 0 && a.heap[0].at <= now }

// Next takes out what is due first, of which there must be something.
func (a *Agenda[T]) Next() (at int64, what T) {
	top, last := a.heap[0], len(a.heap)-1
	a.heap[0] = a.heap[last]
	a.heap[last] = entry[T]{}
	a.heap = a.heap[:last]
	for i := 0; ; {
		least := i
		for c := 2*i + 1; c <= 2*i+2 && c < last; c++ {
			if a.before(c, least) {
				least = c
			}
		}
		if least == i {
			return top.at, top.what
		}
		a.heap[i], a.heap[least] = a.heap[least], a.heap[i]
		i = least
	}
}

// Reset takes everything out, and counts anew.
func (a *Agenda[T]) Reset() {
	clear(a.heap)
	a.heap, a.seq = a.heap[:0], 0
}
