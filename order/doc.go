// Package order keeps the agreed order of one configuration: its streams, the
// walk over them, the four guarantees, acknowledgement and stability, repair
// and flow control.
//
// A Session is a pure step machine. Whoever drives it hands it judged
// datagrams (Receive), lets it send (Step) and takes what became deliverable
// (Deliver); `now` is an argument, in nanoseconds of any monotonic clock, and
// Deadline says when the next Step is due without an arrival. One goroutine
// drives a session; nothing in it waits.
//
// # The way of a datagram
//
//	Receive → stream slot ─┬─ prefix grows ── walk (positions, aru) ── Deliver
//	                       └─ extras: gaps ── NACK ── repair
//	Step    → stamps, own datagrams up to the credit, acks, NACKs, answers
//
// Every processor of the configuration has a stream of numbered datagrams.
// One of them, the sequencer's, is read from front to back by all: where a
// stamp stands in it, the stamped run of another stream has its place, then
// the datagram itself. Counting datagrams so gives each a position. The log
// maps positions to datagrams; four marks move along it:
//
//	freed <= taken <= delivered <= aru      freed <= stable <= aru
//
// aru: held without a gap. delivered: passed to the application. taken: given
// back by it. stable: held by every member. freed: stable and taken, memory
// given back.
package order
