package host

import (
	"slices"
	"testing"
	"testing/fstest"
	"time"
)

// made is a made-up machine: files by their names, without the leading slash.
func made(texts map[string]string) files {
	fs := fstest.MapFS{}
	for name, text := range texts {
		fs[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return files{fs}
}

func TestKernelIsRead(t *testing.T) {
	k := made(map[string]string{
		"proc/sys/kernel/osrelease":            "6.18.1\n",
		"proc/sys/net/core/rmem_max":           "212992\n",
		"proc/sys/net/core/wmem_max":           "212993\n",
		"proc/sys/net/core/netdev_budget":      "300\n",
		"proc/sys/net/core/netdev_max_backlog": "1000\n",
		"proc/sys/net/core/busy_poll":          "50\n",
		"proc/net/softnet_stat":                "0000000a 00000001 00000002 00000000\n00000010 00000003 00000004 00000000\n",
		"proc/net/snmp": "Ip: Forwarding InReceives\nIp: 1 77\n" +
			"Udp: InDatagrams NoPorts InErrors OutDatagrams RcvbufErrors SndbufErrors\nUdp: 1000 2 3 4 5 6\n",
	}).read("eth0").Kernel
	want := Kernel{Release: "6.18.1", ReceiveMax: 212992, SendMax: 212993, Budget: 300, Backlog: 1000, BusyPoll: 50,
		Softirqs: 26, BacklogDrops: 4, Squeezes: 6, Datagrams: 1000, BufferErrors: 5}
	if k != want {
		t.Errorf("got  %+v\nwant %+v", k, want)
	}
}

func TestCoresMemoryAndCardAreRead(t *testing.T) {
	m := made(map[string]string{
		"sys/devices/system/clocksource/clocksource0/current_clocksource":   "hpet\n",
		"sys/devices/system/clocksource/clocksource0/available_clocksource": "tsc hpet acpi_pm \n",
		"sys/devices/system/cpu/cpu0/cpufreq/scaling_governor":              "powersave\n",
		"sys/devices/system/cpu/cpu1/cpufreq/scaling_governor":              "powersave\n",
		"sys/devices/system/cpu/cpu2/cpufreq/scaling_governor":              "performance\n",
		"sys/kernel/mm/transparent_hugepage/enabled":                        "always [madvise] never\n",
		"proc/self/limits":                                    "Limit  Soft Limit  Hard Limit  Units\nMax locked memory         8388608    unlimited   bytes\n",
		"sys/class/net/eth0/mtu":                              "9000\n",
		"sys/class/net/eth0/speed":                            "-1\n",
		"sys/class/net/eth0/device/vendor":                    "0x1af4\n",
		"sys/class/net/eth0/queues/rx-0/rps_cpus":             "0\n",
		"sys/class/net/eth0/queues/rx-1/rps_cpus":             "0\n",
		"sys/class/net/eth0/queues/tx-0/xps_cpus":             "0\n",
		"sys/class/net/eth0/master/bridge/multicast_snooping": "1\n",
		"sys/class/net/eth0/master/bridge/multicast_querier":  "0\n",
		"sys/class/net/eth0/master/uevent":                    "DEVTYPE=bridge\nINTERFACE=br7\n",
		"proc/sys/net/ipv4/conf/all/rp_filter":                "0\n",
		"proc/sys/net/ipv4/conf/eth0/rp_filter":               "1\n",
	}).read("eth0")
	c := m.Cores
	if c.Clock != "hpet" || !slices.Equal(c.Clocks, []string{"tsc", "hpet", "acpi_pm"}) ||
		!slices.Equal(c.Governor, []string{"powersave", "performance"}) || c.Quota != 0 {
		t.Errorf("%+v", c)
	}
	if m.Memory != (Memory{HugePages: "madvise", Locked: "8388608"}) {
		t.Errorf("%+v", m.Memory)
	}
	d := m.Card
	if d.Name != "eth0" || d.MTU != 9000 || d.Mbps != 0 || !d.Physical || d.Queues != 2 ||
		d.Bridge != "br7" || !d.Snooping || d.Querier || d.ReverseFilter != 1 {
		t.Errorf("%+v", d)
	}
}

func TestQuotaIsTheNarrowestOfAllGroups(t *testing.T) {
	for name, c := range map[string]struct {
		texts map[string]string
		want  Cores
	}{
		"none": {map[string]string{"proc/self/cgroup": "0::/\n"}, Cores{}},
		"version 2, the group above is narrower": {map[string]string{
			"proc/self/cgroup":                "0::/a/b\n",
			"sys/fs/cgroup/a/b/cpu.max":       "300000 100000\n",
			"sys/fs/cgroup/a/cpu.max":         "150000 100000\n",
			"sys/fs/cgroup/a/cpu.stat":        "nr_periods 9\nnr_throttled 7\nthrottled_usec 1\n",
			"sys/fs/cgroup/cpu.max":           "max 100000\n",
			"sys/fs/cgroup/elsewhere/cpu.max": "1000 100000\n",
		}, Cores{Quota: 1.5, Period: 100 * time.Millisecond, QuotaFile: "/sys/fs/cgroup/a/cpu.max", Throttled: 7}},
		"version 2 in a container, whose path is not mounted": {map[string]string{
			"proc/self/cgroup":      "0::/../../pod/x\n",
			"sys/fs/cgroup/cpu.max": "50000 50000\n",
		}, Cores{Quota: 1, Period: 50 * time.Millisecond, QuotaFile: "/sys/fs/cgroup/cpu.max"}},
		"version 1": {map[string]string{
			"proc/self/cgroup": "7:pids:/x\n3:cpu,cpuacct:/box\n0::/\n",
			"sys/fs/cgroup/cpu,cpuacct/box/cpu.cfs_quota_us":  "20000\n",
			"sys/fs/cgroup/cpu,cpuacct/box/cpu.cfs_period_us": "100000\n",
			"sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us":      "-1\n",
			"sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us":     "100000\n",
		}, Cores{Quota: 0.2, Period: 100 * time.Millisecond, QuotaFile: "/sys/fs/cgroup/cpu,cpuacct/box/cpu.cfs_quota_us"}},
		"nonsense": {map[string]string{
			"proc/self/cgroup":        "0::/a\n:\n\n5:cpu\n",
			"sys/fs/cgroup/a/cpu.max": "lots 0\n",
			"sys/fs/cgroup/cpu.max":   "100 0\n",
		}, Cores{}},
	} {
		got := made(c.texts).cores()
		if got.Quota != c.want.Quota || got.Period != c.want.Period || got.QuotaFile != c.want.QuotaFile || got.Throttled != c.want.Throttled {
			t.Errorf("%s: got %+v", name, got)
		}
	}
}

// A machine without any of the files, or with nonsense in all of them, is read
// and judged as one that does not tell.
func TestWhatIsNotToldIsUnknown(t *testing.T) {
	nonsense := map[string]string{}
	for _, name := range []string{"proc/sys/net/core/rmem_max", "proc/sys/net/core/netdev_budget", "proc/net/softnet_stat",
		"proc/net/snmp", "proc/self/limits", "proc/self/cgroup", "sys/kernel/mm/transparent_hugepage/enabled", "sys/class/net/eth0/mtu"} {
		nonsense[name] = "Udp: ]x[ zz\nUdp:\nMax locked memory\n: :\n-99999999999999999999"
	}
	for _, texts := range []map[string]string{nil, nonsense} {
		m := made(texts).read("eth0")
		m.Cores.Usable, m.Cores.GOMAXPROCS = 4, 4
		all := Judge(m, good().socket, good().need)
		for _, topic := range []string{"backlog", "budget", "mtu", "offloads", "clock", "huge-pages", "locked-memory"} {
			if f := find(all, topic); f == nil || f.Grade != Unknown {
				t.Errorf("%s: %+v", topic, f)
			}
		}
	}
}
