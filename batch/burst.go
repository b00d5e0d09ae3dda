package batch

import "net/netip"

// Limits of one train, that is of one sendmsg with UDP_SEGMENT.
const (
	MaxSegments   = 64             // UDP_MAX_SEGMENTS before Linux 6.9 (128 since)
	MaxTrainBytes = 65535 - 40 - 8 // IP length less an IPv6 and a UDP header
	MaxElements   = 1024           // UIO_MAXIOV: iovec elements in one message
)

// Train is a run of datagrams for one send: each of Segment bytes, the last
// one perhaps shorter.
type Train struct {
	To      netip.AddrPort // zero = everybody
	Segment int            // bytes of the first datagram, and of all but the last
	Count   int            // datagrams, >= 1
	Bytes   int            // of all its datagrams

	first, end int // its elements are Burst.iov[first:end]
}

// Burst gathers the trains of one system call, in the order of Add. It refers
// to the datagrams' memory and holds no reference on their chunks: whoever
// adds keeps them until the burst was sent. The zero value is ready; Reset
// makes it empty and keeps its memory. Not safe for concurrent use.
type Burst struct {
	Trains      []Train
	MaxSegments int // datagrams in a train; 0 = MaxSegments, 1 = no trains
	MaxBytes    int // bytes in a train; 0 = MaxTrainBytes

	iov [][]byte
}

// Reset empties the burst and lets go of what it referred to.
func (b *Burst) Reset() {
	clear(b.iov)
	b.iov = b.iov[:0]
	b.Trains = b.Trains[:0]
}

// Iov is the memory of a train in order, datagrams that lie one behind the
// other merged into one element: a train of full datagrams of one chunk is one
// element. Valid until Reset or the next Add.
func (b *Burst) Iov(t *Train) [][]byte { return b.iov[t.first:t.end] }

// Add appends d for to (zero = everybody). It joins the last train if that
// goes to the same address, all of it has d's length (or more: then d is the
// last one of that train) and the train's limits allow it.
func (b *Burst) Add(to netip.AddrPort, d *Datagram) {
	n := d.Len()
	t := b.last()
	if t == nil || !b.joins(t, to, n, 1+len(d.Tail)) {
		b.Trains = append(b.Trains, Train{To: to, Segment: n, first: len(b.iov), end: len(b.iov)})
		t = b.last()
	}
	t.Count++
	t.Bytes += n
	b.gather(t, d.Bytes)
	for _, part := range d.Tail {
		b.gather(t, part)
	}
	t.end = len(b.iov)
}

func (b *Burst) last() *Train {
	if len(b.Trains) == 0 {
		return nil
	}
	return &b.Trains[len(b.Trains)-1]
}

// joins says whether a datagram of n bytes in so many elements may join t.
func (b *Burst) joins(t *Train, to netip.AddrPort, n, elements int) bool {
	segments, bytes := b.MaxSegments, b.MaxBytes
	if segments <= 0 {
		segments = MaxSegments
	}
	if bytes <= 0 {
		bytes = MaxTrainBytes
	}
	return n <= t.Segment && n > 0 && t.To == to &&
		t.Bytes == t.Count*t.Segment && // no short one ended it
		t.Count < segments && t.Bytes+n <= bytes &&
		t.end-t.first+elements <= MaxElements
}

// gather adds part to the train's elements, to the last one if it lies right
// behind it. Memory of different allocations cannot be taken for adjacent: the
// comparison stays within the capacity of the element before.
func (b *Burst) gather(t *Train, part []byte) {
	if len(part) == 0 {
		return
	}
	if len(b.iov) > t.first {
		last := &b.iov[len(b.iov)-1]
		n := len(*last)
		if cap(*last)-n >= len(part) && &(*last)[: n+1 : n+1][n] == &part[0] {
			*last = (*last)[:n+len(part)]
			return
		}
	}
	b.iov = append(b.iov, part)
}

// Datagram appends the memory of datagram i of t (0 <= i < t.Count) to dst:
// for senders without UDP_SEGMENT, and for who loses them one by one.
func (b *Burst) Datagram(t *Train, i int, dst [][]byte) [][]byte {
	from := i * t.Segment
	n := min(t.Segment, t.Bytes-from)
	for _, e := range b.Iov(t) {
		if n <= 0 {
			break
		}
		if from >= len(e) {
			from -= len(e)
			continue
		}
		part := e[from:min(len(e), from+n)]
		dst = append(dst, part)
		from, n = 0, n-len(part)
	}
	return dst
}
