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

// provide sees to reassembly memory for a configuration of so many members.
// With less than a longest message for each of them their fragments could wait
// for one another for ever.
func (p *Processor) provide(members int) {
	need := leastReassembly(members, p.cfg.MaxMessageBytes)
	have := p.mem.Pool.Len()
	if need <= have {
		return
	}
	b, err := obtain(p.mem, need-have)
	if err != nil {
		p.log("reassembly memory", "wanted", need, "have", have, "error", err)
		return
	}
	p.mem.Pool.Grow(b)
}

// leastReassembly is two longest messages for each member: one that is joined,
// and one that is decoded, or out with a delivery.
func leastReassembly(members, maxMessage int) int { return 2 * members * largestJoined(maxMessage) }

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
