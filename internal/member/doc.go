// Package member is a whole processor as a pure step machine: how a
// configuration comes about, and the order inside it.
//
// A Machine is driven like the order.Session that it contains: judged
// datagrams in (Receive), what is due out (Step), then what the application is
// to see (Next). `now` is an argument; Deadline says when the next Step is due.
//
// It passes through phases, each in a file of its own:
//
//	gather       find out who is there and who hears whom
//	commit       agree on one proposal
//	operational  the order of one configuration runs
//
// The first configuration is formed by a list of processors that is known
// beforehand: each gathers until all of them hear each other, the one with the
// lowest id proposes, all answer, and it says install.
package member
