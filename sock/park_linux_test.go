package sock

import (
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// parked is a parking for the reading end of a pipe.
func parked(t *testing.T) (p *parking, write func()) {
	t.Helper()
	var fds [2]int
	if err := unix.Pipe2(fds[:], unix.O_CLOEXEC|unix.O_NONBLOCK); err != nil {
		t.Fatal(err)
	}
	p, err := newParking(fds[:1])
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.close()
		unix.Close(fds[0])
		unix.Close(fds[1])
	})
	return p, func() {
		if _, err := unix.Write(fds[1], []byte{1}); err != nil {
			t.Error(err)
		}
	}
}

func (p *parking) mustSleep(t *testing.T, d time.Duration) int {
	t.Helper()
	ready, err := p.sleep(d)
	if err != nil {
		t.Fatal(err)
	}
	return ready
}

// What is readable is told again until it is read, whoever else ends a sleep.
func TestParkedTillReadable(t *testing.T) {
	defer hang(t)()
	p, write := parked(t)
	go write()
	for range 2 {
		if ready := p.mustSleep(t, -1); ready != 1 {
			t.Errorf("readable: %b", ready)
		}
	}
	p.wake()
	for ready := 0; ready == 0; {
		ready = p.mustSleep(t, time.Hour)
	}
}

// A wake ends the sleep that is under way or the next, and no other.
func TestParkedTillWoken(t *testing.T) {
	defer hang(t)()
	p, write := parked(t)
	p.wake()
	p.wake()
	if ready := p.mustSleep(t, -1); ready != 0 {
		t.Errorf("readable: %b", ready)
	}
	go p.wake()
	if ready := p.mustSleep(t, -1); ready != 0 {
		t.Errorf("readable: %b", ready)
	}
	go write()
	if ready := p.mustSleep(t, -1); ready != 1 {
		t.Errorf("readable: %b, after a wake that was heard", ready)
	}
}

// A sleep ends in time also when an earlier one was to last longer, and when the
// timer of an earlier one goes off in it.
func TestParkedForATime(t *testing.T) {
	defer hang(t)()
	p, write := parked(t)
	p.wake()
	p.mustSleep(t, time.Hour)
	p.mustSleep(t, time.Millisecond) // sets the timer anew
	if !p.armed.IsZero() {
		t.Errorf("the timer is still to go off at %v", p.armed)
	}
	p.wake()
	p.mustSleep(t, 2*time.Millisecond)
	for !p.armed.IsZero() { // its timer is left
		p.mustSleep(t, time.Hour)
		if time.Until(p.armed) > time.Minute {
			break // that was gone before, and this hour's is set
		}
	}
	go write()
	for ready := 0; ready == 0; {
		ready = p.mustSleep(t, time.Hour)
	}
}
