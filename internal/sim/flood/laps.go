package flood

import "context"

// Laps is the work of a run, and the time that it really took the machine that
// computed it, in ns by step: what the protocol's part of Costs is made from.
// Time of Own is in that of Pass. What the kernel would do is not in it.
type Laps struct {
	Hosts int
	Work  Work
	Nanos [NumSteps]int64
}

// Time runs a flood, checksums included, by a stopwatch: watch is a clock in ns,
// of which tick is what one reading takes.
func Time(ctx context.Context, r Run, c *Costs, watch func() int64, tick int64) (Laps, error) {
	if err := r.Check(); err != nil {
		return Laps{}, err
	}
	r = r.withDefaults()
	r.check, r.watch, r.tick = true, watch, tick
	w, before, after, err := play(ctx, r, c)
	if err != nil {
		return Laps{}, err
	}
	l := Laps{Hosts: len(w.hosts)}
	for i := range after {
		l.Work.add(since(&after[i].work, &before[i].work))
		for s := range l.Nanos {
			l.Nanos[s] += after[i].timed[s] - before[i].timed[s]
		}
	}
	return l, nil
}

// Total is the time of all steps, in ns.
func (l *Laps) Total() (ns int64) {
	for _, n := range l.Nanos {
		ns += n
	}
	return ns
}
