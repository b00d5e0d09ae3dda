package fuzz

import (
	"bytes"
	"math/rand/v2"
	"net/netip"
	"testing"

	"stampede/batch"
	"stampede/internal/member"
	"stampede/order"
	"stampede/wire"
)

const (
	cluster    = 5
	datagram   = 600
	maxMessage = 8 << 10
	members    = 3
	arena      = 4 * batch.ChunkBytes // each of a rig's, small: a rig is made for every input
	// sendLimit bounds what one step may send, whatever came in: repairs are
	// paced, and what is new has credit.
	sendLimit = 512
)

// rig is one processor of three, driven as the loop drives it.
type rig struct {
	t       testing.TB
	m       *member.Machine
	id      wire.ProcessorID
	now     int64
	door    wire.Door
	arrived *batch.Arena
	packer  *batch.Packer
	out     batch.Burst
	given   uint64 // deliveries of the present configuration
	got     int    // messages in them
	refused int    // datagrams that the door refused
}

// queue lets a session take from the packer.
type queue struct{ p *batch.Packer }

func (q queue) Next() (batch.Datagram, bool) {
	if q.p.Peek() == nil {
		return batch.Datagram{}, false
	}
	return q.p.Pop(), true
}

func (q queue) Backlog() int { return q.p.Backlog() }

// Renew leaves the queue as it is: the rig fuzzes what arrives.
func (q queue) Renew(int) {}

func address(id wire.ProcessorID) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(id))
}

func newRig(t testing.TB, id wire.ProcessorID) *rig {
	r := &rig{t: t, id: id, now: 1}
	// Beyond the door the numbers are the fuzzer's; it need not find a CRC.
	r.door = wire.Door{Cluster: cluster, NoCheck: true}
	r.arrived = batch.NewArena(make([]byte, arena))
	r.packer = batch.NewPacker(batch.PackerConfig{
		Datagram: datagram, MaxMessage: maxMessage, Compress: wire.CodecS2,
	}, batch.NewArena(make([]byte, arena)))
	if err := r.packer.Announce(0, []wire.Group{{0}}); err != nil {
		t.Fatal(err)
	}
	mem := &order.Memory{
		Arrivals: batch.NewSlab(r.arrived),
		Control:  batch.NewSlab(batch.NewArena(make([]byte, arena))),
		Pool:     batch.NewPool(make([]byte, arena), 2*maxMessage),
		Decoder:  new(wire.Decoder),
	}
	r.m = member.New(member.Config{
		Self:    wire.Member{ID: id, Incarnation: uint64(id) * 100},
		Cluster: cluster, Start: []wire.ProcessorID{1, 2, 3},
		Datagram: datagram, MaxMessage: maxMessage, Window: 64, History: 192,
		Addresses: []netip.AddrPort{address(id)}, JoinInterval: 4_000_000,
	}, mem, r.now)
	return r
}

// arrive hands one datagram through the door to the processor.
func (r *rig) arrive(b []byte, from wire.ProcessorID) {
	var h wire.Header
	if v := r.door.Check(b, &h); v != wire.OK {
		r.refused++
		return
	}
	r.m.Receive(r.now, &h, b, address(from), nil)
}

// submit packs a message of the processor's own.
func (r *rig) submit(g wire.Guarantee, n int, keys []wire.Group) {
	m := batch.Message{Guarantee: g, Keys: keys}
	if _, err := r.packer.Append(&m, [][]byte{make([]byte, n)}); err != nil && err != batch.ErrFull {
		r.t.Fatal(err)
	}
}

// step is one pass of the loop.
func (r *rig) step() {
	r.out.Reset()
	r.m.Step(r.now, queue{r.packer}, &r.out)
	sent := 0
	for i := range r.out.Trains {
		sent += r.out.Trains[i].Count
	}
	if sent > sendLimit {
		r.t.Fatalf("one step sent %d datagrams", sent)
	}
	for {
		change, deliveries := r.m.Next()
		if change == nil && len(deliveries) == 0 {
			break
		}
		if change != nil {
			r.given = 0
		}
		for i := range deliveries {
			r.take(&deliveries[i])
		}
		r.given += uint64(len(deliveries))
	}
	r.m.Problems()
	if s := r.m.Session(); s != nil {
		s.Consumed(r.given)
		for _, d := range s.Returned() {
			r.packer.Release(&d)
		}
	}
}

// take reads a delivery as a handle does, every byte of it.
func (r *rig) take(d *order.Delivery) {
	if d.Frames == nil {
		r.message(d, d.Inline, d.Set, d.Message)
		return
	}
	it := wire.NewFrames(d.Frames, d.Number)
	var f wire.Frame
	for it.Next(&f) {
		if f.Type == wire.FrameMessage {
			r.message(d, f.Inline, f.Set, f.Body)
		}
	}
}

// message finds the groups of a message where a handle looks for them.
func (r *rig) message(d *order.Delivery, inline bool, set uint16, b []byte) {
	switch {
	case inline && int(set)*wire.GroupBytes > len(b):
		r.t.Fatalf("delivered a message of %d bytes that is to begin with %d keys", len(b), set)
	case !inline && (int(set) >= len(d.Sets) || d.Sets[set] == nil):
		r.t.Fatalf("delivered a message to the group set %d, which its sender has not announced", set)
	}
	r.got++
}

// recorded is a datagram as it came to one processor.
type recorded struct {
	wait int64 // since the one before
	from wire.ProcessorID
	b    []byte
}

// converse lets three processors form a configuration and talk, with every
// kind of frame that they know to send and some loss, and returns what came to
// the one with the id given. It depends on nothing but the seed.
func converse(t testing.TB, to wire.ProcessorID, seed uint64) (tape []recorded) {
	rng := rand.New(rand.NewPCG(seed, 1))
	rigs := []*rig{newRig(t, 1), newRig(t, 2), newRig(t, 3)}
	last := int64(1)
	for range 150 {
		for _, from := range rigs {
			from.now += 1_000_000
			if from.m.Session() != nil && rng.IntN(3) == 0 {
				from.talk(rng)
			}
			from.step()
			for i := range from.out.Trains {
				tr := &from.out.Trains[i]
				for k := range tr.Count {
					b := bytes.Join(from.out.Datagram(tr, k, nil), nil)
					for _, dst := range rigs {
						if dst == from || tr.To.IsValid() && tr.To != address(dst.id) || rng.IntN(10) == 0 {
							continue
						}
						if dst.id == to {
							tape = append(tape, recorded{from.now - last, from.id, b})
							last = from.now
						}
						dst.arrive(b, from.id)
					}
				}
			}
		}
	}
	for _, r := range rigs {
		if r.got == 0 || r.refused > 0 {
			t.Fatalf("seed %d: processor %d delivered %d messages, refused %d datagrams", seed, r.id, r.got, r.refused)
		}
	}
	return tape
}

// talk sends one message of a kind that chance chooses.
func (r *rig) talk(rng *rand.Rand) {
	g := wire.Guarantee(rng.IntN(4))
	switch rng.IntN(4) {
	case 0:
		r.submit(g, rng.IntN(100), nil)
	case 1:
		r.submit(g, 500+rng.IntN(1500), nil)
	case 2:
		r.submit(g, rng.IntN(300), []wire.Group{{1}, {2}})
	case 3:
		id := uint16(1 + rng.IntN(3))
		if err := r.packer.Announce(id, []wire.Group{{byte(id)}}); err != nil {
			r.t.Fatal(err)
		}
	}
}
