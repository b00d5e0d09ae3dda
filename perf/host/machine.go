package host

import (
	"errors"
	"time"

	"stampede/sock"
)

// ErrUnsupported says that this system has none of the files that Look reads.
var ErrUnsupported = errors.New("host: only Linux can be looked at")

// Need is what the processor is to do.
type Need struct {
	WindowBytes int           // evs.Config.WindowBytes
	Detect      time.Duration // evs.Config.Detect
	Wait        sock.Wait
	Multicast   bool
}

// Socket is what opening a socket as the processor would came to.
type Socket struct {
	Facts        sock.Facts
	Degradations []sock.Degradation
	Err          error // it could not be opened: Facts are zero
}

// Machine is what was read. A zero field was not told, unless it says otherwise.
type Machine struct {
	Kernel Kernel
	Cores  Cores
	Memory Memory
	Card   Card
}

// Kernel is what sysctl and the kernel's counters tell.
type Kernel struct {
	Release string

	ReceiveMax, SendMax int // net.core.rmem_max, wmem_max: bytes
	Budget, BudgetUs    int // net.core.netdev_budget: packets and µs of one softirq
	Backlog             int // net.core.netdev_max_backlog: packets for each core
	BusyPoll, BusyRead  int // net.core.busy_poll, busy_read: µs, 0 = off

	// Since the machine started, of all its processes.
	BacklogDrops, Squeezes  uint64 // packets; softirqs that ended with work left
	Softirqs                uint64 // packets that softirqs took in
	Datagrams, BufferErrors uint64 // UDP: received; dropped because a socket's buffer was full
}

// Cores is what may run this process.
type Cores struct {
	Usable     int     // runtime.NumCPU: of the affinity mask
	GOMAXPROCS int     // goroutines at once
	Quota      float64 // cores' worth of the narrowest cgroup, 0 = no limit
	Period     time.Duration
	QuotaFile  string // where that limit stands
	Throttled  uint64 // periods in which it was felt

	Clock    string   // clocksource in use
	Clocks   []string // and possible
	Governor []string // of cpufreq, each once
}

// Memory is what limits it, and what pages it is made of.
type Memory struct {
	HugePages string // transparent ones: always, madvise, never
	Locked    string // RLIMIT_MEMLOCK as /proc shows it: bytes, or "unlimited"
}

// Card is the network interface.
type Card struct {
	Name          string
	MTU           int  // bytes
	Mbps          int  // 0: it does not tell, as virtual ones
	Physical      bool // it has a device behind it
	Queues        int  // of reception
	ReverseFilter int  // net.ipv4.conf rp_filter, 1 = strict

	// Of the Linux bridge that it is a port of, or is.
	Bridge   string
	Snooping bool // it sends multicast only where it was asked for
	Querier  bool // and asks

	Features map[string]Feature // of ethtool -k; nil: the driver does not tell
}

// Feature is an offload.
type Feature struct {
	Active bool
	Fixed  bool // it cannot be switched
}
