package lab

import "testing"

func TestMakerOfName(t *testing.T) {
	if pid, ok := maker(namespace(123, 4, 5)); !ok || pid != 123 {
		t.Errorf("maker %d, %v", pid, ok)
	}
	for _, foreign := range []string{"", "stampede-", "stampede-1", "stampede-1-2", "stampede-1-2-3x", "stampede-x-1-1", "other-1-2-3", "stampede-01-2-3"} {
		if pid, ok := maker(foreign); ok {
			t.Errorf("%q taken for a lab of %d", foreign, pid)
		}
	}
}

func TestAddresses(t *testing.T) {
	if got := address4(3).String(); got != "10.77.0.3" {
		t.Error(got)
	}
	if got := address6(3).String(); got != "fd00:77::3" {
		t.Error(got)
	}
}

func TestHostsAreCounted(t *testing.T) {
	for _, hosts := range []int{-1, 0, MaxHosts + 1} {
		if _, err := New(t.Context(), hosts); err == nil {
			t.Errorf("made a lab of %d hosts", hosts)
		}
	}
}
