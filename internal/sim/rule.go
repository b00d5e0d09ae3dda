package sim

import (
	"slices"
	"strings"
	"time"

	"stampede/wire"
)

// rule is what happens to certain datagrams: exact faults.
type rule struct {
	verb    string
	delay   time.Duration
	name    string
	of      []wire.ProcessorID // whose datagram it is; nil = anybody's
	from    []wire.ProcessorID // who puts it on the network
	to      []wire.ProcessorID
	kinds   uint32 // bit k: kind k; 0 = all
	frames  uint8  // bit t: a frame of type t is in it; 0 = whatever
	dseq    [2]int64
	label   string // a message with this label is in it
	age     string // "new" or "old" configuration, "" = any
	skip    int    // so many that match pass first
	times   int    // then it applies to so many; -1 = all
	known   map[uint64]bool
	held    []held
	applied int
}

// held is a datagram that waits for a rule to be lifted.
type held struct {
	to *node
	p  parcel
}

var kindWords = func() map[string]wire.Kind {
	m := map[string]wire.Kind{}
	for k := wire.Kind(1); k < wire.NumKinds; k++ {
		m[k.String()] = k
	}
	return m
}()

var frameWords = map[string]wire.FrameType{
	"data": wire.FrameMessage, "fragment": wire.FrameFragment, "set": wire.FrameGroupSet,
	"stamp": wire.FrameStamp, "handoff": wire.FrameHandoff, "accept": wire.FrameAccept,
}

// readRule reads
//
//	drop|hold|twice|delay D  [KIND…] [new|old] [of IDS] [from IDS] [to IDS]
//	    [with FRAME] [message LABEL] [dseq A[..B]] [skip N] [times N] [as NAME]
func readRule(p *words, l *Line) func(*world) {
	r := rule{times: -1, dseq: [2]int64{0, 1 << 62}, verb: verbOf(l.Text)}
	if r.verb == "delay" {
		r.delay = p.duration()
	}
	for len(p.rest) > 0 && p.err == nil {
		r.clause(p)
	}
	return func(w *world) {
		own := r
		own.known = map[uint64]bool{}
		for id := range w.configs {
			own.known[id.Tag()] = true
		}
		w.rules = append(w.rules, &own)
	}
}

// verbOf is the rule verb on a line, behind `at`, or `when … do`.
func verbOf(text string) string {
	for _, word := range strings.Fields(text) {
		switch word {
		case "drop", "hold", "twice", "delay":
			return word
		}
	}
	return ""
}

func (r *rule) clause(p *words) {
	switch word := p.word(); word {
	case "new", "old":
		r.age = word
	case "of":
		r.of = p.ids()
	case "from":
		r.from = p.ids()
	case "to":
		r.to = p.ids()
	case "with":
		t, ok := frameWords[p.word()]
		if !ok {
			p.fail("a datagram is with data, fragment, set, stamp, handoff or accept")
		}
		r.frames |= 1 << t
	case "message":
		r.label = p.word()
	case "dseq":
		r.dseq[0], r.dseq[1] = p.span(0, 1<<62)
	case "skip":
		r.skip = int(p.number(0, 1<<30))
	case "times":
		r.times = int(p.number(1, 1<<30))
	case "as":
		r.name = p.word()
	default:
		k, ok := kindWords[word]
		if !ok {
			p.fail("%q says nothing about a datagram", word)
		}
		r.kinds |= 1 << k
	}
}

// ruled applies the first rule that matches; false: the datagram goes its way.
func (w *world) ruled(n, to *node, h *wire.Header, p parcel) bool {
	for _, r := range w.rules {
		if r.times == 0 || !r.matches(w, n, to, h, p.b) {
			continue
		}
		if r.skip > 0 {
			r.skip--
			continue
		}
		if r.times > 0 {
			r.times--
		}
		r.applied++
		w.log("%s %v -> %v: %s", r.verb, n, to, wire.Dump(p.b))
		switch r.verb {
		case "hold":
			r.held = append(r.held, held{to, p})
		case "delay":
			w.arrive(w.now+int64(w.net.quality.delay+r.delay), to, p)
		case "twice":
			w.arrive(w.now+int64(w.net.quality.delay), to, p)
			return false
		}
		return true
	}
	return false
}

func among(ids []wire.ProcessorID, id wire.ProcessorID) bool {
	return ids == nil || slices.Contains(ids, id)
}

func (r *rule) matches(w *world, n, to *node, h *wire.Header, b []byte) bool {
	if !among(r.from, n.id) || !among(r.to, to.id) || !among(r.of, h.Sender) ||
		r.kinds != 0 && r.kinds>>h.Kind&1 == 0 || r.frames != 0 && (h.Kind != wire.KindStream || r.frames&h.Contents == 0) {
		return false
	}
	if int64(h.Dseq) < r.dseq[0] || int64(h.Dseq) > r.dseq[1] || r.age != "" && r.known[h.Config] != (r.age == "old") {
		return false
	}
	return r.label == "" || h.Kind == wire.KindStream && w.carriesLabel(h, b, r.label)
}

// carriesLabel says whether a message with a label, or a piece of it, is in a
// stream datagram.
func (w *world) carriesLabel(h *wire.Header, b []byte, label string) bool {
	owner := w.node(h.Sender)
	it := wire.NewFrames(b[wire.HeaderBytes:], h.First)
	var f wire.Frame
	for it.Next(&f) {
		if (f.Type == wire.FrameMessage || f.Type == wire.FrameFragment) &&
			f.Number >= 1 && f.Number <= uint64(len(owner.record.sent)) && owner.record.sent[f.Number-1].label == label {
			return true
		}
	}
	return false
}

// readLift reads `lift NAME`, `lift all`: what a rule held goes on.
func readLift(p *words, _ *Line) func(*world) {
	name := p.word()
	return func(w *world) { w.lift(func(r *rule) bool { return name == "all" || r.name == name }) }
}

func (w *world) lift(which func(*rule) bool) {
	var stay []*rule
	for _, r := range w.rules {
		if !which(r) {
			stay = append(stay, r)
			continue
		}
		for _, h := range r.held {
			w.arrive(w.now+int64(w.net.quality.delay), h.to, h.p)
		}
	}
	w.rules = stay
}
