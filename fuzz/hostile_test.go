package fuzz

import (
	"runtime"
	"testing"

	"stampede/wire"
)

// forge hands over a datagram that claims to be sender's.
func (r *rig) forge(h wire.Header, body []byte) {
	b := append(make([]byte, wire.HeaderBytes), body...)
	h.Length, h.Cluster = uint16(len(b)), cluster
	wire.PutHeader(b, &h)
	r.arrive(b, h.Sender)
	r.step()
}

// join makes processor 2 hear 1 and 3, and be heard by them.
func (r *rig) join() {
	for _, id := range []wire.ProcessorID{1, 3} {
		j := wire.Join{
			Incarnation: 7, Version: 1, MinVersion: wire.Version, MaxVersion: wire.Version,
			MTU: datagram, Window: 64, History: 192, MaxMessage: maxMessage,
			Rows: []wire.Row{{Owner: id, Incarnation: 7, Version: 1, Hears: []wire.Hear{{ID: 2, HearsMe: true}}}},
		}
		r.forge(wire.Header{Kind: wire.KindJoin, Sender: id}, j.AppendTo(nil))
	}
}

// install brings processor 2 into a configuration, if it agrees, in which every
// member is said to have the window and the history given.
func (r *rig) install(window, history uint32) wire.ConfigID {
	p := wire.Proposal{
		Config: wire.ConfigID{Epoch: 1 << 40, Rep: 1, RepIncarnation: 7},
		MTU:    datagram, MaxMessage: maxMessage,
	}
	for id, incarnation := range []uint64{7, 200, 7} {
		p.Members = append(p.Members, wire.ProposedMember{
			ID: wire.ProcessorID(id + 1), Incarnation: incarnation, Window: window, History: history,
		})
	}
	r.forge(wire.Header{Kind: wire.KindPropose, Sender: 1}, p.AppendTo(nil))
	s := wire.State{Proposal: p.Config}
	for _, m := range p.Members { // nobody comes from a configuration
		s.Answers = append(s.Answers, wire.OwnedAnswer{Owner: m.ID, Body: (&wire.Answer{Proposal: p.Config}).AppendTo(nil)})
	}
	r.forge(wire.Header{Kind: wire.KindState, Sender: 1}, s.AppendTo(nil))
	r.forge(wire.Header{Kind: wire.KindInstall, Sender: 1}, (&wire.Install{Config: p.Config}).AppendTo(nil))
	return p.Config
}

// A proposal that says of this processor that it has more memory than it has
// must not make it take that much.
func TestProposalCannotClaimMemory(t *testing.T) {
	r := newRig(t, 2)
	r.join()
	before := heap()
	r.install(1<<30, 1<<30)
	if after := heap(); after > before+1<<20 {
		t.Errorf("the heap grew by %d bytes", after-before)
	}
	runtime.KeepAlive(r)
}

// A message to a group set that was never announced has no groups to be
// delivered to, whatever its guarantee.
func TestUnannouncedSetIsNotDelivered(t *testing.T) {
	for g := wire.Unordered; g <= wire.Safe; g++ {
		t.Run(g.String(), func(t *testing.T) {
			r := newRig(t, 2)
			r.join()
			tag := r.install(64, 192).Tag()
			if r.m.Session() == nil {
				t.Fatal("no configuration")
			}
			message := append(wire.AppendMessage(nil, g, 77, 0, 1), 'x')
			r.forge(wire.Header{Kind: wire.KindStream, Sender: 1, Config: tag, Dseq: 1, Aru: 1, Stable: 1, First: 1}, message)
			r.forge(wire.Header{Kind: wire.KindAck, Sender: 3, Config: tag, Aru: 1, Stable: 1}, (&wire.Ack{}).AppendTo(nil))
			r.step()
			if r.got > 0 {
				t.Errorf("%d messages delivered", r.got)
			}
		})
	}
}
