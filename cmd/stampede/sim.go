package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"stampede/internal/sim"
	"stampede/internal/trace"
)

// simFlags are the flags of the verb sim.
type simFlags struct {
	seeds   int
	seed    uint64
	shape   sim.Shape
	rewrite bool
	verbose bool
	watch   bool
	print   bool
	figures bool
	runs    int
	dir     string
	workers int
	all     bool
	hosts   []int
	flood   floodFlags
}

func simVerb() *cobra.Command {
	f := &simFlags{}
	c := &cobra.Command{
		Use:   "sim [flags] [FILE...]",
		Short: "Run processors in simulated worlds full of faults, and judge what they did",
		Long: `Without a file: draw a world from each seed, run it, let its faults end, and
judge every promise. A seed is one world, always the same. At the first world
that fails, write its script, a shorter one that fails in the same way, and its
trace for stampede verify --exact. With files: run the scenarios in them.

With --throughput: no faults, and nothing is drawn. Every host has a core that is
busy for what each step costs as it was measured, and a link with a rate; senders
keep their queues full. It prints what is delivered, by the number of hosts.

The exit status is 1 when a world failed.`,
		Example: `  stampede sim --seeds 10000
  stampede sim --seeds 1 --seed 4711 --verbose
  stampede sim internal/sim/scenarios/*.sim`,
		RunE: f.run,
	}
	flags := c.Flags()
	flags.SortFlags = false
	flags.IntVar(&f.seeds, "seeds", 1000, "how many worlds")
	flags.Uint64Var(&f.seed, "seed", 0, "of the first world (default random)")
	flags.IntSliceVar(&f.hosts, "hosts", nil, "processors of each world (default 1 to 9, drawn)")
	flags.BoolVar(&f.shape.Long, "long", false, "large worlds: 10 to 100 processors")
	flags.BoolVar(&f.shape.Calm, "calm", false, "no crashes, no partitions: one configuration from a list")
	flags.IntVar(&f.workers, "workers", runtime.GOMAXPROCS(0), "worlds that run at the same time")
	flags.BoolVar(&f.all, "all", false, "do not stop at a world that fails, and tell at the end which ones did")
	flags.IntVar(&f.runs, "shrink", 2000, "worlds that may be run to find a shorter script")
	flags.StringVar(&f.dir, "dir", ".", "where the files of a world that failed are written")
	flags.BoolVar(&f.rewrite, "rewrite", false, "put what was seen into the expectations of the files")
	flags.BoolVar(&f.print, "print", false, "print the scripts of the worlds instead of running them")
	flags.BoolVarP(&f.verbose, "verbose", "v", false, "tell what happens in the files' worlds, or in the one world of --seeds 1")
	flags.BoolVar(&f.watch, "watch", false, "and every datagram")
	flags.BoolVar(&f.figures, "figures", false, "measure changes of configurations of 3 to 100 processors instead")
	f.flood.define(flags)
	return c
}

func (f *simFlags) run(c *cobra.Command, files []string) error {
	out := c.OutOrStdout()
	if err := f.flood.judge(c.Flags(), len(files)); err != nil {
		return err
	}
	if f.flood.on {
		if f.flood.hosts = f.hosts; len(f.hosts) == 0 {
			f.flood.hosts = []int{1, 2, 4, 8, 16, 32, 64}
		}
		f.flood.seed = f.seed
		return f.flood.run(c)
	}
	if len(f.hosts) == 1 {
		f.shape.Hosts = f.hosts[0]
	}
	switch {
	case len(f.hosts) > 1:
		return errors.New("sim: one number of --hosts, but for --throughput")
	case f.seeds < 1 || f.shape.Hosts < 0 || f.shape.Hosts > 200 || f.workers < 1:
		return errors.New("sim: --seeds, --hosts (at most 200) and --workers are counts")
	case f.figures:
		return sim.Figures(out)
	case len(files) > 0:
		return f.scenarios(out, files)
	}
	if !c.Flags().Changed("seed") {
		f.seed = rand.Uint64N(1 << 32)
	}
	fmt.Fprintf(out, "first seed %d\n", f.seed)
	if f.print {
		for i := range f.seeds {
			fmt.Fprint(out, sim.Draw(f.seed+uint64(i), f.shape))
		}
		return nil
	}
	if f.verbose && f.seeds == 1 {
		return f.one(out, f.seed)
	}
	began := time.Now()
	h := sim.Hunt{First: f.seed, Seeds: f.seeds, Shape: f.shape, Workers: f.workers, All: f.all}
	tally, found := h.Run(c.Context())
	printTally(out, &tally, time.Since(began))
	switch {
	case len(found) == 0:
		return c.Context().Err()
	case f.all:
		return listFound(out, found)
	}
	return f.report(out, found[0])
}

func (f *simFlags) options(out io.Writer) sim.Options {
	o := sim.Options{Rewrite: f.rewrite, Watch: f.watch}
	if f.verbose || f.watch {
		o.Log = func(line string) { fmt.Fprintln(out, line) }
	}
	return o
}

// one runs the world of one seed and tells of it.
func (f *simFlags) one(out io.Writer, seed uint64) error {
	s, err := sim.Parse(fmt.Sprintf("seed-%d", seed), sim.Draw(seed, f.shape))
	if err != nil {
		return err
	}
	fmt.Fprint(out, s.Text())
	if res := new(sim.Runner).Run(s, f.options(out)); res.Failure != nil {
		return f.report(out, &sim.Found{Seed: seed, Script: s, Failure: res.Failure})
	}
	return nil
}

// scenarios runs files.
func (f *simFlags) scenarios(out io.Writer, files []string) error {
	var r sim.Runner
	failed := 0
	for _, path := range files {
		text, err := os.ReadFile(path)
		if err != nil {
			return fmt.Errorf("sim: %w", err)
		}
		s, err := sim.Parse(path, string(text))
		if err != nil {
			return fmt.Errorf("sim: %w", err)
		}
		res := r.Run(s, f.options(out))
		if f.rewrite {
			if err := os.WriteFile(path, []byte(strings.Join(res.Rewritten, "\n")+"\n"), 0o666); err != nil {
				return fmt.Errorf("sim: %w", err)
			}
		}
		if res.Failure != nil {
			failed++
			fmt.Fprintf(out, "%s:%d: %v\n", path, res.Failure.Line, res.Failure)
			continue
		}
		fmt.Fprintf(out, "%s: good, %d events in %v\n", path, res.Events, res.Virtual.Round(time.Millisecond))
	}
	if failed > 0 {
		return fmt.Errorf("sim: scenarios that failed: %d of %d", failed, len(files))
	}
	return nil
}

// report writes down a world that failed: its script, a shorter one, its trace.
func (f *simFlags) report(out io.Writer, found *sim.Found) error {
	base := filepath.Join(f.dir, fmt.Sprintf("seed-%d", found.Seed))
	if found.Script == nil {
		return found
	}
	fmt.Fprintf(out, "seed %d: %v\n", found.Seed, found.Failure)
	if err := os.WriteFile(base+".sim", []byte(found.Script.Text()), 0o666); err != nil {
		return errors.Join(found, err)
	}
	if err := writeTrace(base+".jsonl", found.Script); err != nil {
		return errors.Join(found, err)
	}
	fmt.Fprintf(out, "script %s.sim, trace %s.jsonl\n", base, base)
	small := sim.Shrink(new(sim.Runner), found.Script, found.Failure.Class, f.runs)
	if err := os.WriteFile(base+".small.sim", []byte(small.Text()), 0o666); err != nil {
		return errors.Join(found, err)
	}
	fmt.Fprintf(out, "shorter script %s.small.sim:\n%s", base, small.Text())
	if res := new(sim.Runner).Run(small, sim.Options{}); res.Failure != nil {
		fmt.Fprintf(out, "%v\n", res.Failure)
	}
	return fmt.Errorf("sim: seed %d: %s", found.Seed, found.Failure.Class)
}

// listFound tells which worlds failed, by the way they did.
func listFound(out io.Writer, found []*sim.Found) error {
	seeds := map[string][]uint64{}
	for _, f := range found {
		seeds[f.Failure.Class] = append(seeds[f.Failure.Class], f.Seed)
	}
	for _, class := range slices.Sorted(maps.Keys(seeds)) {
		list := seeds[class]
		fmt.Fprintf(out, "%s: %d worlds, seeds %v\n", class, len(list), list[:min(len(list), 10)])
	}
	return fmt.Errorf("sim: worlds that failed: %d", len(found))
}

func writeTrace(path string, s *sim.Script) error {
	w, err := os.Create(path)
	if err != nil {
		return err
	}
	t := trace.NewWriter(w)
	new(sim.Runner).Run(s, sim.Options{Trace: func(e *trace.Event) { err = cmp.Or(err, t.Write(e)) }})
	return errors.Join(err, t.Close(), w.Close())
}

func printTally(out io.Writer, t *sim.Tally, took time.Duration) {
	fmt.Fprintf(out, "%d worlds in %v: %d events judged, %d datagrams, %v of the worlds' time, within %.0f %% of the bound\n",
		t.Worlds, took.Round(time.Millisecond), t.Events, t.Datagrams, t.Virtual.Round(time.Second), 100*t.Slowest)
	var parts []string
	for _, name := range slices.Sorted(slices.Values(t.Names)) {
		parts = append(parts, fmt.Sprintf("%s %d (%d)", strings.ReplaceAll(name, "_", " "), t.In[name], t.Times[name]))
	}
	fmt.Fprintf(out, "worlds with, and how often in all: %s\n", strings.Join(parts, ", "))
}
