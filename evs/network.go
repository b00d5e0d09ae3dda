package evs

import (
	"runtime"
	"sync"

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
	memory, err := takeMapping(c.HistoryBytes + 2*spareChunks*batch.ChunkBytes)
	if err != nil {
		return nil, err
	}
	s, err := sock.Open(sock.Config{
		Kind: c.Socket, Bind: c.Bind, Group: c.Multicast, Interface: c.Interface, Peers: peers,
		TTL: c.TTL, Datagram: datagram, ReceiveBuffer: c.ReceiveBufferBytes,
		Arena: batch.NewArena(memory),
		GSO:   c.GSO, GRO: c.GRO, Batch: c.ReceiveBatch, Wait: c.Wait, BusyPoll: c.BusyPoll,
	})
	if err != nil {
		leaveMapping(memory)
		return nil, err
	}
	runtime.AddCleanup(s, leaveMapping, memory)
	return s, nil
}

// mappings are memory whose owner is unreachable, by size. They are used again
// and never unmapped: a payload that somebody kept beyond its life, against the
// rules, then shows wrong bytes and does not end the program.
var mappings struct {
	mu   sync.Mutex
	free map[int][][]byte
}

// obtain maps memory for as long as owner is reachable.
func obtain[T any](owner *T, n int) ([]byte, error) {
	b, err := takeMapping(n)
	if err == nil {
		runtime.AddCleanup(owner, leaveMapping, b)
	}
	return b, err
}

func takeMapping(n int) ([]byte, error) {
	mappings.mu.Lock()
	defer mappings.mu.Unlock()
	if f := mappings.free[n]; len(f) > 0 {
		mappings.free[n] = f[:len(f)-1]
		return f[len(f)-1], nil
	}
	return sock.Map(n)
}

func leaveMapping(b []byte) {
	mappings.mu.Lock()
	defer mappings.mu.Unlock()
	if mappings.free == nil {
		mappings.free = map[int][][]byte{}
	}
	mappings.free[len(b)] = append(mappings.free[len(b)], b)
}

// keepable says whether an arrival's memory is kept as it is. Small arrivals
// are copied, so that none of them pins a chunk; and so is everything when
// chunks run short, so that there is always one to receive into.
func keepable(a *batch.Arrival) bool {
	return a.Chunk != nil && len(a.Bytes) >= batch.ChunkBytes/2 && a.Chunk.Spare() > spareChunks
}

// spareChunks are left to the network's ring: two bursts.
const spareChunks = 128
