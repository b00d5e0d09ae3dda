// Package cclient is the load client of a bench for libraries in C: Corosync's
// and Stampede's own. The client is a program in C, so that nothing lies between
// it and the library; gcc compiles it when it is needed.
//
//	client/client.c     conversation with the parent, schedule, load
//	client/check.c      order, losses, duplicates, as package bench checks them
//	client/histogram.c  latency
//	client/cpg.c        binding to Corosync's closed process groups
//	client/evs.c        binding to libevs
//
// Build makes the program, Start runs it.
package cclient
