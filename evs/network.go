package evs

import (
	"runtime"

	"stampede/batch"
	"stampede/sock"
)

// Listen opens the socket that c describes, for those who wrap it: a Network
// that counts, delays or loses. Open does this by itself when c.Network is nil.
// The caller closes it, unless Open takes it over.
func Listen(c Config) (*sock.Socket, error) {
	c = c.withDefaults()
	if err := c.validate(); err != nil {
		return nil, err
	}
	datagram := 0
	if c.MTU != 0 {
		datagram = c.MTU - c.headers()
	}
	peers := c.Peers
	if c.Multicast.IsValid() {
		peers = nil
	}
	// Arrivals are kept in the memory that they came in, the ring's and more.
	memory, err := sock.Map(c.HistoryBytes + 2*spareChunks*batch.ChunkBytes)
	if err != nil {
		return nil, err
	}
	s, err := sock.Open(sock.Config{
		Kind: c.Socket, Bind: c.Bind, Group: c.Multicast, Interface: c.Interface, Peers: peers,
		TTL: c.TTL, Datagram: datagram, ReceiveBuffer: c.ReceiveBufferBytes,
		Arena: batch.NewArena(memory),
		GSO:   c.GSO, GRO: c.GRO, Batch: c.ReceiveBatch, Wait: c.Wait,
	})
	if err != nil {
		sock.Unmap(memory)
		return nil, err
	}
	runtime.AddCleanup(s, unmap, memory)
	return s, nil
}

// unmap gives memory back when its owner is unreachable: until then events may
// refer to it, also after Close.
func unmap(memory []byte) { sock.Unmap(memory) }

// keepable says whether an arrival's memory is kept as it is. Small arrivals
// are copied, so that none of them pins a chunk; and so is everything when
// chunks run short, so that there is always one to receive into.
func keepable(a *batch.Arrival) bool {
	return a.Chunk != nil && len(a.Bytes) >= batch.ChunkBytes/2 && a.Chunk.Spare() > spareChunks
}

// spareChunks are left to the network's ring: two bursts.
const spareChunks = 128
