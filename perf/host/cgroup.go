package host

import (
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
)

// quota finds the narrowest limit of processor time among this process's
// cgroups and those above them. In a container the path that /proc names may
// not be mounted: then the mount's own root is the container's group.
func (f files) quota(c *Cores) {
	for line := range strings.Lines(f.text("proc/self/cgroup")) {
		id, rest, _ := strings.Cut(strings.TrimSpace(line), ":")
		controllers, group, ok := strings.Cut(rest, ":")
		switch {
		case !ok:
		case id == "0" && controllers == "":
			for _, mount := range []string{"sys/fs/cgroup", "sys/fs/cgroup/unified"} {
				f.upwards(mount, group, c, f.quota2)
			}
		case slices.Contains(strings.Split(controllers, ","), "cpu"):
			for _, mount := range []string{"sys/fs/cgroup/cpu", "sys/fs/cgroup/" + controllers} {
				f.upwards(mount, group, c, f.quota1)
			}
		}
	}
}

func (f files) upwards(mount, group string, c *Cores, read func(dir string, c *Cores)) {
	for dir := path.Join("/", group); ; dir = path.Dir(dir) {
		read(path.Join(mount, dir), c)
		if dir == "/" {
			return
		}
	}
}

// quota2 reads cpu.max: "max 100000" or "150000 100000", in µs.
func (f files) quota2(dir string, c *Cores) {
	words := strings.Fields(f.text(dir + "/cpu.max"))
	if len(words) != 2 {
		return
	}
	quota, err := strconv.Atoi(words[0])
	period, err2 := strconv.Atoi(words[1])
	if err == nil && err2 == nil {
		f.narrow(c, quota, period, dir, "cpu.max")
	}
}

// quota1 reads version 1's files; a quota of -1 is none.
func (f files) quota1(dir string, c *Cores) {
	f.narrow(c, f.number(dir+"/cpu.cfs_quota_us"), f.number(dir+"/cpu.cfs_period_us"), dir, "cpu.cfs_quota_us")
}

func (f files) narrow(c *Cores, quota, period int, dir, file string) {
	if quota <= 0 || period <= 0 {
		return
	}
	cores := float64(quota) / float64(period)
	if c.Quota != 0 && cores >= c.Quota {
		return
	}
	c.Quota, c.Period = cores, time.Duration(period)*time.Microsecond
	c.QuotaFile = "/" + dir + "/" + file
	c.Throttled = 0
	for line := range strings.Lines(f.text(dir + "/cpu.stat")) {
		if n, ok := strings.CutPrefix(line, "nr_throttled "); ok {
			c.Throttled, _ = strconv.ParseUint(strings.TrimSpace(n), 10, 64)
		}
	}
}
