package main

import (
	"github.com/spf13/pflag"

	"stampede/internal/conf"
	"stampede/internal/node"
)

func (f *nodeFlags) define(flags *pflag.FlagSet) {
	o := &f.options
	f.settings.define(flags, processorFlags)
	flags.StringVar(&o.Dial, "dial", "", "use the processor of the daemon that listens on this socket, and wait for it; then the settings are the daemon's")
	flags.StringVar(&o.Group, "group", node.DefaultGroup, "group to join and to send to")
	flags.Float64Var(&o.Rate, "rate", 0, "messages/s to send, by the clock (default none)")
	flags.IntVar(&o.Size, "size", 64, "bytes of a message")
	flags.Var(newList(&f.guarantees, parseGuarantee), "guarantee", "several are taken in turn: "+conf.GuaranteeWords+" (default agreed)")
	flags.Uint64Var(&o.Count, "count", 0, "leave after so many own messages (default never)")
	flags.Uint64Var(&o.Expect, "expect", 0, "leave when so many messages of all senders were delivered")
	flags.StringVar(&o.Trace, "trace", "", "write a trace to the end of this file")
}

func parseGuarantee(text string) (g conf.Guarantee, err error) {
	err = g.UnmarshalText([]byte(text))
	return g, err
}
