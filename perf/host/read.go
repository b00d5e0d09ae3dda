package host

import (
	"bytes"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// maxFile bounds what is read of one file.
const maxFile = 64 << 10

// files are what /proc and /sys say. What is not there, or makes no sense,
// reads as nothing.
type files struct{ root fs.FS }

func (f files) text(name string) string {
	file, err := f.root.Open(name)
	if err != nil {
		return ""
	}
	defer file.Close()
	b := make([]byte, maxFile)
	n := 0
	for n < len(b) {
		m, err := file.Read(b[n:])
		if n += m; err != nil || m == 0 {
			break
		}
	}
	return string(bytes.TrimSpace(b[:n]))
}

func (f files) number(name string) int {
	n, err := strconv.Atoi(f.text(name))
	if err != nil {
		return 0
	}
	return max(n, 0)
}

func (f files) exists(name string) bool {
	_, err := fs.Stat(f.root, name)
	return err == nil
}

// chosen is the word in brackets: "always [madvise] never".
func (f files) chosen(name string) string {
	_, rest, _ := strings.Cut(f.text(name), "[")
	word, _, found := strings.Cut(rest, "]")
	if !found {
		return ""
	}
	return word
}

// read reads all that stands in files.
func (f files) read(device string) *Machine {
	m := &Machine{Kernel: f.kernel(), Cores: f.cores(), Card: f.card(device)}
	m.Memory.HugePages = f.chosen("sys/kernel/mm/transparent_hugepage/enabled")
	m.Memory.Locked = f.limit("Max locked memory")
	return m
}

func (f files) kernel() (k Kernel) {
	k.Release = f.text("proc/sys/kernel/osrelease")
	sysctl := func(name string) int { return f.number("proc/sys/net/core/" + name) }
	k.ReceiveMax, k.SendMax = sysctl("rmem_max"), sysctl("wmem_max")
	k.Budget, k.BudgetUs, k.Backlog = sysctl("netdev_budget"), sysctl("netdev_budget_usecs"), sysctl("netdev_max_backlog")
	k.BusyPoll, k.BusyRead = sysctl("busy_poll"), sysctl("busy_read")
	// A line a core, in hexadecimal: taken in, dropped for a full backlog,
	// ended by the budget (net/core/net-procfs.c).
	for line := range strings.Lines(f.text("proc/net/softnet_stat")) {
		words := strings.Fields(line)
		for i, to := range []*uint64{&k.Softirqs, &k.BacklogDrops, &k.Squeezes} {
			if i < len(words) {
				n, _ := strconv.ParseUint(words[i], 16, 64)
				*to += n
			}
		}
	}
	k.Datagrams = f.udp("InDatagrams")
	k.BufferErrors = f.udp("RcvbufErrors")
	return k
}

// udp is a counter of /proc/net/snmp, which has a line of names above a line
// of values.
func (f files) udp(counter string) uint64 {
	var names []string
	for line := range strings.Lines(f.text("proc/net/snmp")) {
		words := strings.Fields(line)
		if len(words) == 0 || words[0] != "Udp:" {
			continue
		}
		if names == nil {
			names = words
			continue
		}
		if i := slices.Index(names, counter); i >= 0 && i < len(words) {
			n, _ := strconv.ParseUint(words[i], 10, 64)
			return n
		}
	}
	return 0
}

// limit is the soft one of a line of /proc/self/limits.
func (f files) limit(name string) string {
	for line := range strings.Lines(f.text("proc/self/limits")) {
		if rest, ok := strings.CutPrefix(line, name); ok {
			if words := strings.Fields(rest); len(words) > 0 {
				return words[0]
			}
		}
	}
	return ""
}

func (f files) cores() (c Cores) {
	const clock = "sys/devices/system/clocksource/clocksource0/"
	c.Clock = f.text(clock + "current_clocksource")
	c.Clocks = strings.Fields(f.text(clock + "available_clocksource"))
	governors, _ := fs.Glob(f.root, "sys/devices/system/cpu/cpu*/cpufreq/scaling_governor")
	for _, name := range governors {
		if g := f.text(name); g != "" && !slices.Contains(c.Governor, g) {
			c.Governor = append(c.Governor, g)
		}
	}
	f.quota(&c)
	return c
}

func (f files) card(device string) (c Card) {
	c.Name = device
	dir := path.Join("sys/class/net", device)
	c.MTU = f.number(dir + "/mtu")
	c.Mbps = f.number(dir + "/speed")
	c.Physical = f.exists(dir + "/device")
	queues, _ := fs.Glob(f.root, dir+"/queues/rx-*")
	c.Queues = len(queues)
	c.ReverseFilter = max(f.number("proc/sys/net/ipv4/conf/all/rp_filter"),
		f.number(path.Join("proc/sys/net/ipv4/conf", device, "rp_filter"))) // the kernel takes the larger
	for _, bridge := range []string{dir, dir + "/master"} {
		if f.exists(bridge + "/bridge/multicast_snooping") {
			c.Bridge = f.nameOf(bridge)
			c.Snooping = f.number(bridge+"/bridge/multicast_snooping") != 0
			c.Querier = f.number(bridge+"/bridge/multicast_querier") != 0
		}
	}
	return c
}

// nameOf is the name of the interface that a directory is about.
func (f files) nameOf(dir string) string {
	for line := range strings.Lines(f.text(dir + "/uevent")) {
		if name, ok := strings.CutPrefix(strings.TrimSpace(line), "INTERFACE="); ok {
			return name
		}
	}
	return path.Base(dir)
}
