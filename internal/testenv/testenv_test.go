package testenv

import (
	"runtime"
	"testing"
)

// record is a testing.TB that notes how a test ended.
type record struct {
	testing.TB
	skipped, failed bool
}

func (r *record) Helper()               {}
func (r *record) Skip(...any)           { r.skipped = true; runtime.Goexit() }
func (r *record) Fatalf(string, ...any) { r.failed = true; runtime.Goexit() }

// outcome runs need the way a test would.
func outcome(t *testing.T, need func(testing.TB)) *record {
	r := &record{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		need(r)
	}()
	<-done
	return r
}

func TestSkipFailsWhereAllIsRequired(t *testing.T) {
	for value, required := range map[string]bool{"": false, "0": false, "1": true} {
		t.Setenv(RequireAll, value)
		r := outcome(t, func(t testing.TB) { Skip(t, "no such thing here") })
		if r.failed != required || r.skipped == required {
			t.Errorf("%s=%s: skipped %v, failed %v", RequireAll, value, r.skipped, r.failed)
		}
	}
}

func TestNeedCommand(t *testing.T) {
	t.Setenv(RequireAll, "")
	for name, missing := range map[string]bool{"go": false, "no-such-command-here": true} {
		r := outcome(t, func(t testing.TB) { NeedCommand(t, name) })
		if r.skipped != missing {
			t.Errorf("%s: skipped %v, want %v", name, r.skipped, missing)
		}
	}
}
