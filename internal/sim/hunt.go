package sim

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"stampede/perf"
)

// Hunt is a run of many random worlds.
type Hunt struct {
	First   uint64 // seed
	Seeds   int
	Shape   Shape
	Workers int  // worlds that run at the same time; each has its own goroutine
	All     bool // go on after a world that failed
}

// Tally is what worlds have done, added up.
type Tally struct {
	Worlds    int
	Events    int // judged
	Datagrams int
	Virtual   time.Duration
	Slowest   float64           // greatest part of its bound that a world took to come together
	Names     []string          // of what worlds have met with
	In        map[string]int    // how many worlds met with it
	Times     map[string]uint64 // how often, in all
}

// Found is a world that failed.
type Found struct {
	Seed    uint64
	Script  *Script
	Failure *Failure
}

func (f *Found) Error() string { return fmt.Sprintf("seed %d: %v", f.Seed, f.Failure) }

func (t *Tally) add(r *Result) {
	if t.In == nil {
		t.In, t.Times = map[string]int{}, map[string]uint64{}
	}
	t.Worlds++
	t.Events += r.Events
	t.Datagrams += r.Datagrams
	t.Virtual += r.Virtual
	if r.Bound > 0 {
		t.Slowest = max(t.Slowest, float64(r.Meet)/float64(r.Bound))
	}
	perf.Each(r.Cover, func(name string, value uint64) {
		if _, ok := t.Times[name]; !ok {
			t.Names = append(t.Names, name)
		}
		t.Times[name] += value
		if value > 0 {
			t.In[name]++
		}
	})
}

// merge adds u to t.
func (t *Tally) merge(u *Tally) {
	if t.In == nil {
		*t = *u
		return
	}
	t.Worlds += u.Worlds
	t.Events += u.Events
	t.Datagrams += u.Datagrams
	t.Virtual += u.Virtual
	t.Slowest = max(t.Slowest, u.Slowest)
	for _, name := range u.Names {
		t.In[name] += u.In[name]
		t.Times[name] += u.Times[name]
	}
}

// Run runs the worlds until one fails, or all, or until ctx ends. It returns
// those that failed, by seed. Unless it runs all that is the first of them,
// whatever the number of workers.
func (h *Hunt) Run(ctx context.Context) (Tally, []*Found) {
	var (
		next  atomic.Uint64
		end   atomic.Uint64 // seeds from here on are not run
		mu    sync.Mutex
		all   Tally
		found []*Found
		wait  sync.WaitGroup
	)
	end.Store(h.First + uint64(h.Seeds))
	for range max(h.Workers, 1) {
		wait.Go(func() {
			var r Runner
			var own Tally
			for ctx.Err() == nil {
				seed := h.First + next.Add(1) - 1
				if seed >= end.Load() {
					break
				}
				if f := h.world(ctx, &r, seed, &own); f != nil && f.Failure.Class != interrupted {
					mu.Lock()
					found = append(found, f)
					if !h.All {
						end.Store(min(end.Load(), seed))
					}
					mu.Unlock()
				}
			}
			mu.Lock()
			all.merge(&own)
			mu.Unlock()
		})
	}
	wait.Wait()
	slices.SortFunc(found, func(a, b *Found) int { return cmp.Compare(a.Seed, b.Seed) })
	return all, found
}

// world runs one seed.
func (h *Hunt) world(ctx context.Context, r *Runner, seed uint64, t *Tally) *Found {
	name := fmt.Sprintf("seed-%d", seed)
	s, err := Parse(name, Draw(seed, h.Shape))
	if err != nil {
		return &Found{Seed: seed, Script: s, Failure: &Failure{Class: "script", Text: err.Error()}}
	}
	res := r.Run(s, Options{Context: ctx})
	t.add(&res)
	if res.Failure == nil {
		return nil
	}
	return &Found{seed, s, res.Failure}
}
