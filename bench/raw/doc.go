// Package raw moves bytes between the hosts of a bench as fast as package sock
// can without loss: the ceiling of what an ordered transport over the same
// sockets might reach. Nothing is ordered, kept, copied out or delivered.
//
// Every sender packs some messages once, as Stampede packs them, and sends
// those datagrams round and round in trains, each with a header of its own:
// the datagrams of message or fragment that a host receives, and only their
// bookkeeping is done a datagram, not a message. A datagram has a number, and
// so the receiver knows how long it must be and how many messages are complete
// with it.
//
//	sender                          every other host
//	data n, n+1, …  ───────────▶    counts without gaps, checks length and CRC
//	                ◀───────────    ack: how far it is, a quarter window behind
//	ask             ───────────▶    when no ack has come for a while, or at the end
//	                ◀───────────    answer: how far it is
//
// A sender stops at its window, which is what fits the receivers' buffers in
// the kernel. So nothing should be lost; what an answer shows to be lost all
// the same is sent again, and counted.
//
// With a rate a message is answered by every host at once: the latency of own
// messages is the round trip to the slowest host. One message at a time
// (Config.PingPong) it is the round trip alone: nothing waits behind another.
package raw
