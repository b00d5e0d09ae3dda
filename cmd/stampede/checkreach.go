package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"net/netip"
	"os"
	"time"

	"github.com/spf13/pflag"

	"stampede/evs"
	"stampede/perf/reach"
)

const (
	defaultReach = 5 * time.Second
	leastReach   = 100 * time.Millisecond
)

// judge refuses flags that make no sense together.
func (f *checkFlags) judge(flags *pflag.FlagSet) error {
	for _, name := range []string{"for", "expect", "shift"} {
		if flags.Changed(name) && !f.reach {
			return fmt.Errorf("check: --%s goes with --reach", name)
		}
	}
	switch {
	case f.length < leastReach:
		return fmt.Errorf("check: --for %v is less than %v", f.length, leastReach)
	case f.expect < 0 || f.expect > reach.MaxHosts:
		return fmt.Errorf("check: --expect %d is not within 0 to %d", f.expect, reach.MaxHosts)
	}
	return nil
}

// tryReach looks for the other hosts, with the sockets that a processor would
// have but for their ports.
func (f *checkFlags) tryReach(ctx context.Context, r *checked, c evs.Config) error {
	c.Bind, c.Multicast = aside(c.Bind, f.shift), aside(c.Multicast, f.shift)
	peers := make([]netip.AddrPort, len(c.Peers))
	for i, a := range c.Peers {
		peers[i] = aside(a, f.shift)
	}
	c.Peers = peers
	if !c.Multicast.IsValid() && c.Bind.Port() == 0 {
		return badUsage(errors.New("check: bind has no port, at which the other hosts would try this one"))
	}
	s, err := evs.Listen(c)
	if err != nil {
		return err
	}
	defer s.Close()
	name, _ := os.Hostname()
	key := fnv.New64a()
	key.Write([]byte(c.Cluster))
	r.Reach, err = reach.Run(ctx, reach.Config{
		Network: s, Cluster: key.Sum64(), Name: cmp.Or(name, "host"), Peers: peers, For: f.length, Expect: f.expect,
	})
	if err == nil {
		r.Findings = append(r.Findings, r.Reach.Judge(f.expect)...)
	}
	return err
}
