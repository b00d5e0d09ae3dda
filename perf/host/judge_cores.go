package host

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"stampede/sock"
)

// spinCores is from how many cores on a spinning loop leaves room for others.
const spinCores = 3

// usable is the number of cores' worth that this process may have.
func (c *Cores) usable() float64 {
	n := float64(min(c.Usable, c.GOMAXPROCS))
	if c.Quota > 0 {
		n = min(n, c.Quota)
	}
	return n
}

func (r *report) cores(c *Cores, n *Need) {
	if c.Usable < 2 {
		r.better("cores", "%d core: the loop, the application and the kernel's network take turns", c.Usable).
			change("the loop, and the application beside it", "two cores or more for this process")
	} else {
		r.good("cores", "%d cores may run this process", c.Usable)
	}
	r.quota(c, n)
	r.gomaxprocs(c)
	r.spinning(c, n)
}

// quota: who has used his up stands still until the period ends.
func (r *report) quota(c *Cores, n *Need) {
	const topic = "quota"
	if c.Quota == 0 {
		r.good(topic, "no cgroup limits processor time")
		return
	}
	cores := max(1, min(c.Usable, c.GOMAXPROCS)) // that burn the quota together
	pause := time.Duration(float64(c.Period) * max(0, 1-c.Quota/float64(cores)))
	found := fmt.Sprintf("%s allows %.3g cores in each %v, and was felt in %d periods", c.QuotaFile, c.Quota, c.Period, c.Throttled)
	change := fmt.Sprintf("raise %s, in Kubernetes resources.limits.cpu, to %d cores or to none", c.QuotaFile, cores)
	switch {
	case n.Detect > 0 && pause >= n.Detect:
		r.bad(topic, "%s: pauses of %v are longer than the %v after which a silent member is left out", found, pause, n.Detect).
			change("this processor stays a member", change)
	case pause > 0:
		r.better(topic, "%s: pauses of up to %v", found, pause).change("no such pauses, in which the cluster waits for this processor's acknowledgements", change)
	default:
		r.good(topic, "%s", found)
	}
}

func (r *report) gomaxprocs(c *Cores) {
	const topic = "gomaxprocs"
	switch limit := int(math.Ceil(c.usable())); {
	case c.GOMAXPROCS == 1 && c.Usable > 1:
		r.better(topic, "GOMAXPROCS = 1: the loop and the application take turns").
			change("the loop has a core, the application another", "unset GOMAXPROCS")
	case c.GOMAXPROCS > max(limit, 2): // Go itself never goes below 2 for a quota
		r.better(topic, "GOMAXPROCS = %d, more than the %d cores there are: the kernel makes them take turns", c.GOMAXPROCS, limit).
			change("the loop is not stopped in the middle of a pass", "unset GOMAXPROCS: Go follows the quota by itself")
	default:
		r.good(topic, "GOMAXPROCS = %d", c.GOMAXPROCS)
	}
}

func (r *report) spinning(c *Cores, n *Need) {
	const topic = "spinning"
	feasible := c.usable() >= spinCores
	const brings = "5 to 50 µs less for each wake-up of an idle loop"
	switch {
	case n.Wait == sock.Spin && !feasible:
		r.better(topic, "the configuration spins, on %.3g cores: it takes turns with what it waits for", c.usable()).
			change("what is waited for can run", `wait = "block"`)
	case n.Wait == sock.Spin:
		r.good(topic, "the configuration spins; there are cores for it")
	case !feasible:
		r.better(topic, "not on %.3g cores: the loop blocks when it has nothing to do", c.usable()).
			change(brings, fmt.Sprintf("%d cores or more for this process", spinCores))
	case n.Wait == sock.Block:
		r.better(topic, "there are cores for it, and the configuration blocks").change(brings, `wait = "auto"`)
	default:
		r.good(topic, "there are cores for it: the loop spins for a moment before it blocks")
	}
}

// quickClocks are those that a process reads without a system call.
var quickClocks = []string{"tsc", "kvm-clock", "hyperv_clocksource_tsc_page", "arch_sys_counter", "timebase", "stp", "tod", "riscv_clocksource"}

func (r *report) clock(c *Cores) {
	switch {
	case c.Clock == "":
		r.unknown("clock", "the kernel does not tell its clock source")
	case slices.Contains(quickClocks, c.Clock):
		r.good("clock", "%s, read without a system call", c.Clock)
	default:
		f := r.better("clock", "%s, for which every reading is a system call or slower", c.Clock)
		f.Brings = "some µs of every pass"
		for _, other := range c.Clocks {
			if slices.Contains(quickClocks, other) {
				f.Change = []string{"echo " + other + " > /sys/devices/system/clocksource/clocksource0/current_clocksource"}
				return
			}
		}
		f.Change = []string{"a kernel, or a virtual machine, with one of " + strings.Join(quickClocks[:4], ", ")}
	}
}

func (r *report) governor(c *Cores) {
	slow := slices.DeleteFunc(slices.Clone(c.Governor), func(g string) bool { return g == "performance" })
	switch {
	case len(c.Governor) == 0:
		r.good("governor", "the clock rate of the cores is not this system's to choose")
	case len(slow) > 0:
		r.better("governor", "cores run by %s", strings.Join(slow, ", ")).
			change("cores are fast at once after a pause: latency of a quiet cluster", "cpupower frequency-set -g performance")
	default:
		r.good("governor", "all cores run by performance")
	}
}

func (r *report) memory(m *Memory) {
	switch m.HugePages {
	case "":
		r.unknown("huge-pages", "the kernel does not tell of transparent huge pages")
	case "always":
		r.good("huge-pages", "transparent huge pages: always, the arenas have them")
	default:
		r.better("huge-pages", "transparent huge pages: %s, the arenas have none", m.HugePages).
			change("fewer TLB misses in the arenas, at most some percent", "echo always > /sys/kernel/mm/transparent_hugepage/enabled")
	}
	switch m.Locked {
	case "":
		r.unknown("locked-memory", "the limit cannot be read")
	default:
		r.good("locked-memory", "RLIMIT_MEMLOCK = %s; no memory is locked, so that any will do", m.Locked)
	}
}
