//go:build !linux

package bench

import "time"

// began and epoch anchor the shared clock: at the wall clock, which is all
// that processes are sure to share, and from there on at the runtime's.
var began = time.Now()
var epoch = began.UnixNano()

// now is the shared clock in ns.
func now() int64 { return epoch + int64(time.Since(began)) }

// sleepUntil returns at t of the shared clock or later, by what the system's
// timers are good for.
func sleepUntil(t int64) { time.Sleep(time.Duration(t - now())) }

func precise() {}
