package member

import (
	"math/rand/v2"
	"slices"
	"testing"

	"stampede/wire"
)

// forge hands processor i a datagram that claims to be another's.
func (w *world) forge(i int, k wire.Kind, from wire.ProcessorID, body []byte) {
	w.t.Helper()
	b := append(make([]byte, wire.HeaderBytes), body...)
	wire.PutHeader(b, &wire.Header{Kind: k, Length: uint16(len(b)), Sender: from, Cluster: 3})
	wire.PutCheck(b)
	n := w.nodes[i]
	var h wire.Header
	if v := n.door.Check(b, &h); v != wire.OK {
		w.t.Fatalf("the door refuses: %v", v)
	}
	n.m.Receive(w.now, &h, b, address(int(from)-1), nil)
	w.step(i)
}

// goodJoin is what processor 2 could say to the others of three.
func (w *world) goodJoin() wire.Join {
	m := w.nodes[1].m
	return wire.Join{
		Incarnation: m.cfg.Self.Incarnation, Config: m.config, Seen: m.seen, Version: m.row.version + 100,
		MinVersion: 1, MaxVersion: 1, MTU: 1010, Window: 101, History: 999, MaxMessage: 1 << 16,
		Rows: []wire.Row{{
			Owner: 2, Incarnation: m.cfg.Self.Incarnation, Version: m.row.version + 100, Config: m.config,
			Hears: []wire.Hear{{ID: 1, HearsMe: true}, {ID: 3, HearsMe: true}},
		}},
	}
}

// TestLyingJoins: what cannot be, or is not news, changes nothing but a count.
func TestLyingJoins(t *testing.T) {
	const huge = 1<<63 + 1
	for what, lie := range map[string]struct {
		change func(j *wire.Join)
		count  func(c *Counters) uint64
	}{
		"an epoch beyond all times":        {func(j *wire.Join) { j.Seen.Epoch = huge }, func(c *Counters) uint64 { return c.Impossible }},
		"a configuration beyond all times": {func(j *wire.Join) { j.Config.Epoch = huge }, func(c *Counters) uint64 { return c.Impossible }},
		"an incarnation beyond all times":  {func(j *wire.Join) { j.Incarnation = huge }, func(c *Counters) uint64 { return c.Impossible }},
		"no incarnation":                   {func(j *wire.Join) { j.Incarnation = 0 }, func(c *Counters) uint64 { return c.Impossible }},
		"an earlier life":                  {func(j *wire.Join) { j.Incarnation-- }, func(c *Counters) uint64 { return c.Stale }},
		"an old version":                   {func(j *wire.Join) { j.Version = 1 }, func(c *Counters) uint64 { return c.Stale }},
		"from before the configuration":    {func(j *wire.Join) { j.Seen.Epoch-- }, func(c *Counters) uint64 { return c.Stale }},
		"another longest message":          {func(j *wire.Join) { j.MaxMessage = 5 }, func(c *Counters) uint64 { return c.Refused }},
		"another format":                   {func(j *wire.Join) { j.MinVersion, j.MaxVersion = 2, 3 }, func(c *Counters) uint64 { return c.Refused }},
		"no room for datagrams":            {func(j *wire.Join) { j.MTU = 10 }, func(c *Counters) uint64 { return c.Refused }},
	} {
		w := three(t)
		j := w.goodJoin()
		lie.change(&j)
		before := lie.count(&w.nodes[0].m.Counters)
		w.forge(0, wire.KindJoin, 2, j.AppendTo(nil))
		if n := lie.count(&w.nodes[0].m.Counters) - before; n != 1 {
			t.Errorf("%s: counted %d times", what, n)
		}
		w.run(2_000*ms, nil)
		for i := range 3 {
			w.want(i, 1, "")
		}
	}
	w := three(t) // and the truth has its effect
	j := w.goodJoin()
	w.forge(0, wire.KindJoin, 2, j.AppendTo(nil))
	if w.nodes[0].m.phase != gathering {
		t.Error("a member's good join is not heard")
	}
}

// TestRelayedLies: a row that is passed on makes no member suspect, and none
// of an own later life stops a processor.
func TestRelayedLies(t *testing.T) {
	w := three(t)
	j := w.goodJoin()
	j.Rows = append([]wire.Row{{Owner: 1, Incarnation: 1 << 50, Version: 9}}, j.Rows[0],
		wire.Row{Owner: 3, Incarnation: 1 << 50, Version: 9, Hears: []wire.Hear{{ID: 7}}},
		wire.Row{Owner: 8, Incarnation: 5, Version: 9, Config: wire.ConfigID{Epoch: 1 << 62, Rep: 8}})
	w.forge(0, wire.KindBeacon, 2, j.AppendTo(nil))
	w.run(2_000*ms, nil)
	for i := range 3 {
		w.want(i, 1, "")
	}
	for _, p := range w.nodes[0].m.Problems() {
		if p.Fatal {
			t.Errorf("it stops: %v", p)
		}
	}
}

// TestCrowdOfStrangers: however many ids the network claims, memory for them
// is bounded, and the members stay together.
func TestCrowdOfStrangers(t *testing.T) {
	w := three(t)
	r := rand.New(rand.NewPCG(1, 1))
	for range 5_000 {
		id := wire.ProcessorID(4 + r.Uint32N(1<<31))
		j := w.goodJoin()
		j.Incarnation, j.Version, j.Config = 1+r.Uint64N(1<<60), r.Uint32(), wire.ConfigID{}
		j.Rows = nil
		for k := range wire.ProcessorID(10) {
			j.Rows = append(j.Rows, wire.Row{Owner: id + k, Incarnation: j.Incarnation, Version: 1, Hears: []wire.Hear{{ID: id, HearsMe: true}}})
		}
		w.forge(0, wire.KindJoin, id, j.AppendTo(nil))
	}
	if n := len(w.nodes[0].m.peers); n > maxPeers {
		t.Errorf("%d processors are kept in mind, more than %d", n, maxPeers)
	}
	if w.nodes[0].m.Counters.Strangers == 0 {
		t.Error("those for whom there is no room are not counted")
	}
	if len(w.nodes[0].m.Problems()) > maxProblems {
		t.Error("problems are not bounded")
	}
	w.run(1_000*ms, nil)
	for i := range 3 {
		w.want(i, 1, "")
	}
}

// goodProposal is what processor 1 could propose to processor 2 of two that
// know each other and are in no configuration.
func goodProposal() wire.Proposal {
	return wire.Proposal{
		Config: wire.ConfigID{Epoch: 2000, Rep: 1, RepIncarnation: 1001}, MTU: 1000, MaxMessage: 1 << 16,
		Members: []wire.ProposedMember{
			{ID: 1, Incarnation: 1001, Address: address(0), Window: 100, History: 1000},
			{ID: 2, Incarnation: 1002, Address: address(1), Window: 101, History: 999},
		},
	}
}

// TestRefusedProposals: a proposal that is not borne out by what its receiver
// knows is not answered.
func TestRefusedProposals(t *testing.T) {
	for what, change := range map[string]func(p *wire.Proposal){
		"a stranger": func(p *wire.Proposal) {
			p.Members = append(p.Members, wire.ProposedMember{ID: 9, Incarnation: 1, Window: 1, History: 1})
		},
		"nobody":                func(p *wire.Proposal) { p.Members = nil },
		"without its receiver":  func(p *wire.Proposal) { p.Members = p.Members[:1] },
		"another life of mine":  func(p *wire.Proposal) { p.Members[1].Incarnation++ },
		"another life of its":   func(p *wire.Proposal) { p.Members[0].Incarnation-- },
		"more memory than mine": func(p *wire.Proposal) { p.Members[1].History = 1 << 30 },
		"a wider window":        func(p *wire.Proposal) { p.Members[1].Window = 1 << 30 },
		"no window":             func(p *wire.Proposal) { p.Members[0].Window = 0 },
		"longer messages":       func(p *wire.Proposal) { p.MaxMessage++ },
		"longer datagrams":      func(p *wire.Proposal) { p.MTU = 1 << 15 },
		"tiny datagrams":        func(p *wire.Proposal) { p.MTU = 80 },
		"another's proposal":    func(p *wire.Proposal) { p.Config.Rep = 2 },
		"an epoch gone by":      func(p *wire.Proposal) { p.Config.Epoch = 0 },
		"an impossible epoch":   func(p *wire.Proposal) { p.Config.Epoch = 1<<63 + 1 },
		"a part of many":        func(p *wire.Proposal) { p.Parts = 60000 },
	} {
		w := newWorld(t, 1, 2)
		w.begin(0, 1)
		for i := 0; !w.nodes[1].m.hearsNow(w.nodes[1].m.peer(1), w.now) || !listed(w.nodes[1].m.peer(1).hears, 2); i++ {
			w.run(ms, nil)
		}
		m, seen := w.nodes[1].m, wire.ConfigID{Epoch: 5, Rep: 9, RepIncarnation: 1}
		m.seen = seen
		bad := goodProposal()
		bad.Members = slices.Clone(bad.Members)
		change(&bad)
		w.forge(1, wire.KindPropose, 1, bad.AppendTo(nil))
		if m.phase != gathering || m.seen != seen {
			t.Errorf("a proposal with %s was answered", what)
		}
		good := goodProposal()
		w.forge(1, wire.KindPropose, 1, good.AppendTo(nil))
		if m.phase != committing || m.seen != good.Config {
			t.Errorf("after a proposal with %s the right one was not answered", what)
		}
	}
}

// TestReplays: all that three processors ever said to each other, said again,
// changes nothing.
func TestReplays(t *testing.T) {
	w := newWorld(t, 1, 3)
	type said struct {
		from int
		b    []byte
	}
	var all []said
	w.tape = func(from int, k wire.Kind, b []byte) {
		if k >= wire.KindJoin {
			all = append(all, said{from, slices.Clone(b)})
		}
	}
	w.begin(0, 1, 2)
	w.meet(0, 1, 2)
	w.begin(2) // in a later life
	w.meet(0, 1, 2)
	w.split(true, []int{0}, []int{1, 2})
	w.meet(1, 2)
	w.meet(0)
	w.split(false, []int{0}, []int{1, 2})
	w.meet(0, 1, 2)
	w.run(1_000*ms, nil)
	w.tape = nil
	var before [3]int
	for i, n := range w.nodes {
		before[i] = len(n.events)
	}
	for _, s := range all {
		w.route(s.from, noAddress, s.b)
		w.run(ms/2, nil)
	}
	w.run(2_000*ms, nil)
	for i := range 3 {
		w.want(i, before[i], "")
	}
	if !w.together(0, 1, 2) {
		w.fatal("they are not together any more")
	}
}

// recoverWith brings processor 3 of three into an attempt of 1's, and hands it
// answers of all, of which that of 1 is the given one.
func (w *world) recoverWith(first ...wire.Answer) {
	w.t.Helper()
	m := w.nodes[2].m
	id := wire.ConfigID{Epoch: m.seen.Epoch + 5, Rep: 1, RepIncarnation: w.nodes[0].m.cfg.Self.Incarnation}
	p := wire.Proposal{Config: id, MTU: 1000, MaxMessage: 1 << 16}
	for i := range 3 {
		c := w.nodes[i].m.cfg
		p.Members = append(p.Members, wire.ProposedMember{ID: c.Self.ID, Incarnation: c.Self.Incarnation, Window: c.Window, History: c.History})
	}
	w.forge(2, wire.KindPropose, 1, p.AppendTo(nil))
	if m.phase != committing {
		w.t.Fatal("the proposal was not answered")
	}
	s := wire.State{Proposal: id}
	for _, owner := range []wire.ProcessorID{1, 2, 3} {
		list := []wire.Answer{{Streams: []wire.StreamState{{Member: 1}, {Member: 2}, {Member: 3}}}}
		if owner == 1 {
			list = first
		}
		for k := range list {
			a := &list[k]
			a.Proposal, a.Old, a.Part, a.Parts = id, m.config, uint16(k), uint16(len(list))
			s.Answers = append(s.Answers, wire.OwnedAnswer{Owner: owner, Body: a.AppendTo(nil)})
		}
	}
	w.forge(2, wire.KindState, 1, s.AppendTo(nil))
}

// TestLyingAnswers: answers that claim more than there can be, or contradict
// themselves, end the attempt.
func TestLyingAnswers(t *testing.T) {
	streams := func(second wire.StreamState) []wire.StreamState {
		second.Member = 2
		return []wire.StreamState{{Member: 1}, second, {Member: 3}}
	}
	for what, answer := range map[string][]wire.Answer{
		"a prefix without end": {{Streams: streams(wire.StreamState{Contiguous: 1<<64 - 1})}},
		"extras without end":   {{Streams: streams(wire.StreamState{Extras: []wire.Span{{First: 2, Count: 1<<32 - 1}}})}},
		"extras that go back": {
			{Streams: streams(wire.StreamState{Extras: []wire.Span{{First: 100, Count: 1}}})[:2]},
			{Streams: streams(wire.StreamState{Extras: []wire.Span{{First: 50, Count: 1}}})[1:]},
		},
		"two prefixes": {
			{Streams: streams(wire.StreamState{Contiguous: 1})[:2]},
			{Streams: streams(wire.StreamState{Contiguous: 2})[1:]},
		},
	} {
		w := three(t)
		w.recoverWith(answer...)
		if m := w.nodes[2].m; m.phase != gathering || m.Counters.Impossible != 1 {
			t.Errorf("%s: phase %v, %d counted", what, m.phase, m.Counters.Impossible)
		}
		w.meet(0, 1, 2)
	}
}

// TestGreatestNumbers: the greatest epoch and incarnation that are believed
// leave those above them possible.
func TestGreatestNumbers(t *testing.T) {
	w := three(t)
	j := w.goodJoin()
	j.Rows, j.Config = nil, wire.ConfigID{}
	j.Incarnation, j.Seen = 7, wire.ConfigID{Epoch: maxEpoch, Rep: 9, RepIncarnation: 7}
	for i := range 3 {
		w.forge(i, wire.KindJoin, 9, j.AppendTo(nil))
	}
	w.nodes[2] = nil
	w.meet(0, 1)
	w.begin(2)
	w.meet(0, 1, 2)

	w = newWorld(t, 1, 3)
	w.begin(0, 1, 2)
	j.Seen, j.Rows = wire.ConfigID{}, []wire.Row{{Owner: 1, Incarnation: maxEpoch, Version: 9}}
	w.forge(0, wire.KindJoin, 9, j.AppendTo(nil))
	for _, p := range w.nodes[0].m.Problems() {
		if p.Fatal {
			t.Errorf("it stops: %v", p)
		}
	}
	w.meet(0, 1, 2)
}

// TestOwnLaterLife: a processor that hears of a later life of its own while a
// configuration is agreed on is in none under another name than its own.
func TestOwnLaterLife(t *testing.T) {
	w := newWorld(t, 1, 3)
	w.begin(0, 1, 2)
	m := w.nodes[2].m
	w.run(1_000*ms, func() bool { return m.phase == committing })
	j := wire.Join{
		Incarnation: 5, Version: 1, MinVersion: 1, MaxVersion: 1, MTU: 1000, Window: 9, History: 9, MaxMessage: 1 << 16,
		Rows: []wire.Row{{Owner: 3, Incarnation: 5000, Version: 9}},
	}
	w.forge(2, wire.KindJoin, 9, j.AppendTo(nil))
	w.meet(0, 1, 2)
	if self := m.Self(); self.Incarnation != 5001 {
		t.Errorf("it is %v", self)
	}
	for _, c := range w.nodes[2].events {
		if !slices.Contains(c.Members, m.Self()) {
			t.Errorf("it enters a configuration of %v and is %v", c.Members, m.Self())
		}
	}
}
