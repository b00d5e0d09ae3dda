package gauge

import (
	"context"
	"fmt"
	"slices"
	"time"

	"stampede/internal/sim/flood"
)

// Measure takes a minute or so, root, and the machine to itself. tell gets a line
// for everything that was done. What is not measured, who and where, the caller
// fills in.
func Measure(ctx context.Context, tell func(format string, args ...any)) (flood.Costs, error) {
	c := flood.Recorded() // of which every step is replaced
	c.Steps = [flood.NumSteps]flood.Cost{flood.Call: {}}
	if err := kernel(ctx, &c, tell); err != nil {
		return c, fmt.Errorf("gauge: %w", err)
	}
	if err := loop(ctx, &c, tell); err != nil {
		return c, fmt.Errorf("gauge: %w", err)
	}
	return c, nil
}

var start = time.Now()

// watch is a clock in ns.
func watch() int64 { return int64(time.Since(start)) }

// tick is what a reading of the clock takes, in ns.
func tick() int64 {
	const times = 100_000
	began := watch()
	for range times {
		watch()
	}
	return (watch() - began) / times
}

func median(times []int64) float64 {
	slices.Sort(times)
	return float64(times[len(times)/2])
}
