package sim

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// Shape bounds the worlds that are drawn.
type Shape struct {
	Hosts int  // exactly so many processors; 0 = 1 to 9 are drawn
	Long  bool // 10 to 100 processors
	Calm  bool // all are there from the beginning to the end, and reach each other
}

// Draw writes the random world of a seed. Each switches some kinds of faults on
// and others off, so that each kind is met with and without every other.
func Draw(seed uint64, sh Shape) string {
	d := &draw{rng: rand.New(rand.NewPCG(seed, 11)), shape: sh}
	d.n = d.hosts()
	d.head("# world %d", seed)
	d.processors()
	d.head("seed %d", seed)
	d.timers()
	d.sizes()
	d.manners()
	d.quality()
	d.starts()
	d.traffic()
	if !sh.Calm {
		d.faults()
	}
	return d.text()
}

// draw is a world that is being written.
type draw struct {
	rng    *rand.Rand
	shape  Shape
	n      int
	ids    []int
	detect time.Duration
	delay  time.Duration
	listed bool
	length time.Duration // of the time in which faults happen
	lines  []string      // of the head
	dated  []dated
}

type dated struct {
	at   time.Duration
	text string
}

func (d *draw) chance(percent int) bool { return d.rng.IntN(100) < percent }

func pick[T any](d *draw, from ...T) T { return from[d.rng.IntN(len(from))] }

func (d *draw) head(format string, args ...any) {
	d.lines = append(d.lines, fmt.Sprintf(format, args...))
}

func (d *draw) at(t time.Duration, format string, args ...any) {
	d.dated = append(d.dated, dated{max(t, 0).Round(10 * time.Microsecond), fmt.Sprintf(format, args...)})
}

// some is a time in which faults happen.
func (d *draw) some() time.Duration { return time.Duration(d.rng.Int64N(int64(d.length))) }

func (d *draw) id() int { return d.ids[d.rng.IntN(d.n)] }

func (d *draw) text() string {
	slices.SortStableFunc(d.dated, func(a, b dated) int { return int(a.at - b.at) })
	lines := d.lines
	for _, l := range d.dated {
		lines = append(lines, fmt.Sprintf("at %v %s", l.at, l.text))
	}
	if d.listed {
		lines = append(lines, fmt.Sprintf("at %v start all", d.length)) // who is not there is waited for
	}
	lines = append(lines, fmt.Sprintf("at %v settle", d.length))
	return strings.Join(lines, "\n") + "\n"
}

func (d *draw) hosts() int {
	switch {
	case d.shape.Hosts > 0:
		return d.shape.Hosts
	case d.shape.Long:
		return pick(d, 10, 12, 16, 24, 32, 48, 64, 100)
	}
	return pick(d, 1, 2, 2, 3, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 6, 7, 8, 9)
}

func (d *draw) processors() {
	next := 1
	for range d.n {
		d.ids = append(d.ids, next)
		next++
		if d.chance(5) {
			next += d.rng.IntN(1000)
		}
	}
	d.head("processors %s", list(d.ids))
}

func list(ids []int) string { return strings.Trim(fmt.Sprint(ids), "[]") }

func (d *draw) timers() {
	d.detect = pick[time.Duration](d, 20, 50, 50, 100, 100, 300) * time.Millisecond
	d.length = d.detect * time.Duration(3+d.rng.IntN(8))
	heartbeat := min(d.detect/8, 20*time.Millisecond)
	if d.n > 9 {
		d.detect = max(d.detect, 100*time.Millisecond)
	}
	if d.n > 32 { // each datagram has many receivers
		d.detect, heartbeat = 300*time.Millisecond, 40*time.Millisecond
		d.length = d.detect * 4
	}
	d.head("set detect %v", d.detect)
	d.head("set join %v", max(d.detect/time.Duration(pick(d, 8, 10, 20)), time.Millisecond))
	if d.chance(10) {
		d.head("set join %v of %d", max(d.detect/time.Duration(pick(d, 4, 30)), time.Millisecond), d.id())
	}
	d.head("set beacon %v", d.detect/time.Duration(pick(d, 1, 2, 2, 3)))
	d.head("set heartbeat %v", heartbeat)
	d.head("set grace %v", pick[time.Duration](d, 50, 200, 200, 1000)*time.Microsecond)
	d.head("set retry %v", pick[time.Duration](d, 400, 1000, 1000, 3000)*time.Microsecond)
	d.head("set ack %v", pick[time.Duration](d, 500, 2000, 2000)*time.Microsecond)
	d.head("set roundtrip %v", pick[time.Duration](d, 200, 1000, 1000, 5000)*time.Microsecond)
	d.delay = min(pick[time.Duration](d, 20, 100, 100, 500, 2000)*time.Microsecond, d.detect/40)
}

func (d *draw) sizes() {
	d.head("set datagram %d", pick(d, 548, 600, 600, 1000, 1472))
	if d.chance(25) {
		d.head("set datagram %d of %d", pick(d, 548, 700, 1472), d.id())
	}
	d.head("set message %d", pick(d, 300, 2000, 2000, 8000, 40_000))
	d.head("set window %d", pick(d, 1, 2, 4, 8, 16, 64, 64, 256))
	d.head("set history %d", pick(d, 1, 4, 8, 16, 64, 128, 128, 256))
	if d.chance(15) {
		d.head("set window %d of %d", pick(d, 1, 3, 40), d.id())
	}
	if d.chance(15) {
		d.head("set history %d of %d", pick(d, 1, 3, 40), d.id())
	}
	d.head("set queue %d", pick(d, 2_000, 20_000, 200_000))
	if d.chance(20) {
		d.head("set pool 2")
	}
	if d.chance(15) {
		d.head("set spare %d", pick(d, 2, 4, 10))
	}
}

func (d *draw) manners() {
	if d.chance(30) {
		d.head("set transport unicast")
	}
	if d.listed = d.shape.Calm || d.chance(15); d.listed {
		d.head("set formation listed")
	}
	if d.chance(40) {
		d.head("set sequencer fixed")
	}
	if d.chance(10) {
		d.head("set echo on")
	}
	if d.chance(50) {
		d.head("set ring on")
	}
	if d.chance(20) {
		d.head("set compress %s", pick(d, "s2", "s2", "zstd"))
	}
	for _, id := range d.ids {
		if d.chance(30) {
			d.head("clock %d ahead %v", id, time.Duration(d.rng.Int64N(int64(10*time.Hour))))
		}
		if d.chance(10) {
			d.head("clock %d rate %d", id, d.rng.IntN(40_000)-20_000)
		}
		if d.chance(10) {
			d.head("clock %d drift %d", id, pick(d, 100, 1000, 20_000))
		}
	}
}

// quality is what the network does all the time.
func (d *draw) quality() {
	d.head("network delay %v jitter %v", d.delay, d.delay/time.Duration(pick(d, 1, 5, 10)))
	for _, what := range []struct {
		name   string
		chance int
		values []string
	}{
		{"loss", 50, []string{"0.5", "2", "10", "25"}}, {"double", 30, []string{"1", "10"}},
		{"reorder", 40, []string{"2", "20"}}, {"replay", 20, []string{"0.5", "5"}}, {"corrupt", 20, []string{"0.5", "5"}},
	} {
		if d.chance(what.chance) {
			d.head("network %s %s%%", what.name, pick(d, what.values...))
		}
	}
}

func (d *draw) starts() {
	if d.shape.Calm || d.chance(40) {
		d.head("start all")
		return
	}
	for _, id := range d.ids {
		d.at(d.some()/time.Duration(pick(d, 1, 4, 20)), "start %d", id)
	}
}

func (d *draw) traffic() {
	size := pick(d, "1", "1..100", "20..1000", "1..3000", "100..40000")
	sets := pick(d, "", "", " set any", " set any lent")
	kind := pick(d, "any", "any", "any", "agreed", "safe", "fifo")
	budget := 400 / max(d.n, 4)
	if size == "100..40000" {
		budget /= 8
	}
	for _, id := range d.ids {
		for d.chance(70) {
			times := 1 + d.rng.IntN(budget+1)
			from := d.some()
			line := fmt.Sprintf("send %d %s size %s%s times %d", id, kind, size, sets, times)
			if d.chance(70) {
				line += fmt.Sprintf(" every %v", (d.length / time.Duration(times+1)).Round(time.Microsecond))
				from /= 4
			}
			d.at(from, "%s", line)
			if d.chance(60) {
				break
			}
		}
	}
	for _, id := range d.ids {
		if d.chance(12) {
			t := d.some()
			d.at(t, "app %d %s", id, pick(d, "stopped", "stopped", "slow 1ms", "slow 10ms"))
			if d.chance(60) {
				d.at(t+d.detect*2, "app %d prompt", id)
			}
		}
		if d.chance(8) {
			d.at(d.some(), "buffer %d holds %d", id, pick(d, 1, 3, 10))
		}
	}
}
