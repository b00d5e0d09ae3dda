// Package verify judges from outside what a group of processors did: whether
// their traces keep extended virtual synchrony as Moser, Amir, Melliar-Smith
// and Agarwal define it ("Extended Virtual Synchrony", ICDCS 1994), with FIFO
// order besides, and with the one exception that docs/promises.md states.
// It knows traces and nothing of the protocol that made them.
//
// # What it takes for granted
//
// Every processor has one handle that joins the one group in use before the
// first send, so that whatever a processor may deliver it does deliver, and
// records. All traces of a run are judged together. A member without any trace
// is taken for one that failed.
//
// A life that goes on from a configuration to the next did not fail in it, and
// owes whatever a member owes. A life that ends in a configuration is excused
// there, whether it crashed, left, or was still running when the record was
// ended, unless Settle says that it stays. Whatever a crashed life may have
// done after the last line of its file is allowed for, unless Options.Exact
// says that there is no such thing.
//
// # How it judges
//
// Add keeps the state of each life and notes what is wrong by itself. The rest
// is judged by Finish, one regular configuration after the other:
//
//	the longest sequence of agreed and safe deliveries that a member made in the
//	regular configuration is the order; those of the others are its beginning
//
//	     w1  w2  w3  w4  w5  w6          the order
//	     w1  w2  w3 │ w4  w6 │ m2  m3    a processor that made a cut at │
//	                  reached  perhaps not reached
//
// What is delivered after the transitional event continues the order, perhaps
// with gaps, and ends with messages whose place those who made the cut did not
// know: these ascend by sender and number. The longest such end is what the
// exception applies to; nothing else in a trace tells where it begins. A
// message that stands in the order before one that was delivered safe in the
// regular configuration was reached by all and is not in it.
//
// The deliveries of different cuts are then put together in one graph, which
// must have no circle, and are compared for gaps. All of it takes time
// proportional to the number of events, the comparison of cuts to the
// transitional deliveries times the number of different cuts of one
// configuration. Memory is 8 bytes an event, some 80 a message.
package verify
