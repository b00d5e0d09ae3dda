package sock

import (
	"net/netip"
	"os"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"stampede/batch"
)

const (
	sendMessages = 256 // in one sendmmsg: 64 trains to 4 peers, or 4 trains without GSO
	sendElements = 2 * batch.MaxElements
)

// segmentControl is the control message that makes a message a train.
//
//	 0 ┌────────────────────┬──────────┬──────────┐
//	   │ length (u64 or u32)│ SOL_UDP  │ SEGMENT  │ struct cmsghdr
//	16 ├────────┬───────────┴──────────┴──────────┘
//	   │ u16    │ bytes of a segment
//	   └────────┘
type segmentControl struct {
	header  unix.Cmsghdr
	segment uint16
	_       [6]byte // to the size of CMSG_SPACE(2), whatever the word
}

// item is one message to be sent: a whole train, or one datagram of it.
type item struct {
	train *batch.Train
	part  int32 // datagram's number in the train, wholeTrain
	peer  int32 // index of the peer, toTrain or toGroup
	runt  bool
}

const (
	wholeTrain int32 = -1
	toTrain    int32 = -1
	toGroup    int32 = -2
)

// sender turns bursts into messages. Everything that the kernel reads is
// allocated once.
type sender struct {
	k      kernel
	fd     int
	v6     bool
	report *report
	zones  *zones

	group address
	peers []address

	// The message n is msgs[n], its address in names, its control message in
	// controls, its elements somewhere in iovs[:used].
	msgs     []unix.Mmsghdr
	names    []address
	controls []segmentControl
	items    []item
	iovs     []unix.Iovec
	n, used  int

	patience time.Duration // left of SendPatience
	burst    *batch.Burst
	redo     []item   // of a failed call, when the messages have to be made anew
	parts    [][]byte // of one message
	scratch  []byte   // for what is in too many pieces
	runt     []byte   // one zero byte
	pollFd   []unix.PollFd
}

func newSender(k kernel, fd int, p *plan, r *report, z *zones) *sender {
	s := &sender{
		k: k, fd: fd, v6: p.v6, report: r, zones: z,
		msgs:     make([]unix.Mmsghdr, sendMessages),
		names:    make([]address, sendMessages),
		controls: make([]segmentControl, sendMessages),
		items:    make([]item, sendMessages),
		iovs:     make([]unix.Iovec, sendElements),
		redo:     make([]item, 0, sendMessages),
		parts:    make([][]byte, 0, 8),
		runt:     make([]byte, 1),
		pollFd:   make([]unix.PollFd, 1),
	}
	for i := range s.controls {
		c := &s.controls[i].header
		c.Level, c.Type = unix.SOL_UDP, unix.UDP_SEGMENT
		c.SetLen(unix.CmsgLen(2))
	}
	if p.multicast() {
		s.group.set(p.Group, p.v6, z)
	}
	return s
}

// setPeers says where trains to everybody go without multicast.
func (s *sender) setPeers(peers []netip.AddrPort) {
	s.peers = make([]address, len(peers))
	for i, to := range peers {
		s.peers[i].set(to, s.v6, s.zones)
	}
}

// send puts all trains of b into messages and sends them in as few calls as
// fit.
func (s *sender) send(b *batch.Burst) (err error) {
	s.burst, s.patience = b, SendPatience
	for i := range b.Trains {
		if err = s.fanOut(&b.Trains[i]); err != nil {
			break
		}
	}
	if err == nil {
		err = s.flush()
	}
	s.burst, s.n, s.used = nil, 0, 0
	return err
}

// fanOut adds t once for each destination.
func (s *sender) fanOut(t *batch.Train) error {
	switch {
	case t.Count <= 0:
		return nil
	case t.To.IsValid():
		return s.addTrain(item{train: t, peer: toTrain})
	case s.group.size > 0:
		return s.addTrain(item{train: t, peer: toGroup})
	}
	for i := range s.peers {
		if err := s.addTrain(item{train: t, peer: int32(i)}); err != nil {
			return err
		}
	}
	return nil
}

// addTrain adds a train as one message if it may be one, else as many.
func (s *sender) addTrain(it item) error {
	t, f := it.train, &s.report.facts
	even := t.Count > 1 && t.Bytes == t.Count*t.Segment
	it.runt = f.Runt && even
	if t.Count == 1 || f.GSO.Mode == ModeOn && t.Count <= f.MaxSegments &&
		t.Bytes <= f.MaxTrainBytes && !(it.runt && t.Segment == 1) {
		it.part = wholeTrain
		return s.add(it)
	}
	return s.addPlain(it)
}

func (s *sender) addPlain(it item) error {
	it.runt = false
	for i := range it.train.Count {
		it.part = int32(i)
		if err := s.add(it); err != nil {
			return err
		}
	}
	return nil
}

// add makes the message for it, sending what is there if there is no room.
func (s *sender) add(it item) error {
	elements := s.burst.Iov(it.train)
	if it.part != wholeTrain {
		s.parts = s.burst.Datagram(it.train, int(it.part), s.parts[:0])
		elements = s.parts
	}
	if len(elements) >= batch.MaxElements { // a runt needs one more
		if err := s.flush(); err != nil { // an earlier copy may be in there
			return err
		}
		elements = s.gather(elements)
	}
	if s.n == len(s.msgs) || s.used+len(elements)+1 > len(s.iovs) {
		if err := s.flush(); err != nil {
			return err
		}
	}
	name := s.name(it)
	if name == nil {
		s.drop(&s.report.stats.DroppedUnreachable, it)
		return nil
	}
	first := s.used
	for _, e := range elements {
		s.addElement(e)
	}
	if it.runt {
		s.addElement(s.runt)
	}
	h := &s.msgs[s.n].Hdr
	h.Name, h.Namelen = name.pointer(), name.size
	h.Iov = &s.iovs[first]
	h.SetIovlen(s.used - first)
	h.Control = nil
	h.SetControllen(0)
	if it.part == wholeTrain && it.train.Count > 1 {
		c := &s.controls[s.n]
		c.segment = uint16(it.train.Segment)
		h.Control = (*byte)(unsafe.Pointer(c))
		h.SetControllen(unix.CmsgSpace(2))
	}
	s.items[s.n] = it
	s.n++
	return nil
}

func (s *sender) addElement(b []byte) {
	v := &s.iovs[s.used]
	v.Base = unsafe.SliceData(b)
	v.SetLen(len(b))
	s.used++
}

// name is the address that it goes to, nil if this socket cannot send there.
func (s *sender) name(it item) *address {
	switch it.peer {
	case toGroup:
		return &s.group
	case toTrain:
		if a := &s.names[s.n]; a.set(it.train.To, s.v6, s.zones) {
			return a
		}
		return nil
	}
	return &s.peers[it.peer]
}

// gather copies what is in more pieces than one message may have. There is one
// copy at a time.
func (s *sender) gather(elements [][]byte) [][]byte {
	if s.scratch == nil {
		s.scratch = make([]byte, 0, batch.ChunkBytes)
	}
	s.scratch = s.scratch[:0]
	for _, e := range elements {
		s.scratch = append(s.scratch, e...)
	}
	s.parts = append(s.parts[:0], s.scratch)
	s.report.stats.Gathered++
	return s.parts
}

// datagrams is how many datagrams the message holds, runt not counted.
func (it item) datagrams() uint64 {
	if it.part == wholeTrain {
		return uint64(it.train.Count)
	}
	return 1
}

func (it item) bytes() uint64 {
	t := it.train
	if it.part == wholeTrain {
		return uint64(t.Bytes)
	}
	return uint64(min(t.Segment, t.Bytes-int(it.part)*t.Segment))
}

func (it item) isTrain() bool { return it.part == wholeTrain && it.train.Count > 1 }

func (s *sender) drop(counter *uint64, it item) { *counter += it.datagrams() }

// flush sends the messages and forgets them, lent memory included.
func (s *sender) flush() error {
	err := s.drain()
	s.forget()
	return err
}

func (s *sender) forget() {
	clear(s.iovs[:s.used])
	s.n, s.used = 0, 0
}

// drain sends the messages. After an error of the call the first message that
// it did not take is judged, and the rest goes on from there.
func (s *sender) drain() error {
	tries := 0 // failed calls for message number done
	for done := 0; done < s.n; {
		sent, errno := s.k.sendmmsg(s.fd, s.msgs[done:s.n])
		if errno == 0 && sent > 0 {
			s.count(done, sent)
			done, tries = done+sent, 0
			continue
		}
		if errno == 0 {
			errno = unix.EAGAIN
		}
		switch s.judge(errno, s.items[done], tries) {
		case again:
			s.report.stats.SendRetries++
			tries++
		case skip:
			done, tries = done+1, 0
		case plainly:
			if err := s.plainly(done, errno); err != nil {
				return err
			}
			done, tries = 0, 0
		case fatal:
			return os.NewSyscallError("sendmmsg", errno)
		}
	}
	return nil
}

// count accounts for messages that were sent.
func (s *sender) count(first, n int) {
	c, f := &s.report.stats, &s.report.facts
	c.SendCalls++
	if first+n < s.n {
		c.PartialSends++
	}
	c.SentMessages += uint64(n)
	for _, it := range s.items[first : first+n] {
		c.SentDatagrams += it.datagrams()
		c.SentBytes += it.bytes()
		if it.peer == toGroup && f.Filter {
			c.OwnFiltered += it.filtered(f.GRO.Mode == ModeOn)
		}
	}
}

// filtered is how often the filter of our own group socket drops a message:
// once each message if the socket takes trains, else once each datagram.
func (it item) filtered(trains bool) uint64 {
	n := it.datagrams()
	switch {
	case trains:
		return 1
	case it.runt:
		return n + 1
	}
	return n
}
