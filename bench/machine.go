package bench

import (
	"os"
	"strconv"
	"strings"
)

// machineTime is what all processors together have done since boot, in ns.
type machineTime struct {
	busy    int64 // anything but waiting
	softirq int64
}

// tick is the unit of /proc/stat (USER_HZ, 100 on every architecture).
const tick = 10_000_000

// readMachine reads the first line of /proc/stat (proc(5)); where there is
// none it is zero.
func readMachine() machineTime {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return machineTime{}
	}
	line, _, _ := strings.Cut(string(text), "\n")
	return parseStat(line)
}

func parseStat(line string) machineTime {
	fields := strings.Fields(line)
	if len(fields) < 8 || fields[0] != "cpu" {
		return machineTime{}
	}
	var t [7]int64 // user nice system idle iowait irq softirq
	for i := range t {
		n, err := strconv.ParseInt(fields[1+i], 10, 64)
		if err != nil {
			return machineTime{}
		}
		t[i] = n * tick
	}
	return machineTime{busy: t[0] + t[1] + t[2] + t[5] + t[6], softirq: t[6]}
}

// Where the processor time of all hosts is from: in a lab from what the whole
// machine was busy, of which other programs are a part.
const (
	cpuMachine   = "/proc/stat"
	cpuProcesses = "getrusage and softirq"
)

// spent is what hosts cost that used the given time of their own between two
// readings. Whether the kernel books the work of the network's softirqs on
// the process that they interrupt depends on its configuration: own + softirq
// may count them twice, but never needs more than the machine was busy.
func spent(own int64, from, to machineTime, whole bool) (ns int64, source string) {
	softirq, busy := to.softirq-from.softirq, to.busy-from.busy
	switch {
	case busy == 0:
		return own, cpuProcesses
	case whole:
		return busy, cpuMachine
	}
	return max(own, min(own+softirq, busy)), cpuProcesses
}
