package evs

import (
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// ofThread is what the calling thread may run on.
func ofThread(t *testing.T) (set unix.CPUSet) {
	t.Helper()
	if err := unix.SchedGetaffinity(0, &set); err != nil {
		t.Fatal(err)
	}
	return set
}

func firstOf(set *unix.CPUSet) int {
	for n := 0; ; n++ {
		if set.IsSet(n) {
			return n
		}
	}
}

// What is served runs on the loop's thread: it is on the one CPU that was given,
// at every event, and nothing else of the process is tied to it afterwards.
func TestTheLoopStaysOnItsCPU(t *testing.T) {
	allowed := ofThread(t)
	cpu := firstOf(&allowed)
	p, h, err := OpenHandle(testContext(t), Config{ID: 1, CPUs: []int{cpu}}, HandleOptions{}, Group{1})
	if err != nil {
		t.Fatal(err)
	}
	const events = 100
	thread, seen := 0, 0
	err = h.Serve(testContext(t), func(e []Event) error {
		set := ofThread(t)
		if set.Count() != 1 || !set.IsSet(cpu) {
			t.Errorf("the loop may run on %d CPUs", set.Count())
		}
		if id := unix.Gettid(); thread != 0 && id != thread {
			t.Errorf("the loop has moved from thread %d to %d", thread, id)
		} else {
			thread = id
		}
		if seen += len(e); seen >= events {
			return ErrClosed
		}
		_, err := h.TryMcastJoined(Agreed, []byte("x"))
		return err
	})
	if err != ErrClosed {
		t.Error(err)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	var now unix.CPUSet
	if err := unix.SchedGetaffinity(thread, &now); err == nil && now != allowed { // it may have ended
		t.Errorf("the thread was left with %d CPUs of %d", now.Count(), allowed.Count())
	}
}

func TestCPUsThatCannotBe(t *testing.T) {
	allowed, err := allowedCPUs()
	if err != nil {
		t.Fatal(err)
	}
	first := firstOf(allowed)
	for _, c := range []struct {
		cpu  int
		want string
	}{{-1, "there is no CPU -1"}, {100_000, "there is no CPU 100000"}} {
		p, err := Open(testContext(t), Config{ID: 1, CPUs: []int{first, c.cpu}})
		if err == nil {
			p.Close()
		}
		if err == nil || !strings.HasPrefix(err.Error(), "evs: Config.CPUs: "+c.want) {
			t.Errorf("CPU %d: %v", c.cpu, err)
		}
	}
	if _, err := os.Stat("/sys/devices/system/cpu/cpu1"); err != nil || !allowed.IsSet(0) || !allowed.IsSet(1) {
		t.Skip("takes two CPUs")
	}
	narrow := *allowed
	narrow.Clear(1)
	was := *allowed
	*allowed = narrow
	defer func() { *allowed = was }()
	if err := judgeCPUs([]int{0, 1}); err == nil || !strings.HasPrefix(err.Error(), "this process may not use CPU 1") {
		t.Error(err)
	}
}
