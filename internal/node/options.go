package node

import (
	"fmt"
	"log/slog"
	"math"

	"stampede/evs"
)

// MaxRate is the most messages that are sent in a second: beyond it a slot is
// shorter than a system call.
const MaxRate = 1e6

// DefaultGroup is the group that is joined if no other is named.
const DefaultGroup = "node"

// Options say what a node does. The errors of Run name the fields as the flags
// of `stampede node` do.
type Options struct {
	Config evs.Config // its Logger is replaced by Logger
	// Dial is the socket of a daemon whose processor is used instead of one of
	// its own; Config counts for nothing then. It must be the only program that
	// sends there, since the trace says a message's number before it is sent.
	Dial  string
	Group string // joined and sent to; default DefaultGroup

	Rate float64 // messages/s, by the clock; 0 = it sends none
	Size int     // bytes of a message
	// Guarantees are what the messages ask for, in turn. Default Agreed.
	Guarantees []evs.Guarantee
	Count      uint64 // leave after so many own messages; 0 = send on
	// Expect is how many messages, of all senders, are to be delivered before
	// the node leaves by itself; 0 = it does not wait for any.
	Expect uint64

	Trace  string       // the file that the trace is appended to; default none
	Logger *slog.Logger // default: nothing is told
}

// defaultMessage is evs.Config.MaxMessageBytes when it is not set.
const defaultMessage = 1 << 20

func (o *Options) validate() error {
	most := o.Config.MaxMessageBytes
	if most == 0 {
		most = defaultMessage
	}
	switch {
	case math.IsNaN(o.Rate) || o.Rate < 0 || o.Rate > MaxRate:
		return fmt.Errorf("rate %g is not within 0 to %g messages/s", o.Rate, MaxRate)
	case o.Size < 0 || o.Size > most:
		return fmt.Errorf("size %d is not within 0 to %d bytes, the longest message", o.Size, most)
	case o.Count > 0 && o.Rate == 0:
		return fmt.Errorf("count %d needs a rate", o.Count)
	}
	for _, g := range o.Guarantees {
		if g > evs.Safe {
			return fmt.Errorf("guarantee %d is none of the four", g)
		}
	}
	return nil
}

func (o Options) withDefaults() Options {
	if o.Group == "" {
		o.Group = DefaultGroup
	}
	if len(o.Guarantees) == 0 {
		o.Guarantees = []evs.Guarantee{evs.Agreed}
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	o.Config.Logger = o.Logger
	return o
}
