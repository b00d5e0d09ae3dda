package sock

import (
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// looks records what a wait asks of the kernel, which has nothing for it.
type looks struct {
	spins int
	slept []time.Duration
	then  func() // at every look
}

func (l *looks) poll([]unix.PollFd, time.Duration) (int, syscall.Errno, bool) {
	l.spins++
	l.also()
	return 0, 0, true
}

func (l *looks) sleep(d time.Duration) (int, error) {
	l.slept = append(l.slept, d)
	l.also()
	return 0, nil
}

func (l *looks) also() {
	if l.then != nil {
		l.then()
	}
}

// spinner is a socket that spins for so long, on whatever machine.
func spinner(t *testing.T, spin time.Duration) (*Socket, *looks) {
	k, l := &faulty{}, &looks{}
	s := openOn(t, k, Config{Bind: home4})
	w := s.link.(*mmsg).waiter
	w.spin, w.sleep = spin, l.sleep
	k.onPoll = l.poll
	return s, l
}

// Adaptive looks for a while, then sleeps for the rest of the time.
func TestAdaptiveSpinsThenSleeps(t *testing.T) {
	const spin = 50 * time.Microsecond
	s, l := spinner(t, spin)
	mustWait(t, s, time.Hour)
	if l.spins == 0 || len(l.slept) != 1 || l.slept[0] > time.Hour-spin {
		t.Errorf("%d looks, then slept %v", l.spins, l.slept)
	}
	mustWait(t, s, -1)
	if len(l.slept) != 2 || l.slept[1] >= 0 {
		t.Errorf("slept %v, the second time to be without end", l.slept)
	}
	if st := s.Stats(); st.Sleeps != 2 {
		t.Errorf("%d sleeps counted", st.Sleeps)
	}
}

// A wait shorter than the spinning time never sleeps, and one for no time
// looks once.
func TestAdaptiveShortWaits(t *testing.T) {
	s, l := spinner(t, time.Hour)
	mustWait(t, s, time.Microsecond)
	if l.spins == 0 || l.slept != nil {
		t.Errorf("%d looks, then slept %v", l.spins, l.slept)
	}
	l.spins = 0
	mustWait(t, s, 0)
	if l.spins != 1 || l.slept != nil {
		t.Errorf("%d looks, then slept %v", l.spins, l.slept)
	}
}

// Who spins hears a wake without a system call of the waker.
func TestSpinHearsWake(t *testing.T) {
	defer hang(t)()
	for _, spin := range []time.Duration{-1, time.Hour} {
		s, l := spinner(t, spin)
		l.then = func() {
			if l.spins == 100 {
				s.Wake()
			}
		}
		mustWait(t, s, -1)
		if l.slept != nil || s.Stats().Wakes != 0 {
			t.Errorf("slept %v, %d system calls to wake", l.slept, s.Stats().Wakes)
		}
		l.then = nil
		mustWait(t, s, 0) // the ring was taken: this one looks
		if l.spins < 101 {
			t.Errorf("%d looks", l.spins)
		}
	}
}

// With two cores spinning is refused, and that is told.
func TestAdaptiveNeedsCores(t *testing.T) {
	s := mustOpen(t, Config{Bind: home4, Wait: Adaptive})
	few := cores() <= 2
	if blocks := s.Facts().Wait == Block; blocks != few {
		t.Errorf("with %d cores it waits by %v", cores(), s.Facts().Wait)
	}
	if told := find(s.Degradations(), "wait") != nil; told != few {
		t.Errorf("with %d cores, told of it: %v", cores(), told)
	}
}
