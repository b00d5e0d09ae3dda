package verify

import (
	"maps"
	"math/rand/v2"
	"slices"

	"stampede/internal/trace"
)

// A world is an abstract group of processors: no datagrams and no clocks, but
// streams, holdings, a walk, attempts at a new configuration and the cut, all
// at random. The traces that it leaves keep every promise by construction, with
// partial installs, obligations, lost ends of traces and the exception.
type world struct {
	rng   *rand.Rand
	lives []*worldLife // of all times
	epoch uint64
	exact bool // crashes lose no lines

	// Drawn for the whole world:
	arrivals, learns, attempts int    // percent
	deaf                       int    // percent of what the sequencer says is not heard
	unheard                    uint32 // whose stream only the sequencer hears

	mutant string // the rule that is not kept, see mutant_test.go
}

// worldMessage stands in a stream of a configuration, or waits in a queue.
type worldMessage struct {
	trace.Message
	guarantee trace.Guarantee
}

// worldItem is a place in a stream: a message or none, and in the stream of the
// sequencer places of other streams, which are passed before it.
type worldItem struct {
	message *worldMessage
	stamps  []place
}

type place struct {
	id uint32 // whose stream
	at int
}

type worldConfig struct {
	id      trace.Config
	members []*worldLife
	streams map[uint32][]worldItem
	stamped map[uint32]int // by the sequencer, which is the lowest id
	mutant  string
}

type worldLife struct {
	who     trace.Processor
	alive   bool
	settled bool
	part    int // of the network
	number  uint64
	queue   []*worldMessage // handed in, in no stream yet
	events  []trace.Event
	attempt *attempt // not nil: neither sends nor delivers
	obliged map[uint32]bool
	config  *worldConfig
	holds   map[place]bool
	done    map[*worldMessage]bool // delivered in config
	walked  int                    // of the walk, places passed
	acked   int                    // of the walk, places held, when it answered an attempt
	stable  int                    // of the walk, known to be held by all
}

// attempt is one proposal and what was answered to it.
type attempt struct {
	to     *worldConfig
	states map[*worldLife]*state
	held   map[*worldLife]bool
	mutant string
}

// state is an answer.
type state struct {
	config  *worldConfig
	holds   map[place]bool
	stable  int
	obliged map[uint32]bool
}

func newWorld(seed uint64, mutant string) *world {
	w := &world{rng: rand.New(rand.NewPCG(seed, 0)), mutant: mutant}
	w.exact = w.chance(50)
	for _, p := range []*int{&w.arrivals, &w.learns, &w.attempts, &w.deaf} {
		*p = w.rng.IntN(100)
	}
	if w.chance(70) {
		w.attempts /= 15 // most time is spent in configurations
	}
	w.unheard = uint32(w.rng.IntN(10))
	for id := range 1 + max(w.rng.IntN(5), w.rng.IntN(5)) {
		w.start(uint32(id+1), 1)
	}
	if w.chance(80) {
		w.propose(w.alive(), true)
		for range 2 {
			for _, l := range w.alive() {
				w.recover(l)
			}
		}
	}
	return w
}

func (w *world) chance(percent int) bool { return w.rng.IntN(100) < percent }

func pick[T any](w *world, list []T) T { return list[w.rng.IntN(len(list))] }

func (w *world) start(id uint32, incarnation uint64) {
	l := &worldLife{who: trace.Processor{ID: id, Incarnation: incarnation}, alive: true, obliged: map[uint32]bool{}}
	l.record(trace.Event{Kind: trace.Start})
	w.lives = append(w.lives, l)
}

func (w *world) alive() (lives []*worldLife) {
	for _, l := range w.lives {
		if l.alive {
			lives = append(lives, l)
		}
	}
	return lives
}

// run does steps at random, and at the end perhaps lets everything settle.
func (w *world) run(steps int) {
	for range steps {
		w.step()
	}
	if w.chance(60) {
		w.settle()
	}
}

func (w *world) step() {
	alive := w.alive()
	if len(alive) == 0 {
		l := pick(w, w.lives)
		w.restart(l.who.ID)
		return
	}
	l := pick(w, alive)
	switch n := w.rng.IntN(1000); {
	case n < 150:
		for range 1 + w.rng.IntN(3) {
			w.send(l)
		}
	case n < 250:
		w.flush(l)
	case n < 250+3*w.arrivals:
		w.arrive(l)
	case n < 600:
		w.stamp(l)
		w.deliver(l)
	case n < 600+w.learns:
		w.learn(l)
	case n < 800:
		w.deliver(l)
	case n < 800+w.attempts:
		w.propose(w.group(l), false)
	case n < 985:
		w.recover(l)
	case n < 990:
		w.crash(l)
	case n < 993:
		l.part = w.rng.IntN(2)
	case n < 994:
		l.record(trace.Event{Kind: trace.Leave})
		l.alive = false
	default:
		w.restart(pick(w, w.lives).who.ID)
	}
}

// restart begins another life of a processor that has none.
func (w *world) restart(id uint32) {
	var last uint64
	for _, l := range w.lives {
		if l.who.ID == id {
			if l.alive {
				return
			}
			last = max(last, l.who.Incarnation)
		}
	}
	w.start(id, last+1)
}

// crash ends a life. What it wrote last may be lost, but no send.
func (w *world) crash(l *worldLife) {
	l.alive = false
	if w.exact {
		return
	}
	kept := len(l.events)
	for n := w.rng.IntN(6); n > 0 && kept > 1 && l.events[kept-1].Kind != trace.Send; n-- {
		kept--
	}
	l.events = l.events[:kept]
}

func (l *worldLife) record(e trace.Event) {
	e.Who, e.Time = l.who, int64(len(l.events)+1)
	l.events = append(l.events, e)
}

func (w *world) send(l *worldLife) {
	l.number++
	m := &worldMessage{trace.Message{Sender: l.who, Number: l.number}, trace.Guarantee(w.rng.IntN(4))}
	l.record(trace.Event{Kind: trace.Send, Message: m.Message, Guarantee: m.guarantee, Groups: []string{"g"}})
	l.queue = append(l.queue, m)
}

// flush puts queued messages into the stream; unordered ones may overtake.
func (w *world) flush(l *worldLife) {
	if l.config == nil || l.attempt != nil && w.mutant != "send after the answer" {
		return
	}
	for n := w.rng.IntN(6); n > 0 && len(l.queue) > 0; n-- {
		i := 0
		if j := w.rng.IntN(len(l.queue)); l.queue[j].guarantee == trace.Unordered {
			i = j
		}
		item := worldItem{message: l.queue[i]}
		l.queue = slices.Delete(l.queue, i, i+1)
		if l.sequencer() && w.chance(50) {
			item.stamps = w.newStamps(l)
		}
		l.append(item)
	}
}

func (l *worldLife) sequencer() bool { return l.config != nil && l.config.members[0] == l }

func (l *worldLife) append(item worldItem) {
	l.holds[place{l.who.ID, len(l.config.streams[l.who.ID])}] = true
	l.config.streams[l.who.ID] = append(l.config.streams[l.who.ID], item)
}

// stamp gives places in the order to what the sequencer holds without a gap.
func (w *world) stamp(l *worldLife) {
	if l.config == nil || l.attempt != nil || !l.sequencer() {
		return
	}
	if stamps := w.newStamps(l); len(stamps) > 0 {
		l.append(worldItem{stamps: stamps})
	}
}

func (w *world) newStamps(l *worldLife) (stamps []place) {
	others := l.config.members[1:]
	for _, i := range w.rng.Perm(len(others)) {
		id := others[i].who.ID
		for n := w.rng.IntN(4); n > 0 && l.holds[place{id, l.config.stamped[id]}]; n-- {
			stamps = append(stamps, place{id, l.config.stamped[id]})
			l.config.stamped[id]++
		}
	}
	return stamps
}

// arrive brings something that another holds, mostly what is next.
func (w *world) arrive(l *worldLife) {
	if l.config == nil || l.attempt != nil && w.mutant != "late datagrams count" {
		return
	}
	for range 1 + w.rng.IntN(6) {
		from := pick(w, l.config.members)
		if from.sequencer() && w.chance(w.deaf) || from.who.ID == w.unheard && !l.sequencer() {
			continue
		}
		id := from.who.ID
		var missing []place
		for at := range l.config.streams[id] {
			if p := (place{id, at}); !l.holds[p] && w.reachable(l, p) {
				missing = append(missing, p)
			}
		}
		if len(missing) > 0 {
			p := missing[0]
			if w.chance(20) {
				p = pick(w, missing)
			}
			l.holds[p] = true
		}
	}
}

func (w *world) reachable(l *worldLife, p place) bool {
	return slices.ContainsFunc(w.lives, func(o *worldLife) bool {
		return o.alive && o.part == l.part && o.config == l.config && o.holds[p]
	})
}

// walk calls f with the places of the order, one after the other, as long as
// holds has what tells of them. It stops when f does.
func (c *worldConfig) walk(holds map[place]bool, f func(p place) bool) {
	seq := c.members[0].who.ID
	for at, item := range c.streams[seq] {
		if !holds[place{seq, at}] {
			if c.mutant == "walk past the end" {
				continue
			}
			return
		}
		for _, p := range item.stamps {
			if !f(p) {
				return
			}
		}
		if !f(place{seq, at}) {
			return
		}
	}
}

// aru is how many places of the order a life holds without a gap.
func (l *worldLife) aru(c *worldConfig) (n int) {
	if l.attempt != nil {
		return l.acked
	}
	c.walk(l.holds, func(p place) bool {
		if !l.holds[p] {
			return false
		}
		n++
		return true
	})
	return n
}

// learn moves the stable line that a life knows.
func (w *world) learn(l *worldLife) {
	if l.config == nil || l.attempt != nil {
		return
	}
	least := l.aru(l.config)
	for _, m := range l.config.members {
		if m.config != l.config { // never was there, or has gone on: it says no more
			if w.mutant == "a member that was not heard does not count" {
				continue
			}
			return
		}
		least = min(least, m.aru(l.config))
	}
	l.stable = max(l.stable, least)
}

func (w *world) deliver(l *worldLife) {
	if l.config == nil || l.attempt != nil {
		return
	}
	w.early(l, l.holds, w.chance(30))
	stable := l.stable
	if w.mutant == "safe is delivered as agreed" {
		stable = 1 << 30
	}
	l.regularWalk(w, l.holds, stable)
}

// early delivers unordered and FIFO messages that can be, all or some of them.
func (w *world) early(l *worldLife, holds map[place]bool, some bool) {
	members := slices.Clone(l.config.members)
	w.rng.Shuffle(len(members), func(i, j int) { members[i], members[j] = members[j], members[i] })
	for _, m := range members {
		for at, item := range l.config.streams[m.who.ID] {
			if item.message != nil && item.message.guarantee <= trace.FIFO && holds[place{m.who.ID, at}] &&
				(l.inTurn(place{m.who.ID, at}) || w.mutant == "FIFO as unordered") && !(some && w.chance(50)) {
				l.hand(w, item.message)
			}
		}
	}
}

// inTurn tells whether everything of FIFO or more has been delivered that
// stands before the place in its stream; for unordered messages that is so.
func (l *worldLife) inTurn(p place) bool {
	stream := l.config.streams[p.id]
	if stream[p.at].message.guarantee == trace.Unordered {
		return true
	}
	for _, item := range stream[:p.at] {
		if m := item.message; m != nil && m.guarantee >= trace.FIFO && !l.done[m] {
			return false
		}
	}
	return true
}

// hand delivers a message that was not yet.
func (l *worldLife) hand(w *world, m *worldMessage) {
	if l.done[m] && !(w.mutant == "deliver twice" && w.chance(2)) || w.mutant == "lose a delivery" && w.chance(1) {
		return
	}
	l.done[m] = true
	l.record(trace.Event{Kind: trace.Deliver, Message: m.Message, Guarantee: m.guarantee, Groups: []string{"g"}, Config: l.config.id})
}

// regularWalk goes on with the walk up to a gap or a message that is not safe.
func (l *worldLife) regularWalk(w *world, holds map[place]bool, stable int) {
	n := 0
	l.config.walk(holds, func(p place) bool {
		n++
		if n <= l.walked {
			return true
		}
		m := l.config.streams[p.id][p.at].message
		if !holds[p] && w.mutant == "deliver past a hole" {
			return true
		}
		if !holds[p] || m != nil && m.guarantee == trace.Safe && n > stable {
			return false
		}
		if m != nil {
			l.hand(w, m)
		}
		l.walked = n
		return true
	})
}

// group chooses who is to form a configuration with l.
func (w *world) group(l *worldLife) (group []*worldLife) {
	share := pick(w, []int{0, 30, 60, 90, 100})
	for _, o := range w.alive() {
		if o == l || o.part == l.part && w.chance(share) {
			group = append(group, o)
		}
	}
	return group
}

// propose makes an attempt. All answer, while those that have not yet answered
// go on as before.
func (w *world) propose(group []*worldLife, calm bool) *attempt {
	slices.SortFunc(group, func(a, b *worldLife) int { return int(a.who.ID) - int(b.who.ID) })
	if w.mutant != "reuse a configuration id" || w.epoch == 0 || w.chance(80) {
		w.epoch++
	}
	a := &attempt{
		to: &worldConfig{
			id: trace.Config{Epoch: w.epoch, Rep: group[0].who.ID}, members: group,
			streams: map[uint32][]worldItem{}, stamped: map[uint32]int{}, mutant: w.mutant,
		},
		states: map[*worldLife]*state{}, held: map[*worldLife]bool{}, mutant: w.mutant,
	}
	for _, i := range w.rng.Perm(len(group)) {
		l := group[i]
		for !calm && w.chance(70) {
			o := pick(w, group)
			pick(w, []func(*worldLife){w.send, w.flush, w.arrive, w.stamp, w.learn, w.deliver})(o)
		}
		if l.attempt == nil && l.config != nil {
			l.acked = l.aru(l.config)
		}
		l.attempt = a
		if w.mutant == "an attempt that failed clears obligations" {
			clear(l.obliged)
		}
		a.states[l] = &state{l.config, maps.Clone(l.holds), l.stable, maps.Clone(l.obliged)}
	}
	return a
}

// recover lets a life get what the others of its old configuration hold, or,
// if all have done so, install.
func (w *world) recover(l *worldLife) {
	a := l.attempt
	switch {
	case a == nil:
	case !a.held[l]:
		along, union, _, obliged := a.together(l)
		a.held[l] = true
		l.holds = union
		for _, o := range along {
			l.obliged[o.who.ID] = true
		}
		if w.mutant != "obliged to those of the attempt only" {
			maps.Copy(l.obliged, obliged)
		}
	case len(a.held) == len(a.to.members):
		w.install(l)
	}
}

// together is what those know who come from the configuration of l.
func (a *attempt) together(l *worldLife) (along []*worldLife, union map[place]bool, stable int, obliged map[uint32]bool) {
	union, obliged = map[place]bool{}, map[uint32]bool{}
	if l.config == nil {
		return nil, union, 0, obliged
	}
	for _, o := range a.to.members {
		if s := a.states[o]; s.config == l.config {
			along = append(along, o)
			maps.Copy(union, s.holds)
			if a.mutant != "no obligations" {
				maps.Copy(obliged, s.obliged)
			}
			obliged[o.who.ID] = true
			stable = max(stable, s.stable)
		}
	}
	if len(along) == len(l.config.members) || a.mutant == "all is stable at a cut" {
		stable = 1 << 30
	}
	return along, union, stable, obliged
}

// install makes the cut. It may be the last that a life does.
func (w *world) install(l *worldLife) {
	a, old := l.attempt, l.config
	begin := len(l.events)
	along, union, stable, obliged := a.together(l)
	w.mutateUnion(l, union)
	if old != nil {
		for before := -1; before != len(l.events); {
			before = len(l.events)
			if w.mutant != "early messages wait for the transition" || w.chance(50) {
				w.early(l, union, false)
			}
			l.regularWalk(w, union, stable)
		}
		if w.mutant != "skip the transitional event" {
			l.record(trace.Event{
				Kind: trace.Change, View: trace.Transitional, Config: a.to.id, From: old.id,
				Members: ids(along), Left: minus(ids(old.members), ids(along)),
			})
		}
		w.transition(l, union, obliged)
	}
	change := trace.Event{
		Kind: trace.Change, View: trace.Regular, Config: a.to.id, From: from(old),
		Members: ids(a.to.members), Left: notIn(old, a.to), Joined: minus(ids(a.to.members), ids(along)),
	}
	if old != nil && w.mutant == "a restart is not noticed" {
		change.Left = minus(ids(old.members), ids(a.to.members))
	}
	if old != nil && w.mutant == "joined is told from the old members" {
		change.Joined = minus(ids(a.to.members), ids(old.members))
	}
	l.record(change)
	l.config, l.attempt, l.walked, l.stable = a.to, nil, 0, 0
	l.holds, l.done, l.obliged = map[place]bool{}, map[*worldMessage]bool{}, map[uint32]bool{}
	if w.chance(4) {
		l.alive = false
		l.events = l.events[:begin+w.rng.IntN(len(l.events)-begin+1)]
	}
}

// mutateUnion changes what a life thinks that those of its attempt hold.
func (w *world) mutateUnion(l *worldLife, union map[place]bool) {
	switch w.mutant {
	case "lose a recovered message":
		for _, m := range l.config.streamsOf() {
			for at := range l.config.streams[m] {
				if w.chance(1) {
					delete(union, place{m, at})
				}
			}
		}
	case "late datagrams count":
		maps.Copy(union, l.holds)
	}
}

func (c *worldConfig) streamsOf() []uint32 {
	if c == nil {
		return nil
	}
	return ids(c.members)
}

// transition delivers what is left of the old configuration.
func (w *world) transition(l *worldLife, union map[place]bool, obliged map[uint32]bool) {
	c, n, hole := l.config, 0, false
	reached := map[place]bool{}
	c.walk(union, func(p place) bool {
		n++
		reached[p] = true
		if !union[p] {
			hole = w.mutant != "past a hole anything goes"
			return true
		}
		if m := c.streams[p.id][p.at].message; n > l.walked && m != nil && (!hole || obliged[p.id]) {
			if !l.inTurn(p) && w.mutant == "" {
				panic("the walk reaches a message before those that its sender sent before it")
			}
			l.hand(w, m)
		}
		w.early(l, union, false)
		if w.chance(5) {
			w.send(l)
		}
		return true
	})
	members := slices.Clone(c.members)
	if w.mutant == "the rest in any order" {
		w.rng.Shuffle(len(members), func(i, j int) { members[i], members[j] = members[j], members[i] })
	}
	for _, m := range members {
		id := m.who.ID
		for at, item := range c.streams[id] {
			p := place{id, at}
			if !obliged[id] && w.mutant != "the rest of everybody" || reached[p] || item.message == nil {
				continue
			}
			if !union[p] && w.mutant != "" {
				continue
			}
			if !union[p] {
				panic("a gap in a stream of one whose messages are all held")
			}
			l.hand(w, item.message)
			w.early(l, union, false)
		}
	}
}

// settle heals everything and lets all that was promised happen.
func (w *world) settle() {
	alive := w.alive()
	if len(alive) == 0 {
		return
	}
	w.unheard = 0
	for _, l := range alive {
		l.part = 0
	}
	a := w.propose(alive, true)
	for range 2 {
		for _, l := range alive {
			w.recover(l)
		}
	}
	for _, l := range alive {
		if !l.alive {
			return
		}
	}
	for busy := true; busy; {
		busy = false
		for _, l := range alive {
			before := len(l.events) + len(l.holds) + l.stable
			for range 20 {
				w.flush(l)
				w.arrive(l)
				w.stamp(l)
			}
			w.learn(l)
			w.early(l, l.holds, false)
			l.regularWalk(w, l.holds, l.stable)
			busy = busy || len(l.events)+len(l.holds)+l.stable > before || len(l.queue) > 0 || l.walked < l.everything()
		}
	}
	for _, l := range a.to.members {
		l.settled = true
	}
}

// everything is how many places the order has when all is stamped.
func (l *worldLife) everything() (n int) {
	for _, stream := range l.config.streams {
		n += len(stream)
	}
	return n
}

func ids(lives []*worldLife) (ids []uint32) {
	for _, l := range lives {
		ids = append(ids, l.who.ID)
	}
	return ids
}

func from(c *worldConfig) trace.Config {
	if c == nil {
		return trace.Config{}
	}
	return c.id
}

// notIn are the members of the old configuration whose life is not in the new one.
func notIn(old, to *worldConfig) (left []uint32) {
	if old == nil {
		return nil
	}
	for _, l := range old.members {
		if !slices.Contains(to.members, l) {
			left = append(left, l.who.ID)
		}
	}
	return left
}

// script gives what happened.
func (w *world) script() *script {
	s := &script{}
	for _, l := range w.lives {
		s.lives = append(s.lives, l.who)
		s.events = append(s.events, l.events)
		s.settled = append(s.settled, l.settled)
	}
	return s
}
