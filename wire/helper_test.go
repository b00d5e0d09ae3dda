package wire

import (
	"flag"
	"math/rand/v2"
	"net/netip"
	"testing"
)

var seedFlag = flag.Uint64("seed", 0, "seed of random tests; 0 draws one")

// chance is a source of randomness whose seed the test prints.
func chance(t testing.TB) *rand.Rand {
	seed := *seedFlag
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("-seed %d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

// finish makes the bytes b, with room for the header in front, a datagram of
// processor 1 with header h and a good check.
func finish(b []byte, h Header) []byte {
	h.Length = uint16(len(b))
	if h.Sender == 0 {
		h.Sender = 1
	}
	PutHeader(b, &h)
	PutCheck(b)
	return b
}

// stream makes a Stream datagram of frames.
func stream(first uint64, frames ...[]byte) []byte {
	b := make([]byte, HeaderBytes)
	for _, f := range frames {
		b = append(b, f...)
	}
	return finish(b, Header{Kind: KindStream, Config: 5, Dseq: 3, First: first})
}

func message(g Guarantee, set uint16, payload string) []byte {
	return append(AppendMessage(nil, g, set, 2, len(payload)), payload...)
}

func inline(g Guarantee, keys int, payload string) []byte {
	n := keys * GroupBytes
	b := AppendInline(nil, g, uint16(keys), 2, n+len(payload))
	for i := range n {
		b = append(b, byte(i/GroupBytes+1))
	}
	return append(b, payload...)
}

func fragment(f Fragment, piece string) []byte {
	return append(AppendFragment(nil, &f, len(piece)), piece...)
}

func groups(n int) []Group {
	g := make([]Group, n)
	for i := range g {
		g[i][0], g[i][31] = byte(i), byte(i>>8)
	}
	return g
}

// body is what all control bodies can do.
type body interface {
	AppendTo(dst []byte) []byte
	Parse(b []byte) Verdict
}

// newBody is an empty body of kind k, or nil.
func newBody(k Kind) body {
	switch k {
	case KindAck:
		return new(Ack)
	case KindNack:
		return new(Nack)
	case KindJoin, KindBeacon:
		return new(Join)
	case KindPropose:
		return new(Proposal)
	case KindAnswer:
		return new(Answer)
	case KindState:
		return new(State)
	case KindHold:
		return new(Hold)
	case KindInstall:
		return new(Install)
	case KindLeave:
		return new(Leave)
	case KindProbe:
		return new(Probe)
	case KindPiece:
		return new(Piece)
	}
	return nil
}

// someBody is a well-formed body of kind k drawn by r.
func someBody(r *rand.Rand, k Kind) body {
	switch k {
	case KindAck:
		a := &Ack{Sent: r.Int64() - r.Int64(), Position: r.Uint64(), LeastTaken: r.Uint64(), Pressure: r.Uint32(), Shares: someShares(r)}
		for _, id := range someIDs(r) {
			a.Echoes = append(a.Echoes, Echo{id, r.Uint32(), r.Int64()})
		}
		return a
	case KindNack:
		n := &Nack{}
		for range 1 + r.IntN(5) {
			n.Ranges = append(n.Ranges, Range{ProcessorID(r.Uint32N(9) + 1), ProcessorID(r.Uint32N(9)),
				1 + r.Uint64N(1<<50), 1 + r.Uint32N(99)})
		}
		return n
	case KindJoin, KindBeacon:
		return someJoin(r)
	case KindPropose:
		p := &Proposal{Config: someConfig(r), MTU: uint16(r.Uint32()), MaxMessage: r.Uint32(), Parts: 1 + uint16(r.IntN(3))}
		p.Part = p.Parts - 1
		for _, id := range someIDs(r) {
			p.Members = append(p.Members, ProposedMember{id, r.Uint64(), someAddress(r), r.Uint32(), r.Uint32()})
		}
		return p
	case KindAnswer:
		return someAnswer(r, someConfig(r))
	case KindState:
		return someState(r)
	case KindHold:
		return &Hold{someConfig(r)}
	case KindInstall:
		return &Install{someConfig(r)}
	case KindLeave:
		return &Leave{someConfig(r), r.Uint64()}
	case KindProbe:
		return &Probe{Bytes: uint16(HeaderBytes + ProbeBytes + r.IntN(1400)), Reply: r.IntN(2) == 0}
	}
	p := &Piece{Stream: 4, Dseq: 1 + r.Uint64N(1<<50), Offset: uint16(r.IntN(700)), Bytes: make([]byte, 1+r.IntN(700))}
	p.Total = uint16(HeaderBytes + 1400)
	return p
}

func someConfig(r *rand.Rand) ConfigID {
	return ConfigID{r.Uint64(), 1 + ProcessorID(r.Uint32N(64)), r.Uint64()}
}

// someIDs ascend.
func someIDs(r *rand.Rand) (ids []ProcessorID) {
	id := ProcessorID(0)
	for range r.IntN(12) {
		id += 1 + ProcessorID(r.Uint32N(1<<20))
		ids = append(ids, id)
	}
	return ids
}

func someShares(r *rand.Rand) (s []Share) {
	for _, id := range someIDs(r) {
		s = append(s, Share{id, r.Uint32()})
	}
	return s
}

func someAddress(r *rand.Rand) netip.AddrPort {
	switch r.IntN(3) {
	case 0:
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(r.IntN(256))}), uint16(r.Uint32()))
	case 1:
		return netip.AddrPortFrom(netip.AddrFrom16([16]byte{0xfd, 1: 2, 15: byte(r.IntN(256))}), uint16(r.Uint32()))
	}
	return netip.AddrPort{}
}

func someJoin(r *rand.Rand) *Join {
	j := &Join{Incarnation: r.Uint64(), Seen: someConfig(r), Version: r.Uint32(), MinVersion: 1, MaxVersion: 2,
		MTU: 1472, Window: r.Uint32(), History: r.Uint32(), MaxMessage: r.Uint32(), Flags: JoinFlags(r.Uint32())}
	if r.IntN(2) == 0 {
		j.Config = someConfig(r)
	}
	for range r.IntN(MaxAddresses + 1) {
		if a := someAddress(r); a.IsValid() {
			j.Addresses = append(j.Addresses, a)
		}
	}
	for _, owner := range someIDs(r) {
		row := Row{Owner: owner, Incarnation: r.Uint64(), Version: r.Uint32(), Config: someConfig(r), Address: someAddress(r)}
		for _, id := range someIDs(r) {
			row.Hears = append(row.Hears, Hear{id, r.IntN(2) == 0})
		}
		j.Rows = append(j.Rows, row)
	}
	return j
}

func someAnswer(r *rand.Rand, proposal ConfigID) *Answer {
	a := &Answer{Proposal: proposal, Position: r.Uint64(), Stable: r.Uint64(), Parts: 2, Part: 1, Obligations: someIDs(r)}
	for _, id := range someIDs(r) {
		s := StreamState{Member: id, Contiguous: r.Uint64N(1 << 40)}
		at := s.Contiguous + 1
		for range r.IntN(4) {
			e := Span{at + 1 + r.Uint64N(50), 1 + r.Uint32N(50)}
			at = e.First + uint64(e.Count)
			s.Extras = append(s.Extras, e)
		}
		a.Streams = append(a.Streams, s)
	}
	return a
}

func someState(r *rand.Rand) *State {
	s := &State{Proposal: someConfig(r), Request: r.IntN(3) == 0}
	if s.Request {
		s.Parts = uint16(r.IntN(40))
		s.Missing = make([]byte, (s.Parts+7)/8)
		for i := range s.Parts {
			s.Missing[i/8] |= byte(r.IntN(2)) << (i % 8)
		}
		return s
	}
	s.Parts, s.Part = 9, uint16(r.IntN(9))
	for _, id := range someIDs(r) {
		s.Answers = append(s.Answers, OwnedAnswer{id, someAnswer(r, s.Proposal).AppendTo(nil)})
	}
	return s
}
