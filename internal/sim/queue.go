package sim

import (
	"bytes"

	"stampede/batch"
)

// queue is what a processor's applications send, over configurations.
type queue struct {
	*batch.Queue
	arena *batch.Arena
	armed bool                    // the machine has found it empty: it wants to know of more
	lent  map[*batch.Loan]lending // only looked up
	bad   bool                    // lent memory changed
}

// lending is memory that an application has lent.
type lending struct{ b, was []byte }

func newQueue(c batch.PackerConfig, mem []byte) (*queue, error) {
	q := &queue{arena: batch.NewArena(mem), lent: map[*batch.Loan]lending{}}
	var err error
	q.Queue, err = batch.NewQueue(c, q.arena)
	return q, err
}

// Renew is called by the machine.
func (q *queue) Renew(datagram int) {
	for _, loan := range q.Queue.Renew(datagram, nil) {
		q.over(loan)
	}
	q.armed = true
}

// Next is called by the machine.
func (q *queue) Next() (batch.Datagram, bool) {
	d, ok := q.Queue.Next()
	q.armed = q.armed || !ok
	return d, ok
}

// release gives back what left the history.
func (q *queue) release(ds []batch.Datagram) {
	for i := range ds {
		if loan := q.Release(&ds[i]); loan != nil {
			q.over(loan)
		}
	}
}

// lend sends b without copying it; it must stay as it is until the loan is over.
func (q *queue) lend(m *batch.Message, b []byte) (uint64, error) {
	loan, own := new(batch.Loan), bytes.Clone(b)
	number, err := q.Lend(m, [][]byte{own}, loan)
	if err == nil && loan.Outstanding() > 0 {
		q.lent[loan] = lending{own, bytes.Clone(b)}
	}
	return number, err
}

// over spoils lent memory that is the lender's again: nobody may still look.
func (q *queue) over(loan *batch.Loan) {
	l, ok := q.lent[loan]
	q.bad = q.bad || !ok || !bytes.Equal(l.b, l.was)
	for i := range l.b {
		l.b[i] = 0xdb
	}
	delete(q.lent, loan)
}

// used is how many chunks are not free.
func (q *queue) used() int { return q.arena.Len() - q.arena.Free() }
