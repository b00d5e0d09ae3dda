// Package node runs one processor by itself, to see a cluster at work and to
// judge it: it opens the processor, joins a group, sends numbered messages by
// the clock, records what it sends and receives as a trace (internal/trace),
// and leaves the cluster when it is told to or has done its part.
//
//	Open ─> join ─> meet ─> send ──────────────> count, expect ─> part ─> Leave
//	                        receive ─> trace ──────────────────────────>
//
// One goroutine sends; another one receives and writes what it received to the
// trace, so that a file that is slow or full holds the handle back, and with it
// the senders' credit, and never the processor's loop.
//
// All members of the cluster are taken to be nodes: they tell one another when
// they are ready, in a group of their own that does not appear in traces.
package node
