// Package gauge measures on this machine what the steps of a processor cost
// (flood.Costs). Times are medians of many, on one thread; each group of steps is
// measured at several sizes, and a line is put through them (Fit).
//
//	kernel.go  send, forward, receive,  trains between sockets of package sock in the
//	           call                     namespaces of a lab, with none to three receivers
//	kernel.go  wake                     processor time (getrusage) of a thread's sleep
//	                                    that another thread ends, by eventfds
//	loop.go    judge, frame, ack,       a stopwatch around the real machines in
//	           pass, own, deliver, pack simulated floods of 2 to 64 hosts
//	loop.go    take                     processor time (getrusage) of a processor of
//	                                    package evs that is alone, less the steps above
package gauge
