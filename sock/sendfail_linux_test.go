package sock

import (
	"errors"
	"net/netip"
	"slices"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"stampede/batch"
)

// times makes errno happen n times.
func times(n int, errno syscall.Errno) sendFault {
	return func([]unix.Mmsghdr) (int, syscall.Errno) {
		if n--; n >= 0 {
			return 0, errno
		}
		return 0, 0
	}
}

// always makes errno happen to every message that f picks; those before it go.
func always(errno syscall.Errno, f func(*unix.Mmsghdr) bool) sendFault {
	return func(msgs []unix.Mmsghdr) (int, syscall.Errno) {
		first := slices.IndexFunc(msgs, func(m unix.Mmsghdr) bool { return f(&m) })
		if first == 0 {
			return 0, errno
		}
		return max(first, 0), 0
	}
}

func isTrain(m *unix.Mmsghdr) bool { return m.Hdr.Controllen > 0 }

// Whatever the kernel does to sends for a while, everything arrives, once and
// in order; and without trains if it takes none.
func TestSendRecovers(t *testing.T) {
	for _, c := range []struct {
		name    string
		fault   func() sendFault
		gso     Mode // afterwards
		counted func(Stats) uint64
	}{
		{"EINTR", func() sendFault { return times(5, unix.EINTR) }, ModeOn,
			func(s Stats) uint64 { return s.SendRetries }},
		{"partial", func() sendFault { return func([]unix.Mmsghdr) (int, syscall.Errno) { return 1, 0 } }, ModeOn,
			func(s Stats) uint64 { return s.PartialSends }},
		{"ECONNREFUSED of another", func() sendFault { return times(1, unix.ECONNREFUSED) }, ModeOn,
			func(s Stats) uint64 { return s.SendRetries }},
		{"EHOSTUNREACH of another", func() sendFault { return times(1, unix.EHOSTUNREACH) }, ModeOn,
			func(s Stats) uint64 { return s.SendRetries }},
		{"EAGAIN", func() sendFault { return times(3, unix.EAGAIN) }, ModeOn,
			func(s Stats) uint64 { return s.SendWaits }},
		{"ENOBUFS", func() sendFault { return times(3, unix.ENOBUFS) }, ModeOn,
			func(s Stats) uint64 { return s.SendPauses }},
		{"ENOMEM", func() sendFault { return times(3, unix.ENOMEM) }, ModeOn,
			func(s Stats) uint64 { return s.SendPauses }},
		{"EIO", func() sendFault { return always(unix.EIO, isTrain) }, ModeFallback,
			func(s Stats) uint64 { return s.Degradations }},
		{"EINVAL", func() sendFault { return always(unix.EINVAL, isTrain) }, ModeFallback,
			func(s Stats) uint64 { return s.Degradations }},
		{"ENOPROTOOPT", func() sendFault { return always(unix.ENOPROTOOPT, isTrain) }, ModeFallback,
			func(s Stats) uint64 { return s.Degradations }},
		{"EMSGSIZE", func() sendFault { return always(unix.EMSGSIZE, isTrain) }, ModeFallback,
			func(s Stats) uint64 { return s.Degradations }},
		{"EIO and partial", func() sendFault {
			refuse := always(unix.EIO, isTrain)
			return func(msgs []unix.Mmsghdr) (int, syscall.Errno) {
				limit, errno := refuse(msgs)
				return min(max(limit, 1), 3), errno
			}
		}, ModeFallback, func(s Stats) uint64 { return s.PartialSends }},
	} {
		for _, gro := range []Switch{Auto, Off} {
			t.Run(c.name+" gro="+gro.String(), func(t *testing.T) {
				first := mustOpen(t, Config{Bind: home4, Datagram: 1400, GRO: gro})
				second := mustOpen(t, Config{Bind: home4, Datagram: 1400, GRO: gro})
				k := &faulty{}
				s := openOn(t, k, Config{Bind: home4, Datagram: 1400, Peers: []netip.AddrPort{first.Local(), second.Local()}})
				k.onSend = c.fault()
				want := append(mixture(), mixture()...)
				mustSend(t, s, burstOf(everyone, want...))
				for _, r := range []*Socket{first, second} {
					same(t, collect(t, r, len(want)), s.Local(), want)
					quiet(t, r)
				}
				if st := s.Stats(); st.SentDatagrams != 2*uint64(len(want)) || c.counted(st) == 0 {
					t.Errorf("stats %+v", st)
				}
				judgeGSO(t, s, c.gso)
			})
		}
	}
}

// judgeGSO checks the mode and that it was told of once.
func judgeGSO(t *testing.T, s *Socket, want Mode) {
	t.Helper()
	f := s.Facts().GSO
	if f.Mode != want || (f.Cause != "") != (want == ModeFallback) {
		t.Errorf("GSO is %v, want %v", f, want)
	}
	told := s.Degradations()
	if d := find(told, "gso"); (d != nil) != (want == ModeFallback) || len(told) > 1 {
		t.Errorf("told: %v", told)
	}
	if d := s.Degradations(); d != nil {
		t.Errorf("told twice: %v", d)
	}
}

// What the kernel refuses for good is dropped and counted by cause; what
// follows is sent.
func TestSendDrops(t *testing.T) {
	lone := func(m *unix.Mmsghdr) bool { return !isTrain(m) }
	for _, c := range []struct {
		errno   syscall.Errno
		picks   func(*unix.Mmsghdr) bool
		counter func(Stats) uint64
	}{
		{unix.EAGAIN, isTrain, func(s Stats) uint64 { return s.DroppedFull }},
		{unix.EAGAIN, lone, func(s Stats) uint64 { return s.DroppedFull }},
		{unix.ENOBUFS, isTrain, func(s Stats) uint64 { return s.DroppedNoBuffers }},
		{unix.ENOBUFS, lone, func(s Stats) uint64 { return s.DroppedNoBuffers }},
		{unix.ECONNREFUSED, isTrain, func(s Stats) uint64 { return s.DroppedUnreachable }},
		{unix.ENETUNREACH, lone, func(s Stats) uint64 { return s.DroppedUnreachable }},
		{unix.EPERM, isTrain, func(s Stats) uint64 { return s.DroppedUnreachable }},
		{unix.EINVAL, lone, func(s Stats) uint64 { return s.DroppedUnreachable }},
		{unix.EMSGSIZE, lone, func(s Stats) uint64 { return s.DroppedTooBig }},
	} {
		receiver := mustOpen(t, Config{Bind: home4, Datagram: 1400})
		k := &faulty{}
		s := openOn(t, k, Config{Bind: home4, Datagram: 1400})
		k.onSend = always(c.errno, c.picks)
		train, one := run(5, 1000, 0), run(1, 1200, 0)
		b := burstOf(receiver.Local(), train...)
		b.Add(receiver.Local(), one[0])
		mustSend(t, s, b)
		want := train
		if c.picks(&unix.Mmsghdr{}) { // picks what is no train
			same(t, collect(t, receiver, len(train)), s.Local(), train)
			want = one
		} else {
			same(t, collect(t, receiver, 1), s.Local(), one)
		}
		quiet(t, receiver)
		if n := c.counter(s.Stats()); n != uint64(len(want)) {
			t.Errorf("%v: %d dropped, want %d; %+v", c.errno, n, len(want), s.Stats())
		}
		judgeGSO(t, s, ModeOn)
	}
}

// The wait for room is bounded over a whole burst, not for each message, and
// begins anew with the next burst.
func TestSendPatience(t *testing.T) {
	k := &faulty{}
	s := openOn(t, k, Config{Bind: home4, Datagram: 1400, GSO: Off})
	k.onSend = func([]unix.Mmsghdr) (int, syscall.Errno) { return 0, unix.EAGAIN }
	var waited time.Duration
	k.onPoll = func(_ []unix.PollFd, d time.Duration) (int, syscall.Errno, bool) {
		waited += d // nothing becomes writable; the test does not wait
		return 0, 0, true
	}
	for range 2 {
		waited = 0
		mustSend(t, s, burstOf(s.Local(), run(64, 1000, 0)...))
		if waited != SendPatience {
			t.Errorf("waited %v in one burst, want %v", waited, SendPatience)
		}
	}
	if n := s.Stats().DroppedFull; n != 128 {
		t.Errorf("%d dropped, want 128", n)
	}
}

// A socket that claims to be writable and takes nothing does not hold us.
func TestSendNeverWritable(t *testing.T) {
	defer hang(t)()
	k := &faulty{}
	s := openOn(t, k, Config{Bind: home4})
	k.onSend = times(1<<30, unix.EAGAIN)
	k.onPoll = func([]unix.PollFd, time.Duration) (int, syscall.Errno, bool) { return 1, 0, true }
	mustSend(t, s, burstOf(s.Local(), run(3, 1000, 0)...))
	k.onPoll = func([]unix.PollFd, time.Duration) (int, syscall.Errno, bool) { return 0, unix.EINTR, true }
	mustSend(t, s, burstOf(s.Local(), run(3, 1000, 0)...))
	if n := s.Stats().DroppedFull; n != 6 {
		t.Errorf("%d dropped, want 6", n)
	}
}

// An interface that became narrower: datagrams are too long whether they go in
// trains or not. Trains are not to blame.
func TestSendTooBigForTrains(t *testing.T) {
	receiver := mustOpen(t, Config{Bind: home4, Datagram: 1400})
	k := &faulty{}
	s := openOn(t, k, Config{Bind: home4, Datagram: 1400})
	long := func(m *unix.Mmsghdr) bool { return m.Hdr.Iov.Len > 1200 }
	for _, errno := range []syscall.Errno{unix.EINVAL, unix.EMSGSIZE} { // old kernels, new ones
		k.onSend = func(msgs []unix.Mmsghdr) (int, syscall.Errno) {
			if limit, e := always(errno, isTrain)(msgs); e != 0 || limit > 0 {
				return limit, e
			}
			return always(unix.EMSGSIZE, long)(msgs)
		}
		b := burstOf(receiver.Local(), run(10, 1400, 0)...)
		for _, d := range run(20, 1300, 50) {
			b.Add(receiver.Local(), d)
		}
		mustSend(t, s, b)
	}
	if have := collect(t, receiver, 2); len(have[0].bytes) != 50 || len(have[1].bytes) != 50 {
		t.Error("the short ends of the trains were to arrive")
	}
	if n := s.Stats().DroppedTooBig; n != 2*(10+19) {
		t.Errorf("%d too big, want %d", n, 2*(10+19))
	}
	judgeGSO(t, s, ModeOn)
}

// Many trains in one burst that all have to be taken apart, more than fit the
// messages of one call.
func TestSendManyTrainsPlainly(t *testing.T) {
	receiver := mustOpen(t, Config{Bind: home4, Datagram: 1400})
	k := &faulty{}
	s := openOn(t, k, Config{Bind: home4, Datagram: 1400})
	k.onSend = always(unix.EIO, isTrain)
	var want []*batch.Datagram
	for range 30 {
		want = append(want, run(40, 200, 100)...)
	}
	mustSend(t, s, burstOf(receiver.Local(), want...))
	same(t, collect(t, receiver, len(want)), s.Local(), want)
	judgeGSO(t, s, ModeFallback)
}

// Errors that no datagram is to blame for end the burst.
func TestSendFails(t *testing.T) {
	for _, errno := range []syscall.Errno{unix.EBADF, unix.ENOTSOCK, unix.EFAULT, unix.ENOSYS} {
		k := &faulty{}
		s := openOn(t, k, Config{Bind: home4})
		k.onSend = times(1, errno)
		err := s.Send(burstOf(s.Local(), run(3, 100, 0)...))
		if !errors.Is(err, errno) || err.Error() != "sendmmsg: "+errno.Error() {
			t.Errorf("%v, want sendmmsg: %v", err, errno)
		}
		quiet(t, s)
		mustSend(t, s, burstOf(s.Local(), run(3, 100, 0)...)) // starts clean
		same(t, collect(t, s, 3), s.Local(), run(3, 100, 0))
	}
}

// A train of equal datagrams gets a runt behind it where that is asked for,
// others do not.
func TestRunt(t *testing.T) {
	for _, gro := range []Switch{Auto, Off} {
		c := Config{Bind: home4, Group: groupFor(), Datagram: 1000, GRO: gro}
		receiver := mustOpen(t, c)
		c.Runt = On
		s := mustOpen(t, c)
		f := s.Facts()
		if !f.Runt || f.MaxSegments != 63 || f.MaxTrainBytes != batch.MaxTrainBytes-1 {
			t.Errorf("%v, %d segments, %d bytes", f.Runt, f.MaxSegments, f.MaxTrainBytes)
		}
		runt := &batch.Datagram{Bytes: []byte{0}}
		var sent, want []*batch.Datagram
		for _, c := range []struct {
			train []*batch.Datagram
			runt  bool
		}{
			{run(5, 1000, 0), true},
			{run(5, 900, 70), false},
			{run(1, 800, 0), false},
			{run(63, 700, 0), true},
			{run(64, 600, 0), false}, // one segment too many: goes one by one
			{run(3, 1, 0), false},    // a runt would not be shorter
		} {
			sent, want = append(sent, c.train...), append(want, c.train...)
			if c.runt {
				want = append(want, runt)
			}
			mustSend(t, s, burstOf(everyone, c.train...))
		}
		same(t, collect(t, receiver, len(want)), s.Local(), want)
		quiet(t, receiver)
		if st := s.Stats(); st.SentDatagrams != uint64(len(sent)) || st.Overruns != 0 {
			t.Errorf("%d datagrams sent, %d overruns, want %d, 0", st.SentDatagrams, st.Overruns, len(sent))
		}
		judgeGSO(t, s, ModeOn)
	}
}
