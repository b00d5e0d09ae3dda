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
// Messages not yet sent go into the next one, whole, through the next one's
// packer. Everything for that is in the datagrams themselves: pop what waits
// in the old packer and read it with wire.NewFrames(d.Bytes[wire.HeaderBytes:],
// d.First), where Frame.Missing bytes go on in d.Tail; GroupSet frames are
// announced again, Messages appended, Fragments put together from offset 0
// (coded ones decoded) and appended. The first unsent number is one above
// Through of the last datagram sent. If that one ends with an unfinished
// message, its first pieces were sent already: so the owner does not Release
// datagrams from one with Begins up to, but not including, the one with Last,
// before that one is sent. The old packer's datagrams, loans among them, are
// released to the old packer; Close then gives back its open chunk.
package batch
