package flood

// event is something that is due: a train has come to the switch or to a
// receiver, or a host's pass is over, or its loop wants to run, or it
// begins to send.
type event struct {
	at    int64
	seq   uint64 // in which order events were made: it decides between equal times
	kind  kind
	host  *host // whom it is about; of a train at the switch, the sender
	train *train
}

type kind uint8

const (
	switched kind = iota
	arrived
	over
	due
	beginning
)

// events is a heap, the earliest event on top.
type events struct {
	heap []event
	seq  uint64
}

func (q *events) before(i, j int) bool {
	a, b := &q.heap[i], &q.heap[j]
	return a.at < b.at || a.at == b.at && a.seq < b.seq
}

func (q *events) push(e event) {
	q.seq++
	e.seq = q.seq
	q.heap = append(q.heap, e)
	for i := len(q.heap) - 1; i > 0; {
		up := (i - 1) / 2
		if !q.before(i, up) {
			return
		}
		q.heap[i], q.heap[up] = q.heap[up], q.heap[i]
		i = up
	}
}

func (q *events) pop() event {
	top, last := q.heap[0], len(q.heap)-1
	q.heap[0] = q.heap[last]
	q.heap[last] = event{}
	q.heap = q.heap[:last]
	for i := 0; ; {
		least := i
		for c := 2*i + 1; c <= 2*i+2 && c < last; c++ {
			if q.before(c, least) {
				least = c
			}
		}
		if least == i {
			return top
		}
		q.heap[i], q.heap[least] = q.heap[least], q.heap[i]
		i = least
	}
}
