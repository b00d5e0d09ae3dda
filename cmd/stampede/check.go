package main

import (
	"cmp"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"stampede/evs"
	"stampede/perf/host"
	"stampede/perf/reach"
)

// checkGroup is looked at when nothing else is named: the group of
// examples/stampede.toml.
var checkGroup = netip.MustParseAddrPort("239.192.7.1:5500")

// checkFlags are the flags of the verb check: those of a node that concern its
// machine, and its own.
type checkFlags struct {
	settings settings
	json     bool
	reach    bool
	length   time.Duration
	expect   int
	shift    uint16
}

// machineKeys are the keys that concern a processor's machine.
var machineKeys = []string{"cluster", "detect", "bind", "transport", "multicast", "peers", "interface",
	"socket", "gso", "gro", "wait", "mtu", "receive-buffer"}

func checkVerb() *cobra.Command {
	f := &checkFlags{}
	c := &cobra.Command{
		Use:   "check",
		Short: "Look at this machine: what stands in a processor's way, and what to change",
		Long: `Look at this machine as a processor would find it, with the settings of --config
or of the flags, and tell of each thing what was found, whether it will do, what
to change, and what that would bring. Without settings it looks at the interface
that multicast would leave by. It changes nothing. Limits, processors and
cgroups are those of this very process: run it as the processor will be run.

With --reach it is run on several hosts at the same time: they look for each
other, with the group or the peers of the settings but on ports beside them, and
tell who hears whom: by multicast, by unicast, with full datagrams and with
trains of them. --for 6m outlasts the memberships of switches that snoop.

The exit status is 0 when nothing will not work, 1 when something will not, and
2 when the flags or the file make no sense.`,
		Example: `  stampede check --config stampede.toml
  stampede check --reach --expect 2`,
		Args: func(_ *cobra.Command, arg []string) error {
			if len(arg) > 0 {
				return badUsage(fmt.Errorf("check: %q: there are flags only", arg[0]))
			}
			return nil
		},
		RunE: f.run,
	}
	c.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return badUsage(err) })
	f.define(c.Flags())
	return c
}

func badUsage(err error) error { return exitError{err, 2} }

func (f *checkFlags) define(flags *pflag.FlagSet) {
	var machineFlags []settingFlag
	for _, f := range processorFlags {
		if slices.Contains(machineKeys, f.key) {
			machineFlags = append(machineFlags, f)
		}
	}
	f.settings.define(flags, machineFlags)
	flags.BoolVar(&f.json, "json", false, "print what was found as one JSON object")
	flags.BoolVar(&f.reach, "reach", false, "look for other hosts, on which the same runs")
	flags.DurationVar(&f.length, "for", defaultReach, "for how long, with --reach")
	flags.IntVar(&f.expect, "expect", 0, "with --reach: as many other hosts, and no longer than until all hear all (default at least one)")
	flags.Uint16Var(&f.shift, "shift", 10_000, "with --reach: how far from the cluster's ports to try; 0 are those themselves, which no processor may be using")
}

// checked is what check tells, and its JSON.
type checked struct {
	Interface string         `json:"interface"`
	Kernel    string         `json:"kernel"`
	Findings  []host.Finding `json:"findings"`
	Reach     *reach.Result  `json:"reach,omitempty"`
}

func (f *checkFlags) run(c *cobra.Command, _ []string) error {
	config, err := f.config(c.Flags())
	if err == nil {
		err = f.judge(c.Flags())
	}
	if err != nil {
		return badUsage(err)
	}
	r, err := look(config)
	if err != nil {
		return err
	}
	if f.reach && host.Count(r.Findings, host.Bad) == 0 {
		if err := f.tryReach(c.Context(), r, config); err != nil {
			return err
		}
	}
	if err := r.print(c.OutOrStdout(), f.json); err != nil {
		return err
	}
	if n := host.Count(r.Findings, host.Bad); n > 0 {
		return fmt.Errorf("check: will not work: %d of %d", n, len(r.Findings))
	}
	return nil
}

// config is what a processor would be opened with.
func (f *checkFlags) config(flags *pflag.FlagSet) (evs.Config, error) {
	s, err := f.settings.load(flags)
	if err != nil {
		return evs.Config{}, err
	}
	if s.ID == 0 {
		s.ID, s.Start = 1, nil // who it is has no bearing on the machine
	}
	c, err := s.Settings.Config()
	if err != nil || f.settings.path(flags) != "" || c.Bind.IsValid() {
		return c, err
	}
	if !c.Multicast.IsValid() && len(c.Peers) == 0 {
		c.Multicast = checkGroup
	}
	if ifi, err := net.InterfaceByName(c.Interface); err == nil && ifi.Flags&net.FlagLoopback != 0 {
		return c, nil // a processor's own default is right
	}
	c.Bind = netip.AddrPortFrom(netip.IPv4Unspecified(), 0) // the interface's, or the route's
	if far := c.Multicast.Addr(); far.Is6() || len(c.Peers) > 0 && c.Peers[0].Addr().Is6() {
		c.Bind = netip.AddrPortFrom(netip.IPv6Unspecified(), 0)
	}
	return c, nil
}

// look opens a socket as the processor would, but on ports that are in nobody's
// way, and judges the machine.
func look(c evs.Config) (*checked, error) {
	need := host.Need{
		WindowBytes: cmp.Or(c.WindowBytes, evs.DefaultWindow), Detect: cmp.Or(c.Detect, evs.DefaultDetect),
		Wait: c.Wait, Multicast: c.Multicast.IsValid(),
	}
	var opened host.Socket
	c.Bind = netip.AddrPortFrom(c.Bind.Addr(), 0)
	c.Multicast = aside(c.Multicast, lookShift)
	if s, err := evs.Listen(c); err != nil {
		opened.Err = err
	} else {
		opened.Facts, opened.Degradations = s.Facts(), s.Degradations()
		s.Close()
	}
	device := cmp.Or(opened.Facts.Interface, c.Interface)
	m, err := host.Look(device)
	if err != nil {
		return nil, err
	}
	return &checked{Interface: device, Kernel: m.Kernel.Release, Findings: host.Judge(m, &opened, &need)}, nil
}

// lookShift keeps the group's port free of a socket that hears and reads nothing.
const lookShift = 20_000

// aside is an address with its port moved, in a circle; one without a port has
// none.
func aside(a netip.AddrPort, by uint16) netip.AddrPort {
	if a.Port() == 0 {
		return a
	}
	const least, ports = 1024, 1<<16 - 1024
	return netip.AddrPortFrom(a.Addr(), uint16((max(int(a.Port()), least)-least+int(by))%ports+least))
}

func (r *checked) print(w io.Writer, asJSON bool) error {
	if asJSON {
		return writeObject(w, r)
	}
	fmt.Fprintf(w, "interface %s, Linux %s\n\n", cmp.Or(r.Interface, "unknown"), cmp.Or(r.Kernel, "unknown"))
	if r.Reach != nil {
		if err := r.Reach.Print(w); err != nil {
			return err
		}
		fmt.Fprintln(w)
	}
	for i := range r.Findings {
		printFinding(w, &r.Findings[i])
	}
	_, err := fmt.Fprintf(w, "\n%d good, %d could be better, %d will not work, %d unknown\n", host.Count(r.Findings, host.Good),
		host.Count(r.Findings, host.Better), host.Count(r.Findings, host.Bad), host.Count(r.Findings, host.Unknown))
	return err
}

func printFinding(w io.Writer, f *host.Finding) {
	const indent = "                 "
	fmt.Fprintf(w, "%-15s  %s: %s\n", f.Grade, f.Topic, f.Found)
	for _, change := range f.Change {
		fmt.Fprintf(w, "%schange: %s\n", indent, change)
	}
	if f.Brings != "" {
		fmt.Fprintf(w, "%sbrings: %s\n", indent, f.Brings)
	}
}
