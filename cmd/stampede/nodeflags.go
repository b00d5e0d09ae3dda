package main

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"stampede/evs"
	"stampede/internal/conf"
	"stampede/internal/node"
)

func (f *nodeFlags) define(flags *pflag.FlagSet) {
	s, o := &f.settings, &f.options
	flags.SortFlags = false
	flags.StringVar(&f.config, "config", "", "read settings from this file; flags win over it")
	flags.Uint32Var((*uint32)(&s.ID), "id", 0, "this processor's own number in the cluster, from 1")
	flags.StringVar(&s.Cluster, "cluster", "", `name of the cluster (default "stampede")`)
	flags.Var(newList(&s.Start, parseID), "start", "processors without all of whom there is no first configuration (default whoever is there)")
	flags.DurationVar(&s.Detect.Duration, "detect", 0, "silence after which the others go on without a member (default 300ms)")
	flags.TextVar(&s.Bind, "bind", s.Bind, "address and port to send from and to be answered at (default 127.0.0.1:0)")
	flags.TextVar(&s.Transport, "transport", s.Transport, conf.TransportWords)
	flags.TextVar(&s.Multicast, "multicast", s.Multicast, "address and port of the group that all share")
	flags.Var(newList(&s.Peers, netip.ParseAddrPort), "peers", "addresses and ports at which others are found, for unicast")
	flags.StringVar(&s.Interface, "interface", "", "network interface of multicast (default the one with the address in bind)")
	flags.TextVar(&s.Socket, "socket", s.Socket, conf.SocketWords)
	flags.TextVar(&s.GSO, "gso", s.GSO, "send trains of datagrams as one (UDP_SEGMENT): "+conf.SwitchWords)
	flags.TextVar(&s.GRO, "gro", s.GRO, "receive trains of datagrams as one (UDP_GRO): "+conf.SwitchWords)
	flags.TextVar(&s.Wait, "wait", s.Wait, "how to wait for the network: "+conf.WaitWords)
	flags.DurationVar(&s.BusyPoll.Duration, "busy-poll", 0, "take in what the network card has without its interrupt, 1us to 1s (default off)")
	flags.Var(newList(&s.CPUs, strconv.Atoi), "cpus", "processors that the loop's thread may run on (default any)")
	flags.TextVar(&s.Compress, "compress", s.Compress, conf.CompressWords)
	flags.IntVar(&s.MTU, "mtu", 0, "bytes of an IP packet (default the interface's, 1500 on loopback)")
	flags.IntVar(&s.ReceiveBuffer, "receive-buffer", 0, "bytes asked of the kernel for each socket, which doubles them (default as many as it grants)")

	flags.StringVar(&o.Group, "group", node.DefaultGroup, "group to join and to send to")
	flags.Float64Var(&o.Rate, "rate", 0, "messages/s to send, by the clock (default none)")
	flags.IntVar(&o.Size, "size", 64, "bytes of a message")
	flags.Var(newList(&f.guarantees, parseGuarantee), "guarantee", "several are taken in turn: "+conf.GuaranteeWords+" (default agreed)")
	flags.Uint64Var(&o.Count, "count", 0, "leave after so many own messages (default never)")
	flags.Uint64Var(&o.Expect, "expect", 0, "leave when so many messages of all senders were delivered")
	flags.StringVar(&o.Trace, "trace", "", "write a trace to the end of this file")
}

// overFile puts the flags that were given over the settings of the file.
func (f *nodeFlags) overFile(flags *pflag.FlagSet) (err error) {
	given := map[*pflag.Flag]string{}
	flags.Visit(func(flag *pflag.Flag) { given[flag] = flag.Value.String() })
	if f.settings, err = conf.Read(f.config); err != nil {
		return err
	}
	for flag, text := range given {
		if err := flag.Value.Set(text); err != nil {
			return fmt.Errorf("%s: %w", flag.Name, err)
		}
	}
	return nil
}

// list is a flag of values with commas between them. The last flag of a name
// is the whole list.
type list[T any] struct {
	to    *[]T
	parse func(string) (T, error)
	text  string
}

func newList[T any](to *[]T, parse func(string) (T, error)) *list[T] {
	return &list[T]{to: to, parse: parse}
}

func (l *list[T]) Type() string   { return "list" }
func (l *list[T]) String() string { return l.text }

func (l *list[T]) Set(text string) error {
	var all []T
	for word := range strings.SplitSeq(text, ",") {
		v, err := l.parse(word)
		if err != nil {
			return err
		}
		all = append(all, v)
	}
	*l.to, l.text = all, text
	return nil
}

func parseID(text string) (evs.ProcessorID, error) {
	id, err := strconv.ParseUint(text, 10, 32)
	if err != nil {
		return 0, fmt.Errorf("%q is no processor's id", text)
	}
	return evs.ProcessorID(id), nil
}

func parseGuarantee(text string) (g conf.Guarantee, err error) {
	err = g.UnmarshalText([]byte(text))
	return g, err
}
