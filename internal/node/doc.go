// Package node runs one processor by itself, to see a cluster at work and to
// judge it: it opens the processor together with a handle in a group, sends
// numbered messages by the clock, records what it sends and receives, from the
// first configuration on, as a trace (internal/trace), and leaves the cluster
// when it is told to or has done its part.
//
//	OpenHandle ─> send ───────────────> count, expect ─> Leave
//	              receive ─> trace ──────────────────────────>
//
// One goroutine sends; another one receives and writes what it received to the
// trace, so that a file that is slow or full holds the handle back, and with it
// the senders' credit, and never the processor's loop.
package node
