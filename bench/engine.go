package bench

import (
	"context"

	"stampede/evs"
)

// engine is the system that a host measures: a processor with one handle that
// has joined one group, as all hosts' have.
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

// opener opens the engine that an assignment describes, in a configuration of
// all hosts.
type opener func(ctx context.Context, a *assignment) (engine, error)

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
