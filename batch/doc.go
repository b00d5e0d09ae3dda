// Package batch knows memory: the arena that all datagrams lie in, the packer
// that makes datagrams of messages, the trains and bursts in which they leave,
// and the buffers in which arriving pieces become messages again.
//
// Nothing here starts goroutines, locks, reads a clock or knows a socket. All
// memory for data is given by the caller, once; what is not free when it is
// needed is refused (nil, ErrFull), never allocated. In steady state no call
// allocates: small books (rings of datagrams, tails of lent ones) grow to the
// most that was ever in use.
//
// # Ownership
//
// Memory changes its owner, not its place:
//
//	Arena → Packer (open datagram) → queue → Pop → burst, history → Release → Arena
//	Arena → receive ring → Arrival → Chunk.Keep: history, application → Chunk.Release → Arena
//
// A chunk of 64 KiB holds many datagrams and counts who refers to it; it goes
// back to its arena with the last reference. Small arrivals are copied by a
// Slab, so that a datagram of 100 bytes does not keep 64 KiB. A message that
// arrived in pieces is put together in a buffer of a Pool.
//
// In builds with the race detector or the tag "invariants" memory that comes
// back is overwritten, so that whoever reads it too late notices.
//
// # Packing
//
// Messages fill a datagram one behind the other. One that does not fit is cut,
// and its pieces fill this datagram and the next ones; but where a piece would
// not pay (room of at most a sixteenth) the datagram is padded with zeros. So
// all datagrams but the last that waits have the full size, lie one behind the
// other in their chunk, and a train of them is one element of an iovec. There
// is no timer: Peek closes the open datagram when it is all that waits, so a
// lone message leaves at once and a busy sender fills datagrams.
//
// At most one message is unfinished at any place in the stream, and messages
// are complete in the order of their numbers: Datagram.Through tells up to
// which one, once that datagram is sent.
//
// With compression, messages of one guarantee wait in a stage until there are
// 64 KiB of them, or nothing else waits; then they become one batch, coded and
// cut like a large message. A message over 32 KiB is coded alone. What does
// not shrink by a sixteenth is packed as it is. Memory for that case is put
// aside before a message is accepted, so none is lost to a full arena.
//
// # When the configuration changes
//
// A packer serves one configuration, whose datagram size and numbering it has.
// A Queue has one after the other. At Renew it takes everything that was not
// sent out of the old packer's datagrams and packs it for the new one, message
// by message, under the same numbers:
//
//	old: … popped, sent │ popped │ waits    │ waits    │ open
//	     message 7      │ 8, a   │ 8, b   9 │ sets, 10 │ 11
//	new:                  sets, 8            9      10    11
//
// Message 8 was popped in part. Its first pieces were sent in the old
// configuration, in vain: it is sent whole in the new one, from its first
// fragment. So the queue keeps a reference on such pieces until the last one
// was popped, whenever they are released. Padding and old announcements are
// left out; group sets are announced again before their first use. What was
// coded stays coded. A lent message is cut anew out of the same lent memory,
// and its loan lasts until the datagrams of all configurations came back; where
// it would now be a small part of a datagram it is copied instead.
//
// Popped datagrams of old configurations are released to the queue like those
// of the present one. QueueMemory says how much memory all that takes.
package batch
