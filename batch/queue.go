package batch

import "fmt"

// Queue is what the applications of one processor send, over all its
// configurations: messages go in under numbers that never change, datagrams of
// the present configuration come out. It has a Packer for each configuration
// and takes what was not sent in one into the next. It knows the group sets
// too: each keeps its short name for the queue's life, and is announced in
// each configuration before its first use there.
//
// Before its first configuration a queue accepts messages, up to its limit. It
// is not safe for concurrent use: its owner holds a lock around every call.
type Queue struct {
	packer *Packer
	sets   sets
	sent   uint64 // every message up to this number was popped whole
	// kept are the popped pieces of a message whose last piece was not popped,
	// with a reference of the queue's own: until then they are needed to send
	// it again from the start.
	kept []Datagram
}

// NewQueue returns a queue whose datagrams lie in chunks of a, which must have
// QueueMemory bytes at least. c.Datagram is that of the time before the first
// Renew; QueueBytes and MaxMessage must not be 0.
func NewQueue(c PackerConfig, a *Arena) (*Queue, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	if c.MaxMessage == 0 || c.QueueBytes == 0 {
		return nil, fmt.Errorf("batch: a queue needs limits: MaxMessage %d, QueueBytes %d", c.MaxMessage, c.QueueBytes)
	}
	if have, need := a.Len()*ChunkBytes, QueueMemory(c); have < need {
		return nil, fmt.Errorf("batch: a queue of %d bytes with messages of up to %d needs %d bytes of memory, not %d",
			c.QueueBytes, c.MaxMessage, need, have)
	}
	q := &Queue{packer: NewPacker(c, a), sets: sets{ids: map[string]uint16{}}}
	q.packer.reserved = reserveFor(&c)
	q.sent = q.packer.next - 1
	return q, nil
}

// Append packs one message, as Packer.Append does, for the groups m.Keys, nil
// for none. They are named by the short name of their set, which is announced
// if need be; where there are too many sets they travel with the message.
// m.Set is not looked at.
func (q *Queue) Append(m *Message, iov [][]byte) (number uint64, err error) {
	named, err := q.address(m, iov)
	if err != nil {
		return 0, err
	}
	return q.packer.Append(&named, iov)
}

// Lend is Append without copying, as Packer.Lend. The loan lasts over
// configurations until Release or Renew returns it.
func (q *Queue) Lend(m *Message, iov [][]byte, loan *Loan) (number uint64, err error) {
	loan.left = 0
	named, err := q.address(m, iov)
	if err != nil {
		return 0, err
	}
	return q.packer.Lend(&named, iov, loan)
}

// Sets is the number of group sets that have a name.
func (q *Queue) Sets() int { return len(q.sets.keys) }

// Backlog is the number of datagrams waiting, as Packer.Backlog.
func (q *Queue) Backlog() int { return q.packer.Backlog() }

// Queued is the number of bytes that count against QueueBytes now.
func (q *Queue) Queued() int { return q.packer.Queued() }

// Next pops the oldest datagram, as Packer.Pop. It answers false when nothing
// waits, and while there is too little memory to take what waits into another
// configuration: then Backlog is not 0, and Release changes it.
func (q *Queue) Next() (d Datagram, ok bool) {
	p := q.packer
	if p.free() < 0 || p.Peek() == nil {
		return Datagram{}, false
	}
	d = p.Pop()
	q.sent = d.Through
	if d.Begins || len(q.kept) > 0 {
		q.keep(&d)
	}
	return d, true
}

// keep keeps d if it holds a piece of a message whose last piece waits, and
// lets go of those of the message before.
func (q *Queue) keep(d *Datagram) {
	if d.Last {
		for i := range q.kept {
			q.kept[i].Chunk.Release()
			if loan := q.kept[i].Loan; loan != nil {
				loan.drop() // never the last: d refers to it too
			}
		}
		clear(q.kept)
		q.kept = q.kept[:0]
	}
	if d.Last && !d.Begins {
		return
	}
	d.Chunk.Keep()
	if d.Loan != nil {
		d.Loan.left++
	}
	q.kept = append(q.kept, *d)
	q.kept[len(q.kept)-1].Tail = nil // it is the popped one's
}

// Release takes the memory of a popped datagram back, of whichever
// configuration, in any order, and makes *d the zero Datagram. If nothing else
// refers to lent memory of d, it returns the loan: that memory is the lender's
// again.
func (q *Queue) Release(d *Datagram) *Loan { return q.packer.Release(d) }
