//go:build !linux

package bench

import "time"

// began and epoch anchor the shared clock: at the wall clock, which is all
// that processes are sure to share, and from there on at the runtime's.
var began = time.Now()
var epoch = began.UnixNano()

// now is the shared clock in ns.
func now() int64 { return epoch + int64(time.Since(began)) }

// alarm wakes a goroutine at a time of the shared clock.
type alarm struct{}

func newAlarm() (*alarm, error) { return &alarm{}, nil }

// await returns at t or later, as exact as the system's timers are.
func (*alarm) await(t int64) error {
	time.Sleep(time.Duration(t - now()))
	return nil
}

func (*alarm) Close() error { return nil }
