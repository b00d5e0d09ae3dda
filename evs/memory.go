package evs

import (
	"stampede/batch"
	"stampede/order"
	"stampede/wire"
)

// memory of a processor: what the order keeps. It goes when the processor and
// its handles are unreachable.
type memory struct {
	order.Memory
	send []byte
}

// newMemory maps what a processor needs. Only what is used is touched.
//
//	arrivals  copies of small arrivals, and of all when chunks run short
//	control   own stamps
//	pool      messages joined from fragments
//	send      the send queue, and own datagrams until they are stable and released
func newMemory(c Config, datagram int) (*memory, error) {
	m := new(memory)
	arenas := []struct {
		slab  **batch.Slab
		bytes int
	}{
		{&m.Arrivals, c.HistoryBytes},
		{&m.Control, max(c.HistoryBytes, batch.ChunkBytes)},
	}
	for _, a := range arenas {
		b, err := obtain(m, a.bytes)
		if err != nil {
			return nil, err
		}
		*a.slab = batch.NewSlab(batch.NewArena(b))
	}
	pool, err := obtain(m, c.ReassemblyBytes)
	if err != nil {
		return nil, err
	}
	m.Pool = batch.NewPool(pool, largestJoined(c.MaxMessageBytes))
	m.Decoder = new(wire.Decoder)
	m.send, err = obtain(m, batch.QueueMemory(c.queue(datagram))+c.HistoryBytes)
	return m, err
}
