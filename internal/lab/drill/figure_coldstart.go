package drill

import (
	"context"
	"fmt"
	"time"
)

func (g *gauge) coldStart(ctx context.Context) error {
	var began []int64
	all, err := g.on(ctx, g.o, func(c *cluster) error {
		for n := range g.times {
			fmt.Fprintf(c.o.Out, "%d of %d: start %d processors\n", n+1, g.times, c.o.Hosts)
			began = append(began, wall())
			if err := c.startAll(); err != nil {
				return err
			}
			if err := c.gather(ctx); err != nil {
				return err
			}
			if err := c.stop(); err != nil {
				return err
			}
		}
		return nil
	})
	if all == nil {
		return err
	}
	var took spread
	configurations := 0
	for life := range began {
		together, most := commonAfter(all, life)
		took.all = append(took.all, time.Duration(together-began[life]))
		configurations = max(configurations, most)
	}
	fmt.Fprintf(g.table, "processors\ttimes\tfrom the start of the first process\tconfigurations on the way\n")
	fmt.Fprintf(g.table, "%d\t%d\t%v\tat most %d\n", g.o.Hosts, g.times, &took, configurations)
	return err
}

// commonAfter is, of a life of all hosts, when the last one entered a
// configuration of all, and how many configurations one of them at most entered
// until then, that one included.
func commonAfter(all []past, life int) (together int64, most int) {
	for i := range all {
		s := all[i].lives[life]
		entered := 0
		for _, c := range s.changes {
			if c.transitional {
				continue
			}
			entered++
			if len(c.members) == len(all) {
				together = max(together, c.at)
				break
			}
		}
		most = max(most, entered)
	}
	return together, most
}
