// Package flood computes how many messages a second a cluster delivers, from
// what each step costs a processor: for more hosts, and faster networks, than
// there are to measure.
//
// The processors are the real ones (internal/member), driven in the order of
// package evs with virtual time. Every host has one core, which a pass of its
// loop keeps busy for the price of what was done in it (Costs), the kernel's
// work for it included; datagrams leave and arrive meanwhile. A sender keeps its
// queue full.
//
//	host                     link                 switch         link, receiver
//	┌───────────────┐        ┌───────────────┐    ┌─────────┐    ┌───────────┐
//	│ pass: receive,│ train  │ rate, one way │    │ a queue │    │ socket    │
//	│ step, send, … ├───────►│ at a time     ├───►│ for each├───►│ buffer of ├─► pass
//	└───────────────┘        └───────────────┘    │ port    │    │ N bytes   │
//	                                              └─────────┘    └───────────┘
//
// A switch's queues are as long as they need be: together the senders have no
// more under way than the window. A socket buffer that is full drops, and counts.
// Passes begin with the clock read, as in the real loop, and what comes in
// during one waits for the next.
//
// Left out: what a wake-up takes until the loop runs (it costs, but is no delay),
// interrupts' moderation, caches that get colder with more hosts, other load.
//
// The same Run with the same Costs gives the same Result, bit by bit.
package flood
