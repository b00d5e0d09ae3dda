package console

import (
	"maps"
	"slices"
	"strings"

	"stampede/internal/daemon"
)

// Counter is a number under its name.
type Counter struct {
	Name  string
	Value uint64
}

// Counters are all that a daemon counts, in a fixed order: what begins with
// daemon_ by itself, all else by its processor.
func Counters(s *daemon.Stats) (list []Counter) {
	for _, name := range slices.Sorted(maps.Keys(s.Server)) {
		list = append(list, Counter{"daemon_" + name, s.Server[name]})
	}
	list = append(list, Counter{"daemon_clients", uint64(s.Clients)})
	for _, name := range slices.Sorted(maps.Keys(s.Processor)) {
		list = append(list, Counter{name, s.Processor[name]})
	}
	return list
}

const verdicts = "loop_verdicts_"

// isDrop says whether a counter is one of what was thrown away or turned away.
func isDrop(name string) bool {
	for _, prefix := range []string{"sock_dropped_", verdicts + "bad_", verdicts + "short"} {
		if strings.HasPrefix(name, prefix) && name != "sock_dropped_own" {
			return true
		}
	}
	return slices.Contains(drops, name)
}

var drops = []string{
	"daemon_busy", "daemon_denied", "daemon_bad_version", "daemon_malformed", "daemon_slow", "daemon_refused", "daemon_interrupted",
	"sock_overruns", "order_overrun", "order_no_memory", "order_strangers", "order_invalid", "order_undecodable",
	"member_strangers", "member_refused", "member_impossible",
}
