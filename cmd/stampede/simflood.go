package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"stampede/bench"
	"stampede/internal/sim/flood"
	"stampede/internal/sim/gauge"
)

// floodFlags are the flags of sim --throughput.
type floodFlags struct {
	on, calibrate, json, lone bool
	hosts, sizes              []int
	senders                   []string
	link, costs               string
	shared, mtu               int
	seed                      uint64
}

// floodOnly are flags that mean nothing without --throughput, and worldsOnly
// those that mean nothing with it.
var (
	floodOnly  = []string{"senders", "size", "link", "shared-cores", "no-trains", "mtu", "costs", "calibrate", "json"}
	worldsOnly = []string{"seeds", "long", "calm", "workers", "all", "shrink", "dir", "rewrite", "print", "verbose", "watch", "figures"}
)

func (f *floodFlags) define(flags *pflag.FlagSet) {
	flags.BoolVar(&f.on, "throughput", false, "compute throughput by the number of --hosts (default 1,2,4,8,16,32,64), from what each step costs, instead")
	flags.StringSliceVar(&f.senders, "senders", []string{"3", "all"}, "hosts of them that send: numbers or all")
	flags.IntSliceVar(&f.sizes, "size", []int{64, 1350, 8000}, "bytes of a message")
	flags.StringVar(&f.link, "link", "10G", "rate of each host's link in bits/s, 10G, 25G, 100G or any, or none")
	flags.IntVar(&f.shared, "shared-cores", 0, "all hosts share so many cores and a bridge, as in a lab (default a core and a link for each)")
	flags.BoolVar(&f.lone, "no-trains", false, "every datagram passes the kernels alone, as without UDP_SEGMENT and UDP_GRO")
	flags.IntVar(&f.mtu, "mtu", 1500, "bytes of an IP packet")
	flags.StringVar(&f.costs, "costs", "", "file of what each step costs (default those of docs/performance.md)")
	flags.BoolVar(&f.calibrate, "calibrate", false, "measure on this machine what each step costs, and print such a file (needs root)")
	flags.BoolVar(&f.json, "json", false, "print the results as JSON")
}

// judge refuses combinations of flags that cannot be.
func (f *floodFlags) judge(flags *pflag.FlagSet, files int) error {
	if !f.on {
		for _, name := range floodOnly {
			if flags.Changed(name) {
				return fmt.Errorf("sim: --%s is for --throughput", name)
			}
		}
		return nil
	}
	if files > 0 {
		return errors.New("sim: --throughput takes no scenarios")
	}
	for _, name := range worldsOnly {
		if flags.Changed(name) {
			return fmt.Errorf("sim: --%s is for worlds full of faults, --throughput has none", name)
		}
	}
	if f.calibrate {
		for _, name := range append([]string{"hosts", "seed"}, floodOnly...) {
			if name != "calibrate" && flags.Changed(name) {
				return fmt.Errorf("sim: --%s with --calibrate, which only measures", name)
			}
		}
	}
	if f.shared > 0 && flags.Changed("link") && f.link != "none" {
		return errors.New("sim: --link with --shared-cores: a lab's bridge has no rate")
	}
	if f.shared < 0 {
		return fmt.Errorf("sim: --shared-cores %d is no count", f.shared)
	}
	return nil
}

// run prints what is asked for.
func (f *floodFlags) run(c *cobra.Command) error {
	if f.calibrate {
		return f.measure(c)
	}
	costs := flood.Recorded()
	if f.costs != "" {
		text, err := os.ReadFile(f.costs)
		if err != nil {
			return fmt.Errorf("sim: %w", err)
		}
		if costs, err = flood.ParseCosts(text); err != nil {
			return fmt.Errorf("sim: %s: %w", f.costs, err)
		}
	}
	runs, err := f.runs()
	if err != nil {
		return err
	}
	var results []flood.Result
	for _, r := range runs {
		result, err := flood.Do(c.Context(), r, &costs)
		if err != nil {
			return fmt.Errorf("sim: %d hosts, %d senders, %d bytes: %w", r.Hosts, r.Senders, r.Size, err)
		}
		results = append(results, result)
	}
	if f.json {
		e := json.NewEncoder(c.OutOrStdout())
		e.SetIndent("", "\t")
		return e.Encode(struct {
			Costs flood.Costs    `json:"costs"`
			Runs  []flood.Result `json:"runs"`
		}{costs, results})
	}
	return printFloods(c.OutOrStdout(), &costs, results)
}

// runs are all combinations, judged before the first one is run.
func (f *floodFlags) runs() (all []flood.Run, err error) {
	link := 0.0
	if f.shared == 0 && f.link != "none" {
		if link, err = parseRate(f.link); err != nil {
			return nil, err
		}
	}
	for _, size := range f.sizes {
		for _, word := range f.senders {
			for _, hosts := range f.hosts {
				r := flood.Run{Hosts: hosts, Senders: hosts, Size: size, Link: link, Shared: f.shared, Lone: f.lone, MTU: f.mtu, Seed: f.seed}
				if word != "all" {
					n, err := strconv.Atoi(word)
					if err != nil || n < 1 {
						return nil, fmt.Errorf("sim: --senders %q is neither a number of hosts nor all", word)
					}
					if r.Senders = n; n >= hosts && (len(f.senders) > 1 || len(f.hosts) > 1) {
						if r.Senders = hosts; len(f.senders) > 1 {
							continue // all of them, which is asked for, too
						}
					}
				}
				if err := r.Check(); err != nil {
					return nil, fmt.Errorf("sim: %w", err)
				}
				all = append(all, r)
			}
		}
	}
	if len(all) == 0 {
		return nil, errors.New("sim: nothing to compute")
	}
	return all, nil
}

// parseRate reads bits/s, with k, M, G or T behind.
func parseRate(text string) (float64, error) {
	number, unit := text, 1.0
	if n := len(text); n > 0 {
		if i := strings.IndexByte("kMGT", text[n-1]); i >= 0 {
			number = text[:n-1]
			for range i + 1 {
				unit *= 1000
			}
		}
	}
	v, err := strconv.ParseFloat(number, 64)
	if err != nil || !(v > 0) {
		return 0, fmt.Errorf("sim: --link %q is neither a rate, as 10G, nor none", text)
	}
	return v * unit, nil
}

func printFloods(out io.Writer, c *flood.Costs, results []flood.Result) error {
	fmt.Fprintf(out, "computed from costs of %s, %s\n", c.Date, c.Machine)
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "size\tsenders\thosts\tmessages/s\tMB/s\tsent/s\treceived/s\ttrain\tacks %\tCPU %\tmost\tlink %\toverruns\trepairs\tlimit\t")
	for i := range results {
		r := &results[i]
		fmt.Fprintf(t, "%d\t%d\t%d\t%.0f\t%.1f\t%.0f\t%.0f\t%.1f\t%.2f\t%.0f\t%.0f\t%.0f\t%d\t%d\t%s\t\n", r.Size, r.Senders, r.Hosts,
			r.Delivered, r.Megabytes, r.Sent, r.Received, r.Train, 100*r.AckShare, 100*r.CPU, 100*r.CPUMost, 100*r.LinkMost, r.Overruns, r.Repairs, r.Limit)
	}
	return t.Flush()
}

// measure prints this machine's costs.
func (f *floodFlags) measure(c *cobra.Command) error {
	costs, err := gauge.Measure(c.Context(), func(format string, args ...any) {
		fmt.Fprintf(c.ErrOrStderr(), format+"\n", args...)
	})
	if err != nil {
		return fmt.Errorf("sim: %w", err)
	}
	costs.Date = time.Now().Format(time.DateOnly)
	costs.Command = "stampede sim --throughput --calibrate"
	costs.Machine = bench.Machine()
	e := json.NewEncoder(c.OutOrStdout())
	e.SetIndent("", "\t")
	return e.Encode(costs)
}
