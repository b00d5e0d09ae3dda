package drill

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"stampede/internal/verify"
)

// Result is what a drill did and found.
type Result struct {
	Options Options
	Formed  time.Duration // from the first start to the first common configuration
	Healed  time.Duration // from the last fault's end to the last common configuration
	Done    []Done
	Report  *verify.Report // of all traces; nil if they could not be judged
}

// Done is a fault that happened.
type Done struct {
	Fault
	Began, Ended int64 // wall clock, ns
	// Silences are how long nothing was delivered at the hosts that took part
	// from the fault's beginning to that of the next one, at each the longest;
	// Later are the same from the fault's end on.
	Silences, Later []Silence
}

// Run makes a lab, runs the drill and removes the lab. The result is there,
// with as much as is known, also with an error: a *Death if a processor ended
// by itself, an *Apart if the cluster did not come together, a *Broken if
// promises were not kept, or that of ctx.
func Run(ctx context.Context, o Options) (r *Result, err error) {
	if o, err = o.withDefaults(); err != nil {
		return nil, err
	}
	made, err := makeDirectory(&o)
	if err != nil {
		return nil, err
	}
	r = &Result{Options: o}
	err = onCluster(ctx, &o, made.path, func(c *cluster) error { return c.drill(ctx, r) })
	return r, made.finish(err)
}

// onCluster runs f with a cluster of which nothing runs yet.
func onCluster(ctx context.Context, o *Options, dir string, f func(*cluster) error) error {
	c, err := newCluster(ctx, o, dir)
	if err != nil {
		return err
	}
	// Closing kills what still runs; those deaths are meant.
	return errors.Join(f(c), c.lab.Close())
}

// drill is the whole life of the cluster, and the judgement.
func (c *cluster) drill(ctx context.Context, r *Result) error {
	if err := c.rewire(ctx); err != nil { // whatever faults need, it is missed now
		return err
	}
	began := time.Now()
	if err := c.startAll(); err != nil {
		return err
	}
	err := c.gather(ctx)
	if err == nil {
		r.Formed = time.Since(began)
		fmt.Fprintf(c.o.Out, "%8.3f s  all %d hosts in configuration %v\n", 0.0, c.o.Hosts, c.hosts[1].tail.config)
		err = c.suffer(ctx, r)
	}
	if ctx.Err() != nil {
		return err
	}
	end := wall()
	err = errors.Join(err, c.stop())
	return errors.Join(err, c.judge(ctx, r, end))
}

// suffer lets the faults happen, heals, and waits until the cluster has
// come together.
func (c *cluster) suffer(ctx context.Context, r *Result) error {
	faults := Schedule(c.o)
	zero := time.Now()
	done := make([]Done, len(faults))
	defer func() {
		for i := range done {
			if done[i].Began != 0 {
				r.Done = append(r.Done, done[i])
			}
		}
	}()
	for _, s := range steps(faults) {
		if err := c.wait(ctx, zero.Add(s.at)); err != nil {
			return err
		}
		f := &faults[s.fault]
		now := wall()
		if s.part == begins {
			done[s.fault] = Done{Fault: *f, Began: now}
		}
		err := c.do(ctx, s, f)
		if s.part == begins {
			done[s.fault].Hosts = f.Hosts // of Sequencer they are known now
			fmt.Fprintf(c.o.Out, "%8.3f s  %v, for %v\n", s.at.Seconds(), describe(f), f.Last)
		}
		if s.part == ends {
			done[s.fault].Ended = now
		}
		if err = errors.Join(err, c.look()); err != nil { // so that there is little to read at the end
			return err
		}
	}
	err := errors.Join(c.wait(ctx, zero.Add(c.o.Duration)), c.look())
	if err != nil {
		return err
	}
	healing := time.Now()
	if err := c.heal(ctx); err != nil {
		return err
	}
	err = c.gather(ctx)
	r.Healed = time.Since(healing)
	return err
}

// describe is the fault, with the host that a sequencer turned out to be.
func describe(f *Fault) string {
	switch {
	case f.Kind == Sequencer && len(f.Hosts) == 0:
		return f.String() + ", of whom there is none"
	case f.Kind == Sequencer:
		return f.String() + ", host " + list(f.Hosts)
	}
	return f.String()
}

// judge holds the traces against the promises, and reads the silences from them.
func (c *cluster) judge(ctx context.Context, r *Result, end int64) (err error) {
	paths := c.existing()
	if len(paths) == 0 {
		return nil
	}
	if r.Report, err = verify.Files(ctx, paths, verify.Options{}); err != nil {
		return err
	}
	stories, err := c.readStories(ctx)
	if err != nil {
		return err
	}
	measure(r.Done, stories, end)
	if len(r.Report.Violations) > 0 {
		return &Broken{r.Report}
	}
	return nil
}

// existing are the traces that were begun: a processor may be killed before.
func (c *cluster) existing() (paths []string) {
	for _, path := range c.traces() {
		if _, err := os.Stat(path); err == nil {
			paths = append(paths, path)
		}
	}
	return paths
}
