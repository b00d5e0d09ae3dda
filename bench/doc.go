// Package bench measures Stampede on this machine and checks, in the same run,
// that it delivered what it promises: a figure whose order was not checked
// does not count.
//
// Each host of a run is a process of its own, so that hosts share nothing but
// the network. The process that is asked to bench starts them and talks JSON
// lines with each over its standard input and output:
//
//	parent                                host
//	assignment  ───────────────────────▶  opens its system, joins the group
//	            ◀───────────────────────  ready
//	schedule    ───────────────────────▶  sends from start to end, by the clock
//	            ◀───────────────────────  progress, several a second
//	            ◀───────────────────────  drained: has all that was sent
//	collect     ───────────────────────▶  stops receiving
//	            ◀───────────────────────  outcome: marks, order, latency
//	end of input ──────────────────────▶  closes its system
//
// The system is one of several engines, which take turns so that they can be
// compared: Stampede itself, the raw sockets below it (package raw), with a
// window or one message at a time, and Corosync (package corosync).
//
// The parent: suite.go has the runs that are known by name, plan.go says which
// of them are to be run; run.go runs them, provide.go finds what they need,
// cluster.go holds the conversation, place.go and process.go know where hosts
// stand, result.go judges, ratio.go and summary.go compare. What comes of it is
// written by table.go, benchstat.go, hdr.go, and record.go, which keeps it.
// A host: host.go holds the conversation with whatever system engine.go opens.
// Stampede's is an exchange (exchange.go): source.go sends, sink.go receives,
// order.go checks; where it is a daemon that has the processor, there are several
// (daemon.go). The others bring all that along: the raw sockets (system_raw.go),
// and programs in C (program.go, package cclient) for Corosync and libevs
// (system_corosync.go, system_libevs.go).
package bench
