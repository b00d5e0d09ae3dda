// Package drill puts a cluster of real processes on the hosts of a lab through
// real faults, under load, and judges the traces that they leave.
//
//	start all ─> one configuration ─> faults, each ended again ─> heal ─> one configuration ─> stop
//	    each life of a processor: its own trace and log               verify.Files <── all traces
//	                                                                  silences  <──┘
//
// The faults are drawn from a seed before the first one happens: the same
// options make the same schedule, though what the cluster makes of it is up to
// the machine. Which processor is the sequencer at a moment is read from the
// traces while they grow.
//
// Several other runs, the figures, measure what a change of the configuration
// costs: see Figure.
package drill
