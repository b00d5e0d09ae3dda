package drill

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// changeCost measures what it costs those who are there that the last host's
// processor joins them. They send safe messages: of these whoever has not
// delivered one does not know it to be stable.
func (g *gauge) changeCost(ctx context.Context) error {
	if g.o.Guarantee == "" {
		g.o.Guarantee = "safe"
	}
	var joins []window
	all, err := g.on(ctx, g.o, func(c *cluster) (err error) {
		joins, err = c.joinAgain(ctx, g.times)
		return err
	})
	if all == nil {
		return err
	}
	var silent spread
	var waiting []int
	for _, j := range joins {
		s, n := costliest(all, j)
		silent.all = append(silent.all, s)
		waiting = append(waiting, n)
	}
	slices.Sort(waiting)
	fmt.Fprintf(g.table, "members\tmessages/s of each\ttimes\tlongest silence in a join\toutstanding when it began\n")
	fmt.Fprintf(g.table, "%d\t%g\t%d\t%v\tp50 %d, max %d\n", g.o.Hosts-1, g.o.Rate, g.times, &silent,
		waiting[(len(waiting)-1)/2], waiting[len(waiting)-1])
	return err
}

// window is a time that is looked at, by the wall clock, in ns.
type window struct{ from, to int64 }

// joinAgain lets the last host's processor join the others and leave them, so
// many times.
func (c *cluster) joinAgain(ctx context.Context, times int) (joins []window, err error) {
	last := c.hosts[c.o.Hosts]
	for id := 1; id < last.id; id++ {
		if err := c.start(id); err != nil {
			return nil, err
		}
	}
	for n := range times {
		if err := c.gatherAndRest(ctx); err != nil {
			return nil, err
		}
		fmt.Fprintf(c.o.Out, "%d of %d: start host %d\n", n+1, times, last.id)
		j := window{from: wall()}
		if err := c.start(last.id); err != nil {
			return nil, err
		}
		if err := c.gatherAndRest(ctx); err != nil {
			return nil, err
		}
		j.to = wall()
		joins = append(joins, j)
		if err := c.leave(last.id); err != nil {
			return nil, err
		}
	}
	return joins, c.gatherAndRest(ctx)
}

// costliest is the longest silence in a window at any host that took part, and
// how many messages of such hosts were outstanding there when it began: handed
// in by one of them and not delivered.
func costliest(all []past, w window) (last time.Duration, outstanding int) {
	var members []uint32
	var lives []*story
	for i := range all {
		if s := all[i].through(w.from, w.to); s != nil {
			members, lives = append(members, uint32(all[i].host)), append(lives, s)
		}
	}
	for _, s := range lives {
		silent, began, _ := longest(s.delivered, w.from, w.to)
		if silent <= last {
			continue
		}
		last, outstanding = silent, 0
		for _, other := range lives {
			outstanding += before(other.sent, began)
		}
		for _, sender := range s.senders[:before(s.delivered, began)] {
			if slices.Contains(members, sender) {
				outstanding--
			}
		}
	}
	return last, outstanding
}

// before is how many of the times are not after t.
func before(times []int64, t int64) int {
	n, _ := slices.BinarySearch(times, t+1)
	return n
}
