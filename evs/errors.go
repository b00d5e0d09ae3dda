package evs

import (
	"errors"
	"io/fs"
	"net"

	"stampede/batch"
)

// Errors to be told apart with errors.Is. After each of them nothing was sent.
var (
	// ErrAgain: the send queue is full just now.
	ErrAgain = errors.New("evs: send queue full, try again")
	// ErrWouldBlock: the send queue is full, and so is the caller's own event
	// queue, from which nobody takes: to wait might be to wait for oneself.
	ErrWouldBlock = errors.New("evs: send queue and own event queue full")
	// ErrTooLarge: the message is longer than Config.MaxMessageBytes.
	ErrTooLarge = batch.ErrTooLarge
	// ErrNotJoined: McastJoined of a handle that has joined no group.
	ErrNotJoined = errors.New("evs: handle has joined no group")
	// ErrTooManyGroups: more than MaxGroups groups for one message.
	ErrTooManyGroups = errors.New("evs: too many groups")
	// ErrGuarantee: not one of the four.
	ErrGuarantee = batch.ErrGuarantee
	// ErrSlow: the handle was closed since it was too far behind with its events.
	ErrSlow = errors.New("evs: too far behind with the events")
	// ErrDisconnected: an operator has ended this handle's connection to its
	// daemon, which goes on.
	ErrDisconnected = errors.New("evs: disconnected")
	// ErrDenied: the daemon does not allow it to this user.
	ErrDenied = fs.ErrPermission
	// ErrVersion: this program and the daemon do not understand each other.
	ErrVersion = errors.New("evs: the daemon speaks another version of the protocol")
	// ErrDoubleID: another processor of the cluster has the same id. The one that
	// was started later goes on, the other ends with this error.
	ErrDoubleID = errors.New("evs: two processors with one id")
	// ErrClosed: the handle or its processor was closed, or had to end,
	// which the error's text then explains: two processors of the cluster have one
	// id, the network is of no more use, or the daemon has ended.
	ErrClosed = net.ErrClosed
)
