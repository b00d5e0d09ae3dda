// Package daemon lets many programs share one processor. A Server has a client
// for each connection: it judges who may have one, passes on what it sends, and
// gives it the events of a handle of its own. What a client writes is not
// trusted: it can harm itself alone.
//
//	request socket ── serve ──> Handle.Mcast            (one goroutine a client)
//	event socket  <── deliver ── Handle.Receive         (another one)
//	               └─ backlog ── when the client is behind
//
// The two are independent: what a client sends is accepted whether it takes
// its events or not.
package daemon
