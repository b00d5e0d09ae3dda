// Package evs is group communication with extended virtual synchrony:
// processors multicast messages to groups, and all that are in one
// configuration deliver the same messages in the same order.
//
// A Processor is one participant, with its own sockets and one goroutine, the
// loop, that does all the work. A Handle is one application's door to it: it
// joins groups, sends, and receives events. Any number of handles share a
// processor.
//
//	p, h, err := evs.OpenHandle(ctx, evs.Config{ID: 1, Multicast: …}, evs.HandleOptions{}, group)
//	_, err = h.McastJoined(ctx, evs.Agreed, []byte("hello"))
//	for e, err := range h.Events(ctx) { … }
//
// # Guarantees
//
// Unordered, FIFO, Agreed and Safe are those of Moser, Amir, Melliar-Smith and
// Agarwal, "Extended Virtual Synchrony" (ICDCS 1994). A sender that has joined
// gets its own messages too, in their place in the order. Sending needs no
// membership of the group. A message is delivered once to each handle that has
// joined at least one of its groups at the moment of delivery: Join holds for
// every delivery after it returns.
//
// # Configurations
//
// A configuration is a set of processors that deliver the same messages. When
// processors come, leave, fail, or the network parts or heals, those that hear
// each other form the next one. Every handle sees it at the same place among
// its messages as the handles of all processors that come along:
//
//	Regular 1 │ messages │ Transitional │ messages │ Regular 2 │ messages
//
// The Transitional event tells who of configuration 1 comes along. Between it
// and the next Regular event come the last messages of configuration 1, for
// which its guarantees hold with respect to those alone: a Safe message there is
// known to be held by the members of the transitional event, not by the others.
// The first configuration of a processor has no transitional one before it.
//
// A message is sent in the configuration in which its last datagram leaves, and
// delivered there by all who come along with its sender. What was accepted and
// not sent by then goes into the next one, whole and with the number that it
// has: an accepted message is lost only together with its sender. An
// application that does not take its events holds up nobody's configuration:
// it reads later, in order, what happened. But from the ninth one that it has
// not come to its processor takes part in no further ones, until it has. A
// processor that others took for failed while it lives, since it was paused or
// cut off, sees their absence as they see its own: a configuration without them,
// and one with them when they hear each other again. It never has to be opened
// again for that.
//
// # Memory
//
// Mcast copies a message once, into the memory that the network card reads it
// from; the caller's buffers are free on return. Lend does not copy: the
// buffers are the transport's until a Released event. Payloads of received
// events are transport memory too, read only, and live until the next call of
// Receive, TryReceive, Serve or the next step of Events on that handle, or until
// it is closed. Who keeps a payload copies it: memory that a daemon shared may
// be gone then, and looking at it ends the program. An application that keeps
// events back slows its group down: nothing is dropped, and memory is bounded.
//
// # Concurrency
//
// A Processor's methods may be called by any goroutine. A handle's sending
// methods, Join and Leave too; its receiving methods by one goroutine at a
// time. Blocking calls look at their context only when they must wait.
//
// # Closing
//
// Handle.Close and Processor.Close act at once: what was not sent is not sent,
// what was not received is gone, and others find out by Config.Detect.
// Processor.Leave sends first what was accepted, and tells the others, who go on
// without a pause.
// Two processors may live on one host, and in one process.
package evs
