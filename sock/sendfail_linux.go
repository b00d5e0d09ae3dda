package sock

import (
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// sendPause is how long a send waits when the device's queue is full: about
// what 1 Gb/s needs for a small part of a queue of 1000 frames. There is
// nothing to poll for.
const sendPause = 100 * time.Microsecond

// verdict is what becomes of the message that a send failed at.
type verdict uint8

const (
	again   verdict = iota
	skip            // it was counted as dropped
	plainly         // a train: send its datagrams one by one
	fatal
)

// judge decides about the message that sendmmsg failed at for the (tries+1)th
// time.
func (s *sender) judge(errno syscall.Errno, it item, tries int) verdict {
	c := &s.report.stats
	switch errno {
	case unix.EINTR:
		return again
	case unix.EAGAIN:
		if s.waitWritable() {
			return again
		}
		s.drop(&c.DroppedFull, it)
		return skip
	case unix.ENOBUFS, unix.ENOMEM:
		if s.pause() {
			return again
		}
		s.drop(&c.DroppedNoBuffers, it)
		return skip
	case unix.EIO, unix.EINVAL, unix.EMSGSIZE, unix.ENOPROTOOPT, unix.EOPNOTSUPP:
		// EIO: the device cannot compute checksums, and segmenting needs it.
		// EINVAL, EMSGSIZE: no UDP_SEGMENT here, or a segment exceeds the MTU.
		if it.isTrain() {
			return plainly
		}
		if errno == unix.EMSGSIZE {
			s.drop(&c.DroppedTooBig, it)
			return skip
		}
	case unix.EBADF, unix.ENOTSOCK, unix.EFAULT, unix.ENOSYS:
		return fatal
	}
	// ECONNREFUSED, EHOSTUNREACH, EPERM and their like. Once it may be the
	// echo of an earlier datagram: the kernel tells the socket, not the
	// message. Twice it is this one's.
	if tries == 0 {
		return again
	}
	s.drop(&c.DroppedUnreachable, it)
	return skip
}

// waitWritable waits for room in the send buffer while patience lasts.
func (s *sender) waitWritable() bool {
	for s.patience > 0 {
		s.report.stats.SendWaits++
		s.pollFd[0] = unix.PollFd{Fd: int32(s.fd), Events: unix.POLLOUT}
		start := time.Now()
		n, errno := s.k.poll(s.pollFd, s.patience)
		if errno == 0 && n == 0 {
			s.patience = 0
			return false
		}
		// At least the pause, or a socket that is writable and yet takes
		// nothing would keep us here.
		s.patience -= max(time.Since(start), sendPause)
		if errno == 0 {
			return true
		}
	}
	return false
}

// pause lets the device's queue drain while patience lasts.
func (s *sender) pause() bool {
	if s.patience <= 0 {
		return false
	}
	s.report.stats.SendPauses++
	s.patience -= sendPause
	s.k.poll(nil, sendPause) // interrupted: a shorter pause
	return true
}

// plainly sends the train at message number done datagram by datagram, and
// makes the messages after it anew. If its datagrams went, it was the train
// that the kernel did not like, and there will be no more of them. If they are
// too big by themselves, trains are not to blame.
func (s *sender) plainly(done int, errno syscall.Errno) error {
	redo := append(s.redo[:0], s.items[done:s.n]...)
	s.redo = nil // a send within is on its own
	s.forget()

	c := &s.report.stats
	sent, tooBig := c.SentDatagrams, c.DroppedTooBig
	err := s.addPlain(redo[0])
	if err == nil {
		err = s.flush()
	}
	if c.SentDatagrams > sent && c.DroppedTooBig == tooBig {
		s.trainsOff(errno)
	}
	for _, it := range redo[1:] {
		if err != nil {
			break
		}
		if it.part == wholeTrain {
			err = s.addTrain(it)
		} else {
			err = s.add(it)
		}
	}
	clear(redo)
	s.redo = redo[:0]
	return err
}

// trainsOff gives UDP_SEGMENT up for good.
func (s *sender) trainsOff(errno syscall.Errno) {
	f := &s.report.facts
	if f.GSO.Mode != ModeOn {
		return
	}
	cause := os.NewSyscallError("sendmmsg with UDP_SEGMENT", errno)
	f.GSO = State{ModeFallback, cause.Error()}
	s.report.degrade("gso", cause)
	s.report.tell()
}
