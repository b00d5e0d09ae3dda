// Package sock carries trains of UDP datagrams: to a multicast group or to a
// list of peers, over IPv4 or IPv6, with as few passes through the kernel as
// the system allows.
//
// The cost of a datagram lies in its way through the network stack, not in the
// system call. On Linux a train of up to 64 datagrams goes that way as one
// (UDP_SEGMENT, Linux 4.18; UDP_GRO, 5.0), many trains share one call
// (sendmmsg, recvmmsg), and nothing is copied outside the kernel: sends are
// gathered from where the datagrams lie, and what arrived changes owner
// instead of place. Elsewhere, and on Linux by choice, the portable
// implementation does the same one datagram at a time.
//
// # By itself
//
// The package knows nothing of what is in a datagram, and can be used without
// the rest of this module but package batch, whose types say what is sent and
// what arrived:
//
//	s, err := sock.Open(sock.Config{
//		Group:     netip.MustParseAddrPort("239.255.0.1:7400"),
//		Interface: "eth0",
//	})
//	…
//	var burst batch.Burst                // all to be sent in one call
//	burst.Add(netip.AddrPort{}, &batch.Datagram{Bytes: hello}) // to everybody
//	burst.Add(one, &batch.Datagram{Bytes: secret})             // to one
//	err = s.Send(&burst)
//	burst.Reset()
//
//	arrivals := make([]batch.Arrival, 64)
//	for {
//		err := s.Wait(time.Second)       // or until s.Wake is called
//		n, err := s.Receive(arrivals)
//		for i := range arrivals[:n] {
//			a := &arrivals[i]
//			for d, rest := []byte(nil), a.Bytes; len(rest) > 0; {
//				d, rest = a.Next(rest)   // one datagram, valid until the next Receive
//			}
//		}
//	}
//
// Datagrams of equal length that are added one after the other become a train;
// if they lie one behind the other in memory, the kernel gathers one piece.
// Facts says how many fit (Facts.MaxSegments and MaxTrainBytes belong into
// batch.Burst).
//
// # Two sockets
//
// A Socket stands on an own unicast socket, which sends everything and receives
// what is addressed to it, and with a Group on a second one, bound to the
// group's address and port, that only receives. Several processors of one host
// share the latter's address; each hears everything but what it sent itself.
// Who a datagram is from is for its contents to say: addresses are told as the
// network tells them.
//
// # Falling back
//
// Everything that a kernel, a driver or a permission may refuse is probed when
// the socket opens, over the loopback interface, and watched while it is used.
// What fails is given up, told once by Degradations and counted in Stats:
//
//	no UDP_SEGMENT, EIO (the device computes no checksums),
//	EINVAL, trains that arrive changed         datagrams one by one
//	no UDP_GRO                                 receive them one by one
//	less buffer than wanted                    Facts say how much there is
//	no filter for own datagrams                drop them here
//	partial sends, EINTR                       go on with the rest
//	full send buffer, full device queue        wait at most SendPatience, then drop
//	ECONNREFUSED and its like                  once more, then drop
//	longer than the interface's MTU            drop
//
// A drop is a lost datagram, which a datagram's sender has to expect anyway.
//
// # Memory
//
// Arrivals lie in chunks of an arena (Config.Arena, else a mapping of the
// socket's own, twice as large as the ring). A chunk that is kept is not
// received into again before it is released; the ring takes another one. The
// ring holds at most RingSlots chunks itself, or, where datagrams come one by
// one, as many as RingSlots datagrams need. Config.Arena is not locked: its
// users are on the goroutine that calls Receive.
//
// Map and Unmap provide memory for arenas.
package sock
