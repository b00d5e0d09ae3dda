package bench

import (
	"context"
	"fmt"

	"stampede/evs"
)

// system is what a host measures: it sends, takes deliveries, checks and times
// them, by a schedule. Its methods are called by one goroutine.
type system interface {
	// start begins; it does not wait. What it starts ends with ctx.
	start(ctx context.Context, t *schedule) error
	// halt tells that the time is up: floods end.
	halt()
	// complete is closed when own sending is over and everything that was
	// sent is here, or everywhere.
	complete() <-chan struct{}
	// failed gets an error when the system cannot go on.
	failed() <-chan error
	// delivered is the number of messages so far, and cpu what they cost this
	// host in ns of processor time.
	delivered() uint64
	cpu() int64
	// collect stops it and returns what there is to tell, but for the marks.
	collect(ctx context.Context) (*outcome, error)
	Close() error
}

// opener opens the system that an assignment describes, connected to those of
// all hosts.
type opener func(ctx context.Context, a *assignment) (system, error)

// Engine is a kind of system.
type Engine uint8

const (
	stampede Engine = iota
	rawSockets
	roundTrip // the raw sockets, one message at a time
	corosyncUDP
	corosyncKnet
)

// bare tells whether an engine is sockets and nothing else.
func (e Engine) bare() bool { return e == rawSockets || e == roundTrip }

// peer tells whether an engine is another project's.
func (e Engine) peer() bool { return e == corosyncUDP || e == corosyncKnet }

func openSystem(ctx context.Context, a *assignment) (system, error) {
	switch e := engines.of(a.Scenario.Engine); e {
	case stampede:
		switch v := vias.of(a.Scenario.Via); {
		case v.inC():
			return openLibevs(ctx, a)
		case v.daemon():
			return openDialled(ctx, a)
		}
		return openExchange(ctx, a, openEvs)
	case rawSockets, roundTrip:
		return openRaw(a)
	case corosyncUDP, corosyncKnet:
		return openCorosync(ctx, a)
	default:
		return nil, fmt.Errorf("bench: engine %d", e)
	}
}

// engine is a processor with one handle that has joined one group, as all
// hosts' have.
type engine interface {
	handle
	// state may be called while others use the handle.
	state() state
	Close() error
}

// handle is what is used of an evs.Handle.
type handle interface {
	McastJoined(ctx context.Context, g evs.Guarantee, iov ...[]byte) (uint64, error)
	TryMcastJoined(g evs.Guarantee, iov ...[]byte) (uint64, error)
	Receive(ctx context.Context, buf []evs.Event) (int, error)
	Serve(ctx context.Context, f func([]evs.Event) error) error
}

// state is what an engine tells of itself.
type state struct {
	Engine             string
	GSO, GRO           string // what is in force, with the cause
	Wait               string
	Datagram           int // bytes of a full one
	ReceiveBufferBytes int
	Kernel             string

	Retransmits       uint64
	ReceiveCalls      uint64
	ReceivedTrains    uint64
	ReceivedDatagrams uint64
	Overruns          uint64
	LostOnPurpose     uint64 // datagrams
}
