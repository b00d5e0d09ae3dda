package drill

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// changeLoad is what is sent while changes are measured. Safe messages are
// outstanding until every member is known to have them, and while one member is
// silent that is all that were sent. Unordered ones wait for nothing but the
// change itself: a silence of all deliveries is what it costs, without the time
// that passed before somebody was suspected.
const changeLoad = "unordered,safe,safe,safe"

// changeCost measures what it costs the others that the last host's processor
// is killed, and that it joins them.
func (g *gauge) changeCost(ctx context.Context) error {
	if g.o.Guarantee == "" {
		g.o.Guarantee = changeLoad
	}
	var kills, joins []window
	all, err := g.on(ctx, g.o, func(c *cluster) (err error) {
		kills, joins, err = c.killAndStart(ctx, c.o.Hosts, g.times)
		return err
	})
	if all == nil {
		return err
	}
	fmt.Fprintf(g.table, "change\tothers\tmessages/s of each\ttimes\tno delivery at all\toutstanding when that began\n")
	for _, row := range []struct {
		name    string
		windows []window
	}{{"a member is killed", kills}, {"a processor joins", joins}} {
		var silent spread
		var waiting []int
		for _, w := range row.windows {
			s, n := costliest(all, w)
			silent.all, waiting = append(silent.all, s), append(waiting, n)
		}
		slices.Sort(waiting)
		fmt.Fprintf(g.table, "%s\t%d\t%g\t%d\t%v\tp50 %d, max %d\n", row.name, g.o.Hosts-1, g.o.Rate, g.times, &silent,
			waiting[(len(waiting)-1)/2], waiting[len(waiting)-1])
	}
	return err
}

// window is a time that is looked at, by the wall clock, in ns.
type window struct{ from, to int64 }

// killAndStart kills the processor on a host and starts it again, so many times.
func (c *cluster) killAndStart(ctx context.Context, id, times int) (kills, joins []window, err error) {
	peace := func() int64 {
		if err == nil {
			err = c.gatherAndRest(ctx)
		}
		return wall()
	}
	if err = c.startAll(); err != nil {
		return nil, nil, err
	}
	peace()
	for n := range times {
		if err != nil {
			return nil, nil, err
		}
		fmt.Fprintf(c.o.Out, "%d of %d: kill host %d and start it again\n", n+1, times, id)
		began := wall()
		err = c.kill(id)
		kills = append(kills, window{began, peace()})
		began = wall()
		if err == nil {
			err = c.start(id)
		}
		joins = append(joins, window{began, peace()})
	}
	return kills, joins, err
}

// around is how long before and after the events of a change its silence is
// looked for.
const around = 150 * time.Millisecond

// change is the part of a window in which a life changed its configuration.
func (s *story) change(w window) window {
	var part window
	for _, c := range s.changes {
		if c.at < w.from || c.at > w.to {
			continue
		}
		if part.from == 0 {
			part.from = max(w.from, c.at-int64(around))
		}
		part.to = min(w.to, c.at+int64(around))
	}
	return part
}

// costliest is the longest silence that a change in a window was to any host
// that took part, and how many messages of such hosts were outstanding there
// when it began: handed in by one of them and not delivered.
func costliest(all []past, w window) (last time.Duration, outstanding int) {
	var members []uint32
	var lives []*story
	for i := range all {
		if s := all[i].through(w.from, w.to); s != nil {
			members, lives = append(members, uint32(all[i].host)), append(lives, s)
		}
	}
	for _, s := range lives {
		part := s.change(w)
		silent, began, _ := longest(s.all, part.from, part.to)
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
