package drill

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"
)

// step is something to be done at a time: a fault, or a part of one.
type step struct {
	at    time.Duration // since the faults began
	fault int           // of the schedule
	part  part
}

type part uint8

const (
	begins part = iota
	dies        // once more
	lives       // in between
	ends
)

// steps are those of all faults, in the order in which they are due.
func steps(faults []Fault) (all []step) {
	for i := range faults {
		f := &faults[i]
		all = append(all, step{f.At, i, begins}, step{f.end(), i, ends})
		if f.Kind != Restarts {
			continue
		}
		// Half of each round it is dead, half of it alive.
		for k := 1; k < 2*f.Times-1; k++ {
			at := f.At + f.Last*time.Duration(k)/time.Duration(2*f.Times-1)
			all = append(all, step{at, i, []part{dies, lives}[k%2]})
		}
	}
	slices.SortStableFunc(all, func(a, b step) int { return cmp.Compare(a.at, b.at) })
	return all
}

// do does a step.
func (c *cluster) do(ctx context.Context, s step, f *Fault) error {
	var err error
	switch s.part {
	case begins:
		err = c.begin(ctx, f)
	case dies:
		err = c.kill(f.Hosts[0])
	case lives, ends:
		err = c.finish(ctx, f)
	}
	if err != nil {
		return fmt.Errorf("%v: %w", f, err)
	}
	return nil
}
