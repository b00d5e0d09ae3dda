package batch

import "stampede/wire"

// Memory of a queue. Whatever the size of datagrams, a chunk takes more than
// leastPerChunk bytes of frames (of datagrams of 256 bytes some 32 KiB, and as
// many where only one datagram goes into a chunk). Let `pending` bytes wait and
// `largest` be the longest message. Renew moves one message at a time and
// gives back what it came from, so at any moment of it the messages lie in
//
//	chunksAtMost(pending + largest) chunks
//
// beside those that hold popped datagrams. That many are the reserve: nothing
// is accepted, and nothing popped, but when they are free. So it is enough for
// a Renew, and since a Renew adds nothing to what waits, or to what is popped,
// for any number of Renews that follow. With as many again as can be pending,
// the reserve is free whenever all popped datagrams have come back, and the
// queue cannot stand still.
const leastPerChunk = 24 << 10

// chunksAtMost is how many chunks n bytes of frames need, whatever the size of
// the datagrams.
func chunksAtMost(n int) int { return n/leastPerChunk + 4 }

// largest is the longest message of a queue, as frames.
func (c *PackerConfig) largest() int {
	return c.MaxMessage + wire.MaxSetKeys*wire.GroupBytes + wire.FragmentOverhead
}

// pending is the most that waits in a queue, as frames: what is queued, the
// popped pieces of one message, and the announcements.
func (c *PackerConfig) pending() int {
	const announcements = maxSetKeys*(wire.GroupBytes+4) + 2*MaxSets*wire.GroupSetOverhead
	return max(c.QueueBytes, c.largest()) + c.largest() + announcements
}

func reserveFor(c *PackerConfig) int {
	return chunksAtMost(c.pending() + c.largest())
}

// QueueMemory is how many bytes a queue needs beside what its popped datagrams
// hold until they are released: with a QueueBytes of 512 KiB and messages of up
// to 1 MiB some 18 MiB, of which only what is used is touched. With so many no
// Renew fails; but then Next gives little before what it gave comes back. Who
// keeps a history of n bytes adds n.
func QueueMemory(c PackerConfig) int {
	return (reserveFor(&c) + chunksAtMost(c.pending())) * ChunkBytes
}
