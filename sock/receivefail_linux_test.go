package sock

import (
	"errors"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"stampede/batch"
)

func TestReceiveRecovers(t *testing.T) {
	for _, errno := range []syscall.Errno{unix.EINTR, unix.ECONNREFUSED, unix.EHOSTUNREACH, unix.ENOMEM, unix.ENOBUFS} {
		k := &faulty{}
		s := openOn(t, k, Config{Bind: home4})
		want := run(3, 100, 0)
		mustSend(t, s, burstOf(s.Local(), want...))
		n := 3
		k.onReceive = func([]unix.Mmsghdr) syscall.Errno {
			if n--; n >= 0 {
				return errno
			}
			return 0
		}
		same(t, collect(t, s, 3), s.Local(), want)
		if got := s.Stats().ReceiveRetries; got != 3 {
			t.Errorf("%v: %d retries, want 3", errno, got)
		}
	}
}

// An error that stays does not hold Receive.
func TestReceiveGivesUp(t *testing.T) {
	defer hang(t)()
	k := &faulty{}
	s := openOn(t, k, Config{Bind: home4})
	k.onReceive = func([]unix.Mmsghdr) syscall.Errno { return unix.EINTR }
	quiet(t, s)
}

func TestReceiveFails(t *testing.T) {
	for _, errno := range []syscall.Errno{unix.EBADF, unix.ENOTSOCK, unix.EFAULT} {
		k := &faulty{}
		s := openOn(t, k, Config{Bind: home4})
		k.onReceive = func([]unix.Mmsghdr) syscall.Errno { return errno }
		_, err := s.Receive(make([]batch.Arrival, 1))
		if !errors.Is(err, errno) || err.Error() != "recvmmsg: "+errno.Error() {
			t.Errorf("%v, want recvmmsg: %v", err, errno)
		}
	}
}

// A message whose control data was cut may be a train of unknown segments.
func TestReceiveControlCut(t *testing.T) {
	k := &faulty{}
	s := openOn(t, k, Config{Bind: home4})
	cut := true
	k.after = func(msgs []unix.Mmsghdr) {
		if cut {
			msgs[0].Hdr.Flags |= unix.MSG_CTRUNC
			msgs[0].Hdr.SetControllen(0)
			cut = false
		}
	}
	want := run(1, 100, 0)
	mustSend(t, s, burstOf(s.Local(), run(5, 1000, 0)...))
	mustSend(t, s, burstOf(s.Local(), want...))
	same(t, collect(t, s, 1), s.Local(), want)
	if n := s.Stats().DroppedControl; n != 1 {
		t.Errorf("%d messages without control data, want 1", n)
	}
}

// Rubbish in control data is no segment size, and no fault.
func TestReceiveControlRubbish(t *testing.T) {
	k := &faulty{}
	s := openOn(t, k, Config{Bind: home4})
	for length := range 2 * controlBytes {
		for _, fill := range []byte{0, 1, 16, 20, 255} {
			k.after = func(msgs []unix.Mmsghdr) {
				h := &msgs[0].Hdr
				for i := range controlBytes {
					s.link.(*mmsg).in.controls[0].bytes[i] = fill
				}
				h.SetControllen(length)
			}
			mustSend(t, s, burstOf(s.Local(), run(1, 100, 0)...))
			same(t, collect(t, s, 1), s.Local(), run(1, 100, 0))
		}
	}
}

func TestWaitInterrupted(t *testing.T) {
	for _, errno := range []syscall.Errno{unix.EINTR, unix.EAGAIN, unix.ENOMEM} {
		k := &faulty{}
		s := openOn(t, k, Config{Bind: home4})
		n := 5
		k.onPoll = func([]unix.PollFd, time.Duration) (int, syscall.Errno, bool) {
			n--
			return 0, errno, n >= 0
		}
		want := run(3, 100, 0)
		mustSend(t, s, burstOf(s.Local(), want...))
		for range 5 {
			mustWait(t, s, 0)
		}
		same(t, collect(t, s, 3), s.Local(), want)
	}
}

func TestWaitFails(t *testing.T) {
	k := &faulty{}
	s := openOn(t, k, Config{Bind: home4})
	k.onPoll = func([]unix.PollFd, time.Duration) (int, syscall.Errno, bool) { return 0, unix.EFAULT, true }
	if err := s.Wait(0); !errors.Is(err, unix.EFAULT) {
		t.Errorf("%v, want EFAULT", err)
	}
}

// What finds no room is counted, whether the filter drops own datagrams all
// the time or not.
func TestOverruns(t *testing.T) {
	for _, w := range []way{{}, {gro: Off}} {
		for _, multicast := range []bool{false, true} {
			c := w.config(Config{Bind: home4, Datagram: 1400, ReceiveBuffer: 20000})
			if multicast {
				c.Group = groupFor()
			}
			receiver := mustOpen(t, c)
			c.ReceiveBuffer = 0
			sender := mustOpen(t, c)
			to := everyone
			if !multicast {
				to = receiver.Local()
			}
			const sent = 200
			for i := range sent {
				mustSend(t, sender, burstOf(to, run(1, 1000, 0)...))
				if multicast && i%2 == 0 { // comes back to our own filter
					mustSend(t, receiver, burstOf(everyone, run(5, 1000, 0)...))
				}
			}
			receiver.Stats() // asks the kernel; what waits brings older counts
			received := uint64(0)
			dst := make([]batch.Arrival, 64)
			for n := -1; n != 0; received += uint64(n) {
				var err error
				if n, err = receiver.Receive(dst); err != nil {
					t.Fatal(err)
				}
			}
			// The count comes with the next message that finds room.
			mustSend(t, sender, burstOf(to, run(1, 1000, 0)...))
			received += uint64(len(collect(t, receiver, 1)))
			st := receiver.Stats()
			if st.Overruns == 0 || received+st.Overruns != sent+1 {
				t.Errorf("%v, multicast %v: %d received and %d overruns of %d; %d own filtered",
					w, multicast, received, st.Overruns, sent+1, st.OwnFiltered)
			}
			if multicast != (st.OwnFiltered > 0) {
				t.Errorf("%v: %d own datagrams filtered", w, st.OwnFiltered)
			}
		}
	}
}

// The kernel's count has 32 bits.
func TestOverrunsWrap(t *testing.T) {
	src := source{drops: 1<<32 - 10}
	for _, c := range []struct {
		drops uint32
		want  uint64
	}{{1<<32 - 5, 5}, {1<<32 - 8, 5}, {3, 13}, {1<<32 - 1, 13}, {4, 14}} {
		if src.saw(c.drops); src.dropped != c.want {
			t.Errorf("at %d: %d dropped, want %d", c.drops, src.dropped, c.want)
		}
	}
}

// Under a flood of multicast, unicast gets through, and the other way round.
func TestSourcesTakeTurns(t *testing.T) {
	c := Config{Bind: home4, Group: groupFor(), Datagram: 1400, Batch: 4, RingSlots: 4}
	receiver, sender := mustOpen(t, c), mustOpen(t, c)
	for i := range 100 {
		mustSend(t, sender, burstOf(everyone, &batch.Datagram{Bytes: payload(i, 100)}))
		mustSend(t, sender, burstOf(receiver.Local(), &batch.Datagram{Bytes: payload(i, 200)}))
	}
	var of [2]int
	dst := make([]batch.Arrival, 4)
	for range 10 {
		mustWait(t, receiver, 0)
		n, err := receiver.Receive(dst)
		if err != nil {
			t.Fatal(err)
		}
		for i := range dst[:n] {
			of[len(dst[i].Bytes)/100-1]++
		}
	}
	if of[0] != 20 || of[1] != 20 {
		t.Errorf("10 receives of 4 gave %d multicast and %d unicast, want 20 each", of[0], of[1])
	}
}
