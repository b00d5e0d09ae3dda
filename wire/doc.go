// Package wire knows every byte on the network: the header, the frames of a
// Stream datagram, the bodies of control datagrams, compression, the one door
// where arriving bytes are judged, and a dump for people.
//
// Numbers are little endian throughout, because every machine that this runs
// on is. Offsets and sizes are in bytes.
//
// # Header
//
//	 0       1       2       3       4               6               8
//	+-------+-------+-------+-------+---------------+---------------+
//	|version|kind   |flags  |0      |length         |backlog        |
//	+-------+-------+-------+-------+---------------+---------------+  8
//	|check (CRC-32C)                |sender                         |
//	+-------------------------------+-------------------------------+ 16
//	|cluster                                                        |
//	+---------------------------------------------------------------+ 24
//	|config (tag of the ConfigID; 0 = none)                         |
//	+---------------------------------------------------------------+ 32
//	|dseq (Stream: its number from 1; else the sender's newest)     |
//	+---------------------------------------------------------------+ 40
//	|aru                                                            |
//	+---------------------------------------------------------------+ 48
//	|taken                                                          |
//	+---------------------------------------------------------------+ 56
//	|stable                                                         |
//	+---------------------------------------------------------------+ 64
//	|first (Stream: number of its first Message frame; 0 = none)    |
//	+---------------------------------------------------------------+ 72
//	|frames, or one body                                        ... |
//	+---------------------------------------------------------------+ length
//
// The check is the CRC-32C of the whole datagram with the field itself taken
// as zero. A sealed datagram ends with 24 bytes of counter and tag. Version,
// length, cluster, sender and kind stand where a filter finds them.
//
// # Frames
//
//	 0       1       2               4
//	+-------+-------+---------------+-----------------------------------
//	|type   |flags  |length of body |body ...
//	+-------+-------+---------------+-----------------------------------
//
//	                4       6       8       10      12      16      20      24
//	1 Message       |set    |origin |payload ...
//	2 Fragment      |set    |origin |number         |offset |total  |piece ...
//	3 GroupSet      |id     |total  |offset |0      |keys of 32 bytes ...
//
//	                4       8       12              20              28      36
//	4 Stamp         |member |count  |first          |
//	5 Handoff       |to     |count  |position       |count shares ...
//	6 Accept        |from   |0      |dseq           |position       |first  |
//
//	7 System        |opaque ...
//	0 Padding       zeros up to the end of the datagram, one byte or more
//
// A share is u32 member | u32 datagrams; shares ascend by member. Flags: bits
// 0-1 guarantee, 2 inline keys, 3-4 codec, 5 batch, 7 may skip. They stand in
// this order: Accept, Stamps, then GroupSets, Messages, Fragments and System
// frames, Handoff, Padding. A Fragment that is not its message's last lets only
// Handoff and Padding follow.
//
// The number of a Message is not written: the header's first is that of the
// first, and each takes the next. A Fragment's number is what the numbers
// around it say it must be, and takes one number, or a batch's count.
//
// A coded message or batch begins with u32 decoded length. A batch decodes to
// Message frames alone, as many as set says, of the Fragment's guarantee.
//
// # Control bodies
//
// The header of any other kind is followed by one body up to the end: Ack,
// Nack, Join (also for beacons), Proposal, Answer, State, Hold, Install, Leave,
// Probe, Piece, each drawn at its type. Lists that are keyed by a processor
// ascend by it. There is one way to write anything: what Parse passes, AppendTo
// writes back byte for byte. After any verdict but OK a body's fields mean
// nothing.
package wire
