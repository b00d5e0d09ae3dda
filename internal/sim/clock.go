package sim

import "math"

const never = math.MaxInt64

// million is the unit of clock rates: parts per million.
const million = 1_000_000

// clock is a processor's own: it begins anywhere and runs faster or slower
// than the world's, at a rate that may change. It never runs backwards.
type clock struct {
	world, local int64 // when the rate last changed
	rate         int64 // ns in a million of the world's
}

func newClock(world, local int64) clock { return clock{world, local, million} }

// at is the local time at a time of the world.
func (c *clock) at(world int64) int64 {
	d := world - c.world
	return c.local + d/million*c.rate + d%million*c.rate/million
}

// when is the first time of the world at which the local time is reached.
func (c *clock) when(local int64) int64 {
	if local > math.MaxInt64/2 {
		return never
	}
	d := local - c.local
	world := c.world + d/c.rate*million + d%c.rate*million/c.rate
	for c.at(world) < local {
		world++
	}
	return world
}

// turn changes the rate.
func (c *clock) turn(world, rate int64) {
	c.local, c.world, c.rate = c.at(world), world, max(rate, million/10)
}
