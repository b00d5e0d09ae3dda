package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"stampede/bench"
)

// benchFlags are the flags of the verb bench that are no part of a scenario.
type benchFlags struct {
	scenario bench.Scenario
	engines  []string
	repeat   int
	json     string // a path, - for standard output
}

func benchVerb() *cobra.Command {
	f := &benchFlags{scenario: bench.Default()}
	c := &cobra.Command{
		Use:   "bench",
		Short: "Measure speed on this machine, and check that the order is right",
		Long: `Start several processors, each a process of its own, let them multicast to one
another, and check that all have delivered the same messages in the same order.

Without --size and --rate a suite is run: floods of several message sizes, then
latency at two rates. --size alone is one flood of that size, --rate one run in
which every sender sends so many messages a second, by the clock.

--engine compares with others on the same machine in the same run: raw is what
the sockets alone can move without loss, corosync-udp and corosync-knet are
Debian's Corosync (--lab only; it is left out where it is not installed). With
--repeat all engines take turns, so many times, and medians are shown.

Without --lab nothing leaves the loopback interface, and no privilege is needed.
The exit status is 1 when the order was wrong, a message was lost or delivered
twice, or a host died; what goes wrong with Corosync is only told.`,
		Args: cobra.NoArgs,
		RunE: f.run,
	}
	f.define(c.Flags())
	return c
}

func (f *benchFlags) define(flags *pflag.FlagSet) {
	s := &f.scenario
	flags.SortFlags = false
	flags.StringSliceVar(&f.engines, "engine", []string{s.Engine}, "what to measure, one or more of "+bench.EngineWords)
	flags.IntVar(&f.repeat, "repeat", 1, fmt.Sprintf("times to run everything, 1 to %d", maxRepeat))
	flags.IntVar(&s.Hosts, "hosts", s.Hosts, "processors, each a process of its own")
	flags.IntVar(&s.Senders, "senders", 0, "processors that send (default all)")
	flags.IntVar(&s.Size, "size", s.Size, "bytes of a message")
	flags.StringVar(&s.Guarantee, "guarantee", s.Guarantee, bench.GuaranteeWords)
	flags.DurationVar(&s.Duration, "duration", s.Duration, "measured time of a run")
	flags.DurationVar(&s.Warmup, "warmup", s.Warmup, "time before it that is not measured")
	flags.Float64Var(&s.Rate, "rate", 0, "messages/s of each sender, by the clock, to measure latency (default as fast as possible)")
	flags.StringVar(&s.Transport, "transport", s.Transport, bench.TransportWords)
	flags.IntVar(&s.IP, "ip", s.IP, "version of IP: 4|6")
	flags.StringVar(&s.Socket, "socket", s.Socket, bench.SocketWords)
	flags.StringVar(&s.GSO, "gso", s.GSO, "send trains of datagrams as one (UDP_SEGMENT): "+bench.SwitchWords)
	flags.StringVar(&s.GRO, "gro", s.GRO, "receive trains of datagrams as one (UDP_GRO): "+bench.SwitchWords)
	flags.StringVar(&s.Wait, "wait", s.Wait, "how a processor waits for the network: "+bench.WaitWords)
	flags.StringVar(&s.Compress, "compress", s.Compress, bench.CompressWords)
	flags.StringVar(&s.Check, "check", s.Check, "CRC-32C of the datagrams of Stampede and raw: "+bench.CheckWords)
	flags.IntVar(&s.MTU, "mtu", 0, "bytes of an IP packet (default the interface's, 1500 on loopback)")
	flags.IntVar(&s.ReceiveBuffer, "receive-buffer", 0, "bytes asked of the kernel for each socket, which doubles them (default as many as it grants)")
	flags.Float64Var(&s.Loss, "loss", 0, "percent of the arriving datagrams that every host drops")
	flags.Uint64Var(&s.Seed, "seed", 0, "of the choice of those (default random)")
	flags.StringVar(&f.json, "json", "", "write the results to this file; - is standard output, and all else goes to standard error")
	flags.BoolVar(&s.Lab, "lab", false, "run in network namespaces on a bridge (needs root)")
}

func (f *benchFlags) run(c *cobra.Command, _ []string) error {
	flags := c.Flags()
	s := &f.scenario
	if !flags.Changed("senders") {
		s.Senders = s.Hosts
	}
	if !flags.Changed("seed") {
		s.Seed = rand.Uint64()
	}
	scenarios := []bench.Scenario{s.Named()}
	if !flags.Changed("size") && !flags.Changed("rate") {
		scenarios = bench.Suite(*s)
	}
	scenarios, err := f.interleave(scenarios)
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	out, err := openJSON(f.json, c.OutOrStdout())
	if err != nil {
		return err
	}
	defer out.abandon()
	table := c.OutOrStdout()
	if f.json == "-" {
		table = c.ErrOrStderr()
	}
	results, err := bench.Run(c.Context(), bench.Options{
		Scenarios: scenarios, Host: []string{self, benchHost}, Version: version(),
		Table: table, Progress: c.ErrOrStderr(), Live: isTerminal(os.Stderr),
	})
	if err != nil {
		err = fmt.Errorf("after %d of %d runs: %w", len(results), len(scenarios), err)
	}
	if len(results) > 0 || err == nil {
		err = errors.Join(err, out.commit(results))
	}
	for i := range results {
		if results[i].Wrong() != nil && !results[i].Peer() {
			return errors.Join(err, errors.New("not all runs were right: see above"))
		}
	}
	return err
}

// maxRepeat is enough for any statistics, and keeps a slip of the finger from
// running for ever.
const maxRepeat = 1000

// interleave is every scenario with every engine, --repeat times, all judged.
func (f *benchFlags) interleave(scenarios []bench.Scenario) ([]bench.Scenario, error) {
	if f.repeat < 1 || f.repeat > maxRepeat {
		return nil, fmt.Errorf("repeat %d is not within 1 to %d", f.repeat, maxRepeat)
	}
	for i, name := range f.engines {
		if slices.Contains(f.engines[:i], name) {
			return nil, fmt.Errorf("engine %s is named twice", name)
		}
	}
	if len(f.engines) == 0 {
		return nil, errors.New("engine: none is named")
	}
	all := bench.Interleave(scenarios, f.engines, f.repeat)
	for i := range all {
		if err := all[i].Validate(); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
