package sim

import (
	"slices"
	"time"

	"stampede/wire"
)

// command reads what is to be done.
func (p *words) command(l *Line) func(*world) {
	verb := p.word()
	if read := verbs[verb]; read != nil {
		return read(p, l)
	}
	p.fail("no verb is called %q", verb)
	return nil
}

var verbs map[string]func(*words, *Line) func(*world)

func init() { // `when` holds a command: the table refers to itself
	verbs = map[string]func(*words, *Line) func(*world){
		"start":   forEach((*world).start),
		"restart": forEach(func(w *world, n *node) { w.crash(n); w.start(n); w.cover.Restarts++ }),
		"pause":   forEach(func(w *world, n *node) { w.pause(n) }),
		"resume":  forEach((*world).resume),
		"leave":   forEach((*world).beginLeave),
		"crash":   readCrash,
		"app":     readApp,
		"clock":   readClock,
		"buffer":  readBuffer,
		"incarnation": func(p *words, _ *Line) func(*world) {
			id, n := p.id(), uint64(p.number(1, 1<<62))
			return func(w *world) { w.node(id).given = n }
		},
		"send":      readSend,
		"network":   readNetwork,
		"link":      readLink,
		"cut":       readCut(true),
		"mend":      readCut(false),
		"partition": readPartition,
		"heal":      func(*words, *Line) func(*world) { return func(w *world) { w.net.heal() } },
		"handoff":   readHandOff,
		"drop":      readRule,
		"hold":      readRule,
		"delay":     readRule,
		"twice":     readRule,
		"lift":      readLift,
		"wait":      readWait,
		"until":     readUntil,
		"require":   readRequire,
		"when":      readWhen,
		"begin":     func(*words, *Line) func(*world) { return (*world).begin },
		"expect":    readExpect,
		"settle":    func(*words, *Line) func(*world) { return (*world).settle },
		"unsettled": func(p *words, _ *Line) func(*world) { p.script.unsettled = true; return nil },
	}
}

// forEach is a verb that does the same to each of its processors.
func forEach(do func(*world, *node)) func(*words, *Line) func(*world) {
	return func(p *words, _ *Line) func(*world) {
		ids := p.ids()
		return func(w *world) {
			for _, id := range ids {
				do(w, w.node(id))
			}
		}
	}
}

func (w *world) pause(n *node) {
	if n.up && !n.paused {
		n.paused = true
		w.cover.Pauses++
		w.log("%v pauses", n)
	}
}

func (w *world) resume(n *node) {
	if n.up && n.paused {
		n.paused, n.passAt = false, never
		w.log("%v goes on", n)
		w.wake(n, w.now+n.cost)
		w.rouse(n)
	}
}

func (w *world) beginLeave(n *node) {
	if n.up && !n.leaving {
		n.leaving, n.since = true, w.now
		w.log("%v begins to leave", n)
		n.machine.Leave(n.clock.at(w.now))
		w.wake(n, w.now+n.cost)
	}
}

// readCrash reads `crash IDS [sending N|after N]`.
func readCrash(p *words, _ *Line) func(*world) {
	ids, dying, later := p.ids(), int64(-1), false
	if p.accept("sending") {
		dying = p.number(0, 1<<20)
	} else if later = p.accept("after"); later {
		dying = p.number(0, 1<<20)
	}
	return func(w *world) {
		for _, id := range ids {
			n := w.node(id)
			if dying < 0 {
				w.crash(n)
			} else if n.up {
				n.dying, n.later = int(dying), later
			}
		}
	}
}

// readApp reads `app IDS prompt|stopped|slow D`.
func readApp(p *words, _ *Line) func(*world) {
	ids := p.ids()
	to, each := prompt, time.Duration(0)
	switch w := p.word(); w {
	case "prompt":
	case "stopped":
		to = stopped
	case "slow":
		to, each = slow, p.duration()
	default:
		p.fail("an application is prompt, slow or stopped, not %q", w)
	}
	return func(w *world) {
		for _, id := range ids {
			n := w.node(id)
			n.app.pace, n.app.each = to, each
			w.rouse(n)
		}
	}
}

// readClock reads `clock IDS rate|drift PPM` and `clock IDS ahead D`.
func readClock(p *words, _ *Line) func(*world) {
	ids := p.ids()
	what := p.word()
	var ppm int64
	var ahead time.Duration
	switch what {
	case "rate":
		ppm = p.number(-500_000, 500_000)
	case "drift":
		ppm = p.number(0, 500_000)
	case "ahead":
		ahead = p.duration()
	default:
		p.fail("a clock has a rate or a drift or is ahead, not %q", what)
	}
	return func(w *world) {
		for _, id := range ids {
			n := w.node(id)
			switch what {
			case "rate":
				n.clock.turn(w.now, million+ppm)
			case "drift":
				n.drift = ppm
			case "ahead":
				n.clock.local += int64(ahead)
			}
			if n.up && n.passAt != never {
				w.wake(n, w.now+n.cost)
			}
		}
	}
}

// readBuffer reads `buffer IDS holds N` and `buffer IDS default`.
func readBuffer(p *words, _ *Line) func(*world) {
	ids, size := p.ids(), 0
	if !p.accept("default") {
		p.expect("holds")
		size = int(p.number(1, 1<<20))
	}
	return func(w *world) {
		for _, id := range ids {
			n := w.node(id)
			if n.buffer = size; size == 0 {
				n.buffer = n.set.bufferSize(len(w.nodes))
			}
		}
	}
}

// quality reads what a link does: `loss 1% delay 2ms …`.
func (p *words) quality() func(*quality) {
	var changes []func(*quality)
	for len(p.rest) > 0 && p.err == nil {
		switch name := p.word(); name {
		case "loss", "double", "replay", "reorder", "corrupt":
			v := p.percent()
			changes = append(changes, func(q *quality) {
				*map[string]*float64{"loss": &q.loss, "double": &q.double, "replay": &q.replay, "reorder": &q.reorder, "corrupt": &q.corrupt}[name] = v
			})
		case "delay":
			d := p.duration()
			changes = append(changes, func(q *quality) { q.delay = d })
		case "jitter":
			d := p.duration()
			changes = append(changes, func(q *quality) { q.jitter = d })
		default:
			p.fail("a link has no %q", name)
		}
	}
	return func(q *quality) {
		for _, c := range changes {
			c(q)
		}
	}
}

func readNetwork(p *words, _ *Line) func(*world) {
	change := p.quality()
	return func(w *world) { change(&w.net.quality) }
}

func readLink(p *words, _ *Line) func(*world) {
	pairs := p.directions()
	change := p.quality()
	return func(w *world) {
		w.forLinks(pairs, func(l *link) {
			own := w.net.quality
			if l.own != nil {
				own = *l.own
			}
			change(&own)
			l.own = &own
		})
	}
}

func (w *world) forLinks(pairs [][2]wire.ProcessorID, do func(*link)) {
	for _, p := range pairs {
		do(&w.net.links[w.node(p[0]).i][w.node(p[1]).i])
	}
}

// readCut reads `cut A>B A-B …` and `mend A>B …`.
func readCut(cut bool) func(*words, *Line) func(*world) {
	return func(p *words, _ *Line) func(*world) {
		pairs := p.directions()
		return func(w *world) {
			w.forLinks(pairs, func(l *link) { l.cut = cut })
			if cut {
				w.cover.Cuts++
			}
		}
	}
}

// readPartition reads `partition 1 2 | 3 4`; who is not named is on the first
// side.
func readPartition(p *words, _ *Line) func(*world) {
	sides := [][]wire.ProcessorID{p.ids()}
	for p.accept("|") {
		sides = append(sides, p.ids())
	}
	return func(w *world) {
		clear(w.net.side)
		for i, side := range sides {
			for _, id := range side {
				w.net.side[w.node(id).i] = i
			}
		}
		w.cover.Partitions++
	}
}

// readHandOff reads `handoff A to B`.
func readHandOff(p *words, _ *Line) func(*world) {
	from := p.id()
	p.expect("to")
	to := p.id()
	return func(w *world) {
		if n := w.node(from); n.up && n.machine.Session() != nil {
			n.machine.Session().HandOff(to)
			w.wake(n, w.now+n.cost)
		}
	}
}

func readWait(p *words, _ *Line) func(*world) {
	d := p.duration()
	return func(w *world) { w.advance(w.now + int64(d)) }
}

// guarantees are the words for them; `any` draws one for each message.
var guarantees = []string{"unordered", "fifo", "agreed", "safe", "any"}

// source sends messages one after the other.
type source struct {
	node     *node
	any      bool
	base     message
	least    int64
	most     int64
	anySet   bool
	left     int
	sent     int
	every    time.Duration
	numbered bool // several messages have one label each
}

// readSend reads `send ID GUARANTEE [LABEL] [size A[..B]] [set K|any] [lent] [times N] [every D]`.
func readSend(p *words, _ *Line) func(*world) {
	s := source{left: 1, least: 20, most: 20}
	id := p.id()
	g := slices.Index(guarantees, p.word())
	if g < 0 {
		p.fail("a guarantee is unordered, fifo, agreed, safe or any")
	}
	s.any, s.base.guarantee = g == 4, wire.Guarantee(g)
	for len(p.rest) > 0 && p.err == nil {
		switch name := p.word(); name {
		case "size":
			s.least, s.most = p.span(0, mostMessage)
		case "set":
			if s.anySet = p.accept("any"); !s.anySet {
				s.base.set = int(p.number(0, int64(len(groupSets)-1)))
			}
		case "lent":
			s.base.lent = true
		case "times":
			s.left = int(p.number(1, 1<<20))
			s.numbered = true
		case "every":
			s.every = p.duration()
		default:
			if s.base.label != "" || isNumber(name) {
				p.fail("what does %q mean here?", name)
			}
			s.base.label = name
		}
	}
	return func(w *world) {
		own := s
		own.node = w.node(id)
		w.sending(&own)
	}
}
