package drill

import (
	"context"
	"slices"
	"time"

	"stampede/internal/lab"
)

// hampered is what keeps a host from taking part though its processor lives.
type hampered struct {
	paused *process // the life that is stopped, or nil
	downs  int      // faults that hold the interface down
	loss   float64  // percent, as it is set
	due    bool     // a processor is to be started when the interface is up
	away   []absence
}

// absence is a time in which a host could not take part, though it lived.
type absence struct{ from, to int64 } // wall clock, ns; to is 0 while it lasts

// note keeps away up to date; it is called after every change.
func (h *hampered) note(now int64) {
	last := len(h.away) - 1
	lasts := last >= 0 && h.away[last].to == 0
	switch absent := h.paused != nil || h.downs > 0; {
	case absent && !lasts:
		h.away = append(h.away, absence{from: now})
	case !absent && lasts:
		h.away[last].to = now
	}
}

// begin makes a fault happen. Where it meets another one that leaves nothing
// to do, a processor that is dead already, it does nothing.
func (c *cluster) begin(ctx context.Context, f *Fault) (err error) {
	switch f.Kind {
	case Sequencer:
		id, err := c.leader()
		if err != nil || id == 0 {
			return err
		}
		f.Hosts = []int{id}
		return c.kill(id)
	case Kill, Restarts:
		return c.kill(f.Hosts[0])
	case Leave:
		return c.leave(c.hosts[f.Hosts[0]])
	case Pause:
		return c.pause(c.hosts[f.Hosts[0]])
	case Down:
		return c.down(ctx, c.hosts[f.Hosts[0]])
	default:
		c.wrong = append(c.wrong, f)
		return c.rewire(ctx)
	}
}

// finish ends a fault.
func (c *cluster) finish(ctx context.Context, f *Fault) error {
	switch f.Kind {
	case Kill, Sequencer, Leave, Restarts:
		if len(f.Hosts) == 0 {
			return nil
		}
		return c.revive(c.hosts[f.Hosts[0]])
	case Pause:
		return c.resume(c.hosts[f.Hosts[0]])
	case Down:
		return c.up(ctx, c.hosts[f.Hosts[0]])
	}
	c.wrong = slices.DeleteFunc(c.wrong, func(other *Fault) bool { return other == f })
	return c.rewire(ctx)
}

// leave tells a processor to leave. One that is paused could not.
func (c *cluster) leave(h *host) error {
	if h.run == nil || h.paused != nil {
		return nil
	}
	return h.terminate()
}

// revive starts a processor that is dead, or leaves. One whose interface is down would
// refuse to, and ends up where a machine that boots would have it: it is
// started when the network is there.
func (c *cluster) revive(h *host) error {
	if err := h.awaitLeave(); err != nil {
		return err
	}
	h.due = h.run == nil && h.downs > 0
	if h.run != nil || h.due {
		return nil
	}
	return c.start(h.id)
}

func (c *cluster) kill(id int) error {
	h := c.hosts[id]
	h.due = false
	if h.run == nil {
		return nil
	}
	h.condemn()
	h.run.kill()
	h.run, h.paused = nil, nil
	h.note(wall())
	return h.bereave()
}

func (c *cluster) pause(h *host) error {
	if h.run == nil || h.run.meant.Load() { // it leaves just now, and is waited for
		return nil
	}
	h.paused = h.run
	h.note(wall())
	return ignoreDone(suspend(h.run.cmd.Process))
}

func (c *cluster) resume(h *host) error {
	if h.paused == nil {
		return nil
	}
	err := ignoreDone(resume(h.paused.cmd.Process))
	h.paused = nil
	h.note(wall())
	return err
}

func (c *cluster) down(ctx context.Context, h *host) error {
	h.downs++
	h.note(wall())
	if h.downs > 1 {
		return nil
	}
	return h.place.Down(ctx)
}

func (c *cluster) up(ctx context.Context, h *host) error {
	if h.downs--; h.downs > 0 {
		return nil
	}
	err := h.place.Up(ctx)
	h.note(wall())
	if err == nil && h.due {
		err = c.revive(h)
	}
	return err
}

// rewire makes the network what the faults that last make of it together.
func (c *cluster) rewire(ctx context.Context) error {
	cuts, losses := network(c.wrong, len(c.hosts))
	for _, h := range c.hosts[1:] {
		if h.loss != losses[h.id] {
			if err := h.place.Loss(ctx, losses[h.id]); err != nil {
				return err
			}
			h.loss = losses[h.id]
		}
	}
	return c.lab.Cut(ctx, cuts...)
}

// network is what faults come to together: whatever one of them cuts is cut,
// and of several losses at a host, in percent, the worst counts.
func network(faults []*Fault, hosts int) (cuts []lab.Cut, losses []float64) {
	losses = make([]float64, hosts)
	for _, f := range faults {
		cuts = append(cuts, lab.Between(f.Groups...)...)
		cuts = append(cuts, lab.OneWay(f.Hosts, f.Others)...)
		if f.Kind == Loss {
			for _, id := range f.Hosts {
				losses[id] = max(losses[id], f.Percent)
			}
		}
	}
	return cuts, losses
}

// heal ends every fault there is, and starts who is dead.
func (c *cluster) heal(ctx context.Context) error {
	c.wrong = nil
	if err := c.rewire(ctx); err != nil {
		return err
	}
	for _, h := range c.hosts[1:] {
		if err := c.resume(h); err != nil {
			return err
		}
		for h.downs > 0 {
			if err := c.up(ctx, h); err != nil {
				return err
			}
		}
	}
	return c.startAll()
}

// wall is the time by the clock that traces tell.
func wall() int64 { return time.Now().UnixNano() }
