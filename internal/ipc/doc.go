// Package ipc is what a program and the daemon say to each other: records, and
// how a stream of bytes is cut into them. docs/ipc.md is the specification, for
// those who write a client in another language.
//
// A program has two stream sockets with its daemon. On the request socket it
// sends requests and gets answers; on the event socket the daemon sends events.
// So an answer never waits behind events that the program does not take.
//
//	program ── requests ──> daemon      program <── answers ── daemon
//	program <── events ─── daemon
//
// All numbers are little endian. A record begins at a multiple of eight bytes:
//
//	0       4    5     6                length       next multiple of 8
//	┌───────┬────┬─────┬─────────────────┬───────────┐
//	│length │type│flags│ by type         │ 0 to 7    │
//	└───────┴────┴─────┴─────────────────┴───────────┘
//
// The length is that of the record with these eight bytes and without what
// fills it up. Nothing here looks at a socket or a clock.
package ipc

import (
	"encoding/binary"

	"stampede/wire"
)

// Version is that of the protocol. A program says which ones it speaks.
const Version = 1

// Lengths in bytes.
const (
	HeaderBytes = 8 // of every record
	KeyBytes    = wire.GroupBytes
	align       = 8
)

var le = binary.LittleEndian

// Key names a group.
type Key = wire.Group

// Padded is the length of a record together with what fills it up.
func Padded(length int) int { return (length + align - 1) &^ (align - 1) }

// seal writes the length of the record that begins at b[start:], and fills it up.
func seal(b []byte, start int) []byte {
	le.PutUint32(b[start:], uint32(len(b)-start))
	return fill(b, start)
}

// fill fills the record that begins at b[start:] up with zeroes.
func fill(b []byte, start int) []byte {
	var zero [align]byte
	n := len(b) - start
	return append(b, zero[:Padded(n)-n]...)
}
