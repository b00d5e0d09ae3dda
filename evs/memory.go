package evs

import (
	"runtime"

	"stampede/batch"
	"stampede/order"
	"stampede/sock"
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
//	send      the send queue, and own datagrams until they are stable
func newMemory(c Config) (*memory, error) {
	m := new(memory)
	mapped := func(n int) ([]byte, error) {
		b, err := sock.Map(n)
		if err == nil {
			runtime.AddCleanup(m, unmap, b)
		}
		return b, err
	}
	arenas := []struct {
		slab  **batch.Slab
		bytes int
	}{
		{&m.Arrivals, c.HistoryBytes},
		{&m.Control, max(c.HistoryBytes, batch.ChunkBytes)},
	}
	for _, a := range arenas {
		b, err := mapped(a.bytes)
		if err != nil {
			return nil, err
		}
		*a.slab = batch.NewSlab(batch.NewArena(b))
	}
	pool, err := mapped(c.ReassemblyBytes)
	if err != nil {
		return nil, err
	}
	m.Pool = batch.NewPool(pool, largestJoined(c.MaxMessageBytes))
	m.Decoder = new(wire.Decoder)
	m.send, err = mapped(c.SendQueueBytes + c.HistoryBytes + 2*c.MaxMessageBytes)
	return m, err
}
