// Package bench measures Stampede on this machine and checks, in the same run,
// that it delivered what it promises: a figure whose order was not checked
// does not count.
//
// Each host of a run is a process of its own, so that hosts share nothing but
// the network. The process that is asked to bench starts them and talks JSON
// lines with each over its standard input and output:
//
//	parent                                host
//	assignment  ───────────────────────▶  opens its processor, joins the group
//	            ◀───────────────────────  ready
//	schedule    ───────────────────────▶  sends from start to end, by the clock
//	            ◀───────────────────────  progress, several a second
//	            ◀───────────────────────  drained: has all that was sent
//	collect     ───────────────────────▶  stops receiving
//	            ◀───────────────────────  outcome: marks, order, latency
//	end of input ──────────────────────▶  closes its processor
//
// The parent: run.go runs scenarios, cluster.go holds the conversation,
// place.go and process.go know where hosts stand, result.go judges.
// A host: host.go holds the conversation, source.go sends, sink.go receives,
// order.go checks, engine.go is the system that is measured.
package bench
