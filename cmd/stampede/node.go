package main

import (
	"fmt"
	"log/slog"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"stampede/internal/conf"
	"stampede/internal/node"
)

// nodeFlags are the flags of the verb node.
type nodeFlags struct {
	settings   settings
	guarantees []conf.Guarantee
	options    node.Options
}

func nodeVerb() *cobra.Command {
	f := &nodeFlags{}
	c := &cobra.Command{
		Use:   "node",
		Short: "Run one processor in the foreground",
		Long: `Run one processor of a cluster until a signal ends it, or until it has done its
part, and leave the cluster then. A second signal ends it at once.

The settings come from --config, a file as examples/stampede.toml explains it,
from the environment, which wins over the file (STAMPEDE_MTU is --mtu), and from
flags, which win over both.

It joins one group. With --rate it sends numbered messages to it, as soon as it
is in a configuration; without --start that is one of whoever is there. With
--trace it writes what it sends and receives to the end of a file, one event a
line as JSON.

With --expect it leaves by itself when it has delivered so many messages of all
senders, and all that it sent itself is ordered.`,
		Example: `  stampede node --id 1 --multicast 239.192.7.1:5500 --rate 1000 --trace 1.jsonl
  stampede node --config stampede.toml`,
		Args: cobra.NoArgs,
		RunE: f.run,
	}
	f.define(c.Flags())
	return c
}

func (f *nodeFlags) run(c *cobra.Command, _ []string) error {
	o := &f.options
	if err := f.configure(c.Flags()); err != nil {
		return err
	}
	for _, g := range f.guarantees {
		o.Guarantees = append(o.Guarantees, g.Guarantee)
	}
	o.Logger = slog.New(slog.NewTextHandler(c.ErrOrStderr(), nil))
	return node.Run(c.Context(), *o)
}

// configure sets the processor's settings, unless it is a daemon's.
func (f *nodeFlags) configure(flags *pflag.FlagSet) error {
	if f.options.Dial != "" {
		for _, s := range processorFlags {
			if flags.Changed(s.key) {
				return fmt.Errorf("%s with dial: the processor is the daemon's", s.key)
			}
		}
		return nil
	}
	settings, err := f.settings.load(flags)
	if err != nil {
		return err
	}
	f.options.Config, err = settings.Config()
	return err
}
