// Package host looks at the machine it runs on and says what stands in the way
// of a processor there: what it found, whether that will do, what to change,
// and what the change would bring.
//
// Reading and judging are apart. Look reads a Machine: from /proc and /sys,
// which may stand under any fs.FS, from the card's driver (ethtool) and from
// the Go runtime. Judge compares it, and a socket that was opened as the
// processor would open it, with what the processor needs, and reads nothing
// more. So every finding can be had of a made-up machine.
//
// What is read is what holds for this very process: its cgroup, its limits and
// its processors may differ from those of a service. Linux only; elsewhere Look
// returns ErrUnsupported.
package host
