package sock

import (
	"os"
	"unsafe"

	"golang.org/x/sys/unix"

	"stampede/batch"
)

// receiveTries bounds the calls that one Receive makes because of errors left
// on a socket by earlier sends.
const receiveTries = 16

// controlBytes takes SO_RXQ_OVFL (u32) and UDP_GRO (int), each with a header.
const controlBytes = 2 * 24 // CMSG_SPACE(4) on 64 bits; 16 on 32

// control is aligned as struct cmsghdr has to be.
type control struct {
	_     [0]uint64
	bytes [controlBytes]byte
}

// source is one of the sockets that datagrams arrive at.
type source struct {
	fd       int
	group    bool   // own datagrams may come back here
	filter   bool   // but the kernel drops them
	drops    uint32 // SO_RXQ_OVFL as last seen; it wraps
	dropped  uint64 // the same without wrapping
	overruns uint64 // of them those that were no own datagrams
}

// receiver takes messages in from up to two sockets.
type receiver struct {
	k       kernel
	report  *report
	zones   *zones
	sources []source
	turn    int // index of the source that goes first
	ready   int // bit i: source i was readable when Wait looked; 0 = unknown
	batch   int
	ring    ring

	msgs     []unix.Mmsghdr
	names    []address
	controls []control
	iovs     []unix.Iovec
	own      address // as it looks in names
}

func newReceiver(k kernel, sources []source, p *plan, r *report, z *zones) *receiver {
	f := &r.facts
	in := &receiver{
		k: k, report: r, zones: z, sources: sources, batch: f.Batch,
		msgs:     make([]unix.Mmsghdr, f.RingSlots),
		names:    make([]address, f.RingSlots),
		controls: make([]control, f.RingSlots),
		iovs:     make([]unix.Iovec, f.RingSlots),
	}
	in.own.set(f.Local, p.v6, z)
	in.own.size = 0
	for i := range in.msgs {
		h := &in.msgs[i].Hdr
		h.Name = in.names[i].pointer()
		h.Iov = &in.iovs[i]
		h.SetIovlen(1)
		h.Control = &in.controls[i].bytes[0]
		in.rearm(i)
	}
	in.ring = newRing(p.Arena, f.RingSlots, f.SlotBytes, in.iovs)
	return in
}

// rearm undoes what the kernel wrote into the header of message i.
func (in *receiver) rearm(i int) {
	h := &in.msgs[i].Hdr
	h.Namelen = uint32(unsafe.Sizeof(in.names[i].raw))
	h.SetControllen(controlBytes)
	h.Flags = 0
}

// receive fills dst from all sources in turn until it is full, the ring is, or
// nothing is left.
func (in *receiver) receive(dst []batch.Arrival) (int, error) {
	in.ring.reclaim()
	limit := min(len(dst), in.ring.slots)
	in.turn = (in.turn + 1) % len(in.sources)
	open := in.ready
	in.ready = 0
	if open == 0 {
		open = 1<<len(in.sources) - 1
	}
	out, used, empty := 0, 0, true
	for turn := in.turn; open != 0 && used < limit; turn = (turn + 1) % len(in.sources) {
		if open&(1<<turn) == 0 {
			continue
		}
		got, want, err := in.call(&in.sources[turn], used, limit)
		if err != nil {
			return out, err
		}
		if got < want || want == 0 { // dry, or no memory for more
			open &^= 1 << turn
		}
		if got > 0 {
			empty = false
			out = in.arrive(&in.sources[turn], used, used+got, dst, out)
			used += got
		}
	}
	if empty {
		in.report.stats.EmptyReceives++
	}
	return out, nil
}

// call asks one source for messages into slots from used on.
func (in *receiver) call(src *source, used, limit int) (got, want int, err error) {
	want = in.ring.provide(used, min(in.batch, limit-used))
	if want == 0 {
		return 0, 0, nil
	}
	c := &in.report.stats
	for range receiveTries {
		n, errno := in.k.recvmmsg(src.fd, in.msgs[used:used+want])
		switch errno {
		case 0:
			return n, want, nil
		case unix.EAGAIN:
			return 0, want, nil
		case unix.EBADF, unix.ENOTSOCK, unix.EFAULT, unix.ENOSYS:
			return 0, want, os.NewSyscallError("recvmmsg", errno)
		case unix.ENOMEM, unix.ENOBUFS:
			c.ReceiveRetries++
			return 0, want, nil // what arrived waits; try again when called again
		}
		c.ReceiveRetries++ // EINTR, or ECONNREFUSED and its like: of a datagram sent earlier
	}
	return 0, want, nil
}

// arrive turns messages into arrivals, from dst[out] on, and returns the next
// out.
func (in *receiver) arrive(src *source, first, end int, dst []batch.Arrival, out int) int {
	c := &in.report.stats
	c.ReceiveCalls++
	for i := first; i < end; i++ {
		if in.arrival(src, i, i == end-1, &dst[out]) {
			c.ReceivedMessages++
			if in.ring.starved {
				c.Reserve++
			}
			out++
		}
		in.rearm(i)
	}
	in.ring.used = end
	return out
}

// arrival reads message i into a. It says false if there is nothing to hand on.
func (in *receiver) arrival(src *source, i int, last bool, a *batch.Arrival) bool {
	c := &in.report.stats
	h, n := &in.msgs[i].Hdr, int(in.msgs[i].Len)
	segment, drops, dropsSet := in.parse(i)
	if last && dropsSet {
		src.saw(drops)
	}
	switch {
	case h.Flags&unix.MSG_TRUNC != 0:
		c.DroppedTruncated++
		return false
	case h.Flags&unix.MSG_CTRUNC != 0:
		c.DroppedControl++
		return false
	case src.group && in.names[i] == in.own:
		c.DroppedOwn++
		return false
	}
	slot := in.ring.slot(i)
	*a = batch.Arrival{Bytes: slot[:n:n], Chunk: in.ring.chunk(i), From: in.names[i].get(in.zones)}
	datagrams := 1
	if segment > 0 && segment < n {
		a.Segment = segment
		datagrams = (n + segment - 1) / segment
	}
	c.ReceivedDatagrams += uint64(datagrams)
	c.ReceivedBytes += uint64(n)
	return true
}

// parse reads the control messages of message i: the length of a segment, 0
// if it is one datagram, and the socket's drops so far.
func (in *receiver) parse(i int) (segment int, drops uint32, dropsSet bool) {
	b := in.controls[i].bytes[:min(int(in.msgs[i].Hdr.Controllen), controlBytes)]
	for len(b) >= unix.SizeofCmsghdr {
		h := (*unix.Cmsghdr)(unsafe.Pointer(&b[0]))
		length := int(h.Len)
		if length < unix.CmsgLen(4) || length > len(b) {
			return
		}
		value := *(*uint32)(unsafe.Pointer(&b[unix.CmsgLen(0)]))
		switch {
		case h.Level == unix.SOL_UDP && h.Type == unix.UDP_GRO:
			segment = int(int32(value))
		case h.Level == unix.SOL_SOCKET && h.Type == unix.SO_RXQ_OVFL:
			drops, dropsSet = value, true
		}
		b = b[min(unix.CmsgSpace(length-unix.CmsgLen(0)), len(b)):]
	}
	return
}

// saw notes the socket's count of drops. A message may bring one that is older
// than what the kernel told when asked.
func (src *source) saw(drops uint32) {
	if more := int32(drops - src.drops); more > 0 {
		src.dropped += uint64(more)
		src.drops = drops
	}
}

// refresh brings Overruns up to date.
//
// SO_RXQ_OVFL counts what found no room and also what the filter of own
// datagrams dropped, and each value is as old as the message that brings it.
// So with the filter the kernel is asked for the present count (SO_MEMINFO)
// and the own messages are taken off it: own messages loop back within the
// send, so none is under way now. Should one be (or have been lost earlier),
// the difference is too small, never too large; the count never falls.
func (in *receiver) refresh() {
	total := uint64(0)
	for i := range in.sources {
		src := &in.sources[i]
		lost := src.dropped
		if src.filter {
			if m, err := in.k.memInfo(src.fd); err == nil {
				src.saw(m[memDrops])
			}
			lost = src.dropped - min(src.dropped, in.report.stats.OwnFiltered)
		}
		src.overruns = max(src.overruns, lost)
		total += src.overruns
	}
	in.report.stats.Overruns = total
}
