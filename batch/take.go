package batch

// Backlog is the number of datagrams waiting: closed ones, the open one, and
// what staged messages would need if they were not compressed.
func (p *Packer) Backlog() int {
	n := p.queue.n + (p.staged()+p.capacity-1)/p.capacity
	if p.end > p.start {
		n++
	}
	return n
}

// Queued is the number of bytes that count against QueueBytes now.
func (p *Packer) Queued() int { return p.waiting() }

// Next is the number that the next message gets.
func (p *Packer) Next() uint64 { return p.next + p.stagedMessages() }

// Peek shows the oldest datagram, nil if nothing waits. When all others are
// gone it closes the open one, however short: there is nothing more to send.
// The first wire.HeaderBytes of it, and wire.SealBytes at its end if sealed,
// are undefined and the caller's to write. The pointer is valid until the next
// call of any method but Peek.
func (p *Packer) Peek() *Datagram {
	if p.queue.n == 0 {
		p.unstage()
	}
	if p.queue.n == 0 {
		if p.end == p.start {
			return nil
		}
		p.close()
	}
	return p.queue.front()
}

// Pop takes the datagram that Peek shows; the zero Datagram if there is none.
// Its chunk is kept for the caller, who gives it back by Release.
func (p *Packer) Pop() Datagram {
	front := p.Peek()
	if front == nil {
		return Datagram{}
	}
	d := *front
	p.queue.pop()
	p.queued -= d.Len()
	return d
}

// Release takes the memory of a popped datagram back, in any order, and makes
// *d the zero Datagram. If d was the last that referred to lent memory, it
// returns the loan: that memory is the lender's again.
func (p *Packer) Release(d *Datagram) *Loan {
	loan := d.Loan
	if d.Tail != nil {
		clear(d.Tail)
		p.tails = append(p.tails, d.Tail[:0])
	}
	d.Chunk.Release()
	*d = Datagram{}
	if loan == nil {
		return nil
	}
	loan.left--
	if loan.left > 0 {
		return nil
	}
	return loan
}

// queue is a ring of datagrams that grows to the most that ever waited.
type queue struct {
	ring []Datagram // a power of two of them
	head int
	n    int // 0 <= n <= len(ring)
}

// push adds a zero Datagram.
func (q *queue) push() *Datagram {
	if q.n == len(q.ring) {
		q.grow()
	}
	q.n++
	return &q.ring[(q.head+q.n-1)&(len(q.ring)-1)]
}

func (q *queue) front() *Datagram { return &q.ring[q.head] }

func (q *queue) pop() {
	q.ring[q.head] = Datagram{}
	q.head = (q.head + 1) & (len(q.ring) - 1)
	q.n--
}

func (q *queue) grow() {
	ring := make([]Datagram, max(2*len(q.ring), 64))
	n := copy(ring, q.ring[q.head:])
	copy(ring[n:], q.ring[:q.head])
	q.ring, q.head = ring, 0
}
