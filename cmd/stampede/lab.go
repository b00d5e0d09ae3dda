package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"stampede/internal/conf"
	"stampede/internal/lab/drill"
)

// labFlags are the flags of the verb lab.
type labFlags struct {
	options    drill.Options
	faults     []drill.Kind
	guarantees []conf.Guarantee
	figure     drill.Figure
	times      int
}

func labVerb() *cobra.Command {
	f := &labFlags{}
	c := &cobra.Command{
		Use:   "lab [flags] [-- flags of stampede node]",
		Short: "Put a cluster through real faults, and judge what it did",
		Long: `Make hosts of network namespaces on a bridge, run one processor on each of them,
let them multicast to one another, and let faults happen that are drawn from a
seed, one after the other, each ended again. Then heal everything, wait until
all are in one configuration, stop, and judge the traces of all lives of all
processors as stampede verify does.

For each fault it tells the longest time in which a host that took part did not
deliver anything, from the fault until the next one.

It needs root, and the commands ip of iproute2 and nft of nftables. The exit
status is 1 when a promise was not kept, when a processor ended by itself, or
when the cluster did not come together: then the traces and logs are kept.`,
		Example: `  stampede lab --hosts 3 --duration 30s --seed 1
  stampede lab --faults kill,partition
  stampede lab --daemon --client ./witness`,
		RunE: f.run,
	}
	f.define(c.Flags())
	return c
}

func (f *labFlags) define(flags *pflag.FlagSet) {
	o := &f.options
	flags.SortFlags = false
	flags.IntVar(&o.Hosts, "hosts", 5, "processors, each on a host of its own")
	flags.DurationVar(&o.Duration, "duration", time.Minute, "time in which faults happen")
	flags.Var(newList(&f.faults, drill.ParseKind), "faults", "what may happen: "+drill.KindWords()+" (default all of them)")
	flags.DurationVar(&o.Rest, "rest", drill.DefaultRest, "time between a fault's end and the next one")
	flags.BoolVar(&o.Overlap, "overlap", false, "let faults begin while others last")
	flags.Uint64Var(&o.Seed, "seed", 0, "of the choice of faults (default random)")
	flags.Float64Var(&o.Rate, "rate", 200, "messages/s of each processor")
	flags.IntVar(&o.Size, "size", 64, "bytes of a message")
	flags.Var(newList(&f.guarantees, parseGuarantee), "guarantee", "several are taken in turn: "+conf.GuaranteeWords+" (default agreed)")
	flags.StringVar(&o.Transport, "transport", "multicast", "multicast|unicast")
	flags.IntVar(&o.IP, "ip", 4, "version of IP: 4|6")
	flags.BoolVar(&o.Daemon, "daemon", false, "let each processor be a daemon's, and a program on its host use it: the faults are the daemon's")
	flags.StringVar(&o.Client, "client", "", "with daemon: this program instead of stampede node --dial, whose flags it takes")
	flags.DurationVar(&o.Detect, "detect", 0, "time of silence after which a processor is suspected (default the processors' own)")
	flags.DurationVar(&o.Settle, "settle", drill.DefaultSettle, "time that the cluster has to come together")
	flags.Var(figureFlag{&f.figure}, "figure", "measure instead what a change costs: "+drill.FigureWords())
	flags.IntVar(&f.times, "times", 0, "how often each case of a figure is measured (default by figure)")
	flags.StringVar(&o.Dir, "dir", "", "empty directory for traces and logs, which stay there (default a temporary one)")
	flags.BoolVar(&o.Keep, "keep", false, "keep the temporary directory even if all was right")
}

func (f *labFlags) run(c *cobra.Command, nodeArgs []string) error {
	flags, o := c.Flags(), &f.options
	if len(nodeArgs) > 0 && flags.ArgsLenAtDash() != 0 {
		return fmt.Errorf("%q: flags of stampede node follow after --", nodeArgs[0])
	}
	o.NodeArgs = nodeArgs
	if !flags.Changed("seed") {
		o.Seed = rand.Uint64()
	}
	if o.Faults = f.faults; !flags.Changed("faults") {
		o.Faults = drill.Kinds()
	}
	o.Guarantee = flags.Lookup("guarantee").Value.String()
	o.Out = c.ErrOrStderr()
	if flags.Changed("figure") {
		return f.measure(c)
	}
	out := c.OutOrStdout()
	fmt.Fprintf(out, "seed %d, %d hosts, %s, %g messages/s of %d bytes each, for %v\n", o.Seed, o.Hosts, o.Transport, o.Rate, o.Size, o.Duration)
	r, err := drill.Run(c.Context(), *o)
	if r == nil || c.Context().Err() != nil {
		return err
	}
	err = errors.Join(err, r.Print(out))
	if r.Report != nil {
		err = errors.Join(err, printReport(out, r.Report, false))
	}
	return err
}

// measure makes a figure. What was not asked for is the figure's own.
func (f *labFlags) measure(c *cobra.Command) error {
	flags, o := c.Flags(), f.options
	for _, foreign := range []string{"duration", "faults", "rest", "overlap"} {
		if flags.Changed(foreign) {
			return fmt.Errorf("%s: a figure has faults of its own", foreign)
		}
	}
	if !flags.Changed("hosts") {
		o.Hosts = 0
	}
	if !flags.Changed("rate") {
		o.Rate = 0
	}
	fmt.Fprintf(c.OutOrStdout(), "seed %d, %s, %d bytes a message\n", o.Seed, o.Transport, o.Size)
	return drill.Measure(c.Context(), o, f.figure, f.times, c.OutOrStdout())
}

// figureFlag is a flag with the word of a figure.
type figureFlag struct{ to *drill.Figure }

func (figureFlag) Type() string   { return "word" }
func (figureFlag) String() string { return "" }

func (f figureFlag) Set(text string) (err error) {
	*f.to, err = drill.ParseFigure(text)
	return err
}
