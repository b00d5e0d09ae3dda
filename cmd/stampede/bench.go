package main

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"stampede/bench"
)

// benchFlags are the flags of the verb bench.
type benchFlags struct {
	request bench.Request
	outputs benchOutputs
}

func benchVerb() *cobra.Command {
	f := &benchFlags{request: bench.Request{Base: bench.Default()}}
	c := &cobra.Command{
		Use:   "bench",
		Short: "Measure speed on this machine, and check that the order is right",
		Long: `Start several processors, each a process of its own, let them multicast to one
another, and check that all have delivered the same messages in the same order.

Without --size, --rate and --kill the suite quick is run: floods of several
message sizes, then latency at two rates. --size alone is one flood of that
size, --rate one run in which every sender sends so many messages a second, by
the clock. --suite runs others, by name: --suite list tells what is in them.

--engine compares with others on the same machine in the same run: raw is what
the sockets alone can move without loss, roundtrip the same one message at a
time, corosync-udp and corosync-knet are Debian's Corosync (--lab only; it is
left out where it is not installed). With --repeat all take turns, so many
times, and medians are shown.

With --via daemon every host has a daemon, and --clients programs that reach its
processor through it; --via libevs are programs in C, which takes gcc.

Without --lab nothing leaves the loopback interface, and no privilege is needed.
The exit status is 1 when the order was wrong, a message was lost or delivered
twice, or a host died; what goes wrong with Corosync is only told. Such a run
has no figures.`,
		Example: `  stampede bench
  stampede bench --size 1350 --hosts 2 --duration 10s
  stampede bench --lab --engine stampede,raw,corosync-knet --repeat 3`,
		Args: cobra.NoArgs,
		RunE: f.run,
	}
	f.define(c.Flags())
	return c
}

func (f *benchFlags) define(flags *pflag.FlagSet) {
	q, s, o := &f.request, &f.request.Base, &f.outputs
	flags.SortFlags = false
	flags.StringSliceVar(&q.Suites, "suite", nil, "what to run, one or more of "+suiteWords()+"; list tells what they are")
	flags.BoolVar(&q.Smoke, "smoke", false, "few and very short runs of it, to see that everything works here")
	flags.StringSliceVar(&q.Engines, "engine", []string{s.Engine}, "what to measure, one or more of "+bench.EngineWords)
	flags.IntVar(&q.Repeat, "repeat", 1, fmt.Sprintf("times to run everything, 1 to %d", bench.MaxRepeat))
	flags.IntVar(&s.Hosts, "hosts", s.Hosts, "processors, each a process of its own")
	flags.IntVar(&s.Senders, "senders", 0, "processors that send (default all)")
	flags.IntVar(&s.Size, "size", s.Size, "bytes of a message")
	flags.StringVar(&s.Data, "data", s.Data, "what it is filled with: "+bench.DataWords)
	flags.StringVar(&s.Guarantee, "guarantee", s.Guarantee, bench.GuaranteeWords)
	flags.StringVar(&s.Via, "via", s.Via, "how deliveries are taken (auto: floods by Serve, else by Receive): "+bench.ViaWords)
	flags.IntVar(&s.Clients, "clients", s.Clients, "programs on each host, via daemon or libevs (default 1)")
	flags.DurationVar(&s.Duration, "duration", s.Duration, "measured time of a run")
	flags.DurationVar(&s.Warmup, "warmup", s.Warmup, "time before it that is not measured")
	flags.Float64Var(&s.Rate, "rate", 0, "messages/s of each sender, by the clock, to measure latency (default as fast as possible)")
	flags.StringVar(&s.Kill, "kill", s.Kill, "who is killed in the measured time, which takes 3 hosts: "+bench.KillWords)
	flags.StringVar(&s.Transport, "transport", s.Transport, bench.TransportWords)
	flags.IntVar(&s.IP, "ip", s.IP, "version of IP: 4|6")
	flags.StringVar(&s.Socket, "socket", s.Socket, bench.SocketWords)
	flags.StringVar(&s.GSO, "gso", s.GSO, "send trains of datagrams as one (UDP_SEGMENT): "+bench.SwitchWords)
	flags.StringVar(&s.GRO, "gro", s.GRO, "receive trains of datagrams as one (UDP_GRO): "+bench.SwitchWords)
	flags.StringVar(&s.Wait, "wait", s.Wait, "how a processor waits for the network: "+bench.WaitWords)
	flags.StringVar(&s.Compress, "compress", s.Compress, bench.CompressWords)
	flags.StringVar(&s.Check, "check", s.Check, "CRC-32C of the datagrams of Stampede and raw: "+bench.CheckWords)
	flags.StringVar(&s.CPUs, "cpus", "", "processors that Stampede's loops are pinned to, one each, by turns (default none)")
	flags.DurationVar(&s.BusyPoll, "busy-poll", 0, "Stampede takes in what the network card has without its interrupt (default off)")
	flags.IntVar(&s.MTU, "mtu", 0, "bytes of an IP packet (default the interface's, 1500 on loopback)")
	flags.IntVar(&s.ReceiveBuffer, "receive-buffer", 0, "bytes asked of the kernel for each socket, which doubles them (default as many as it grants)")
	flags.Float64Var(&s.Loss, "loss", 0, "percent of the arriving datagrams that every host drops")
	flags.Uint64Var(&s.Seed, "seed", 0, "of the choice of those (default random)")
	flags.BoolVar(&s.Lab, "lab", false, "run in network namespaces on a bridge (needs root)")
	flags.StringVar(&o.json, "json", "", "write the results to this file; - is standard output, and all else goes to standard error")
	flags.StringVar(&o.benchstat, "benchstat", "", "write them to this file as benchstat reads them, every repetition a line")
	flags.StringVar(&o.hdr, "hdr", "", "write the percentiles of every run's latency into this directory (HdrHistogram's .hgrm)")
	flags.StringVar(&o.record, "record", "", "keep everything, and what the machine is, in a directory below this one that is named by the time")
}

// listSuites is what --suite takes instead of a name.
const listSuites = "list"

func suiteWords() string {
	var names []string
	for _, s := range bench.Suites {
		names = append(names, s.Name)
	}
	return strings.Join(append(names, bench.AllSuites), "|")
}

func writeSuites(w io.Writer) {
	for _, s := range bench.Suites {
		fmt.Fprintf(w, "%s: %s\n", s.Name, s.About)
		for _, line := range s.Lines {
			fmt.Fprintf(w, "  %s\n", line)
		}
	}
	fmt.Fprintf(w, "%s: all of them but %s\n\nA line is all combinations of its values; the rest is as the other flags say.\n", bench.AllSuites, bench.Suites[0].Name)
}

func (f *benchFlags) run(c *cobra.Command, _ []string) error {
	if len(f.request.Suites) == 1 && f.request.Suites[0] == listSuites {
		writeSuites(c.OutOrStdout())
		return nil
	}
	plan, err := f.plan(c.Flags())
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	if err := f.outputs.open(c, f.request.Base.Lab); err != nil {
		return err
	}
	defer f.outputs.abandon()
	results, err := bench.Run(c.Context(), bench.Options{
		Plan: plan, Host: []string{self, benchHost}, Daemon: []string{self, benchDaemon}, Version: version(),
		Table: f.outputs.table, Progress: c.ErrOrStderr(), Live: isTerminal(os.Stderr),
	})
	if err != nil {
		err = fmt.Errorf("after %d of %d runs: %w", len(results), len(plan.Runs), err)
	}
	if len(results) > 0 || err == nil {
		err = errors.Join(err, f.outputs.commit(results, len(plan.Runs)))
	}
	for i := range results {
		if results[i].Wrong() != nil && !results[i].Peer() {
			return errors.Join(err, errors.New("not all runs were right: see above"))
		}
	}
	return err
}

// plan judges the flags.
func (f *benchFlags) plan(flags *pflag.FlagSet) (*bench.Plan, error) {
	q, s := &f.request, &f.request.Base
	switch {
	case flags.Changed("senders") && s.Senders == 0:
		return nil, errors.New("senders 0: somebody must send")
	case q.Smoke && (flags.Changed("duration") || flags.Changed("warmup")):
		return nil, errors.New("duration and warmup with smoke: its runs are as short as can be")
	case flags.Changed("suite") && len(q.Suites) == 0:
		return nil, errors.New("suite: none is named")
	}
	if !flags.Changed("seed") {
		s.Seed = rand.Uint64()
	}
	if len(q.Suites) == 0 && !flags.Changed("size") && !flags.Changed("rate") && !flags.Changed("kill") {
		q.Suites = []string{bench.Suites[0].Name}
	}
	if err := bench.Conflict(q.Suites, flags.Changed); err != nil && flags.Changed("suite") {
		return nil, err
	}
	return q.Plan()
}

func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// benchOutputs are where the results go besides the table, empty = nowhere,
// and where that goes.
type benchOutputs struct {
	json, benchstat, hdr, record string // flags

	table   io.Writer
	results *jsonOutput
	lines   *os.File
	kept    *bench.Record
}

// open fails before anything is measured, if something cannot be written.
func (o *benchOutputs) open(c *cobra.Command, inLab bool) (err error) {
	defer func() {
		if err != nil {
			o.abandon()
		}
	}()
	if o.results, err = openJSON(o.json, c.OutOrStdout()); err != nil {
		return err
	}
	if o.table = c.OutOrStdout(); o.json == "-" {
		o.table = c.ErrOrStderr()
	}
	if o.benchstat != "" {
		if o.lines, err = os.OpenFile(o.benchstat, os.O_WRONLY|os.O_CREATE, 0o666); err != nil {
			return fmt.Errorf("benchstat: %w", err)
		}
	}
	if o.hdr != "" {
		if err = os.MkdirAll(o.hdr, 0o777); err != nil {
			return fmt.Errorf("hdr: %w", err)
		}
	}
	if o.record != "" {
		command := append([]string{"stampede"}, os.Args[1:]...) // wherever go run has put it
		if o.kept, err = bench.NewRecord(c.Context(), o.record, time.Now(), command, version(), inLab); err != nil {
			return err
		}
		o.table = io.MultiWriter(o.table, o.kept.Table())
	}
	return nil
}

// commit writes the results.
func (o *benchOutputs) commit(results []bench.Result, planned int) (err error) {
	err = o.results.commit(results)
	if o.lines != nil {
		err = errors.Join(err, o.lines.Truncate(0), bench.WriteBenchstat(o.lines, results), o.lines.Close())
		o.lines = nil
	}
	if o.hdr != "" {
		err = errors.Join(err, bench.WriteHdr(o.hdr, results))
	}
	if o.kept != nil {
		err = errors.Join(err, o.kept.Commit(results, planned))
		o.kept = nil
	}
	return err
}

// abandon leaves nothing new behind of what was not committed.
func (o *benchOutputs) abandon() {
	if o.results != nil {
		o.results.abandon()
	}
	if o.lines != nil {
		if info, err := o.lines.Stat(); err == nil && info.Size() == 0 && info.Mode().IsRegular() {
			os.Remove(o.benchstat)
		}
		o.lines.Close()
	}
	if o.kept != nil {
		o.kept.Abandon()
	}
}
