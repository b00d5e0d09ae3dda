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
	p.queued -= d.Len() + d.saved
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
	return loan.drop()
}

// ring is a queue of datagrams that grows to the most that ever waited.
type ring struct {
	slots []Datagram // a power of two of them
	head  int
	n     int // 0 <= n <= len(slots)
}

// push adds a zero Datagram.
func (r *ring) push() *Datagram {
	if r.n == len(r.slots) {
		r.grow()
	}
	r.n++
	return &r.slots[(r.head+r.n-1)&(len(r.slots)-1)]
}

func (r *ring) front() *Datagram { return &r.slots[r.head] }

func (r *ring) pop() {
	r.slots[r.head] = Datagram{}
	r.head = (r.head + 1) & (len(r.slots) - 1)
	r.n--
}

func (r *ring) grow() {
	slots := make([]Datagram, max(2*len(r.slots), 64))
	n := copy(slots, r.slots[r.head:])
	copy(slots[n:], r.slots[:r.head])
	r.slots, r.head = slots, 0
}
