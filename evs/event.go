package evs

import (
	"fmt"

	"stampede/wire"
)

// ProcessorID names one participant in a cluster; 0 is reserved. It is the
// caller's to assign, and unique: two processors with one id are an error.
type ProcessorID = wire.ProcessorID

// Group is a 32-byte key, compared whole.
type Group = wire.Group

// Guarantee is what a message asks of its delivery. The values are those of
// evs_guarantee_t in Corosync's evs.h.
type Guarantee = wire.Guarantee

// The four guarantees, weakest first.
const (
	// Unordered messages are delivered when they have arrived.
	Unordered = wire.Unordered
	// FIFO messages follow everything of FIFO or stronger that their sender
	// sent before them.
	FIFO = wire.FIFO
	// Agreed messages come in one order at all processors, which respects
	// causality.
	Agreed = wire.Agreed
	// Safe messages come in the agreed order, once every member of the
	// configuration is known to hold them.
	Safe = wire.Safe
)

// Codecs for Config.Compress.
const (
	CompressNone = wire.CodecNone
	CompressS2   = wire.CodecS2   // fast
	CompressZstd = wire.CodecZstd // dense
)

// ConfigID names a configuration. It never comes back.
type ConfigID = wire.ConfigID

// Member is one life of a processor: a restart has a new incarnation.
type Member = wire.Member

// GroupOf is the group whose key is name, padded with zero bytes. A name of
// more than 32 bytes is an error.
func GroupOf(name string) (Group, error) {
	var g Group
	if len(name) > len(g) {
		return g, fmt.Errorf("evs: group name %q has %d bytes, more than %d", name, len(name), len(g))
	}
	copy(g[:], name)
	return g, nil
}

// Kind tells what an Event reports.
type Kind uint8

// The kinds of event.
const (
	// Deliver is a message.
	Deliver Kind = iota + 1
	// Transitional is the reduced membership in which the last messages of
	// an old configuration are delivered. Joined is empty; Left are the members
	// of the old configuration that do not come along.
	Transitional
	// Regular is a new configuration. Left are the members of the last regular
	// one that are not in it, Joined those who did not come along from there; a
	// processor that started again meanwhile is in both.
	Regular
	// Released tells that buffers lent with LendGroups are the caller's again.
	Released
)

func (k Kind) String() string {
	switch k {
	case Deliver:
		return "deliver"
	case Transitional:
		return "transitional"
	case Regular:
		return "regular"
	case Released:
		return "released"
	}
	return fmt.Sprintf("kind(%d)", uint8(k))
}

// Event is one thing that happened, in the order in which every handle of
// every processor sees it. (Sender, Incarnation, Number) names a message.
type Event struct {
	Kind        Kind
	Guarantee   Guarantee
	Origin      uint16 // the sending handle, as its processor numbers them
	Sender      ProcessorID
	Incarnation uint64
	// Number counts the messages of one life of the sender from 1. Of a
	// Released event it is the number that LendGroups returned.
	Number uint64
	// Payload is contiguous, read only, and transport memory: it lives as
	// long as the call that gave the event says.
	Payload []byte
	// Config is set in Transitional and Regular events; shared, read only.
	Config *ConfigChange

	groups []Group
}

// Groups are the groups that the message was sent to; shared, read only, and
// alive as long as the payload.
func (e *Event) Groups() []Group { return e.groups }

// ConfigChange tells of a configuration. Members, Left and Joined ascend by id;
// they are shared and read only.
type ConfigChange struct {
	Kind Kind
	// ID is the configuration, of a transitional change the one to come.
	ID ConfigID
	// From is the configuration that this one follows.
	From    ConfigID
	Members []Member
	Left    []Member
	Joined  []Member
}
