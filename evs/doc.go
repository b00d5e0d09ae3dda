// Package evs is group communication with extended virtual synchrony:
// processors multicast messages to groups, and all that are in one
// configuration deliver the same messages in the same order.
//
// A Processor is one participant, with its own sockets and one goroutine, the
// loop, that does all the work. A Handle is one application's door to it: it
// joins groups, sends, and receives events. Any number of handles share a
// processor.
//
//	p, err := evs.Open(ctx, evs.Config{ID: 1, Start: []evs.ProcessorID{1, 2, 3}, …})
//	h, err := p.Handle(evs.HandleOptions{})
//	err = h.Join(group)
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
// # Memory
//
// Mcast copies a message once, into the memory that the network card reads it
// from; the caller's buffers are free on return. Lend does not copy: the
// buffers are the transport's until a Released event. Payloads of received
// events are transport memory too, read only, and live until the next call of
// Receive, TryReceive, Serve or the next step of Events on that handle. Who
// keeps a payload copies it. An application that keeps events back slows its
// group down: nothing is dropped, and memory is bounded.
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
// what was not received is gone. Processor.Leave sends first what was accepted.
// Two processors may live on one host, and in one process.
package evs
