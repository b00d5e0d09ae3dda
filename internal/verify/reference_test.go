package verify

import (
	"slices"

	"stampede/internal/trace"
)

// reference says the same as a Checker, by asking every question of every pair:
// slow, and near to the words of the paper. It is there to be compared with.
type reference struct {
	exact bool
	lives []refLife
	stays []*refStay
	sends map[trace.Message]refSend
	bad   bool
}

type refLife struct {
	who     trace.Processor
	events  []trace.Event
	settled bool
	stays   []*refStay
}

type refSend struct {
	life, at  int
	guarantee trace.Guarantee
}

type refStay struct {
	life          int
	who           trace.Processor
	id            trace.Config
	members, left []uint32
	begin, parted int // events; parted is -1 without a transitional event
	end           int
	to            trace.Config
	along         []uint32
	moved         *refStay
	settled       bool
	all           []refDelivery
}

type refDelivery struct {
	m            trace.Message
	guarantee    trace.Guarantee
	at           int
	transitional bool
}

// accepts tells whether the script keeps every promise.
func (s *script) accepts(exact bool) bool {
	r := &reference{exact: exact, sends: map[trace.Message]refSend{}}
	for i := range s.lives {
		r.lives = append(r.lives, refLife{who: s.lives[i], events: s.events[i], settled: s.settled[i]})
	}
	for i := range r.lives {
		r.readSends(i)
	}
	for i := range r.lives {
		r.readLife(i)
	}
	for _, judge := range []func(){
		r.messages, r.sent, r.views, r.ends, r.restarts, r.own, r.atomic, r.fifo, r.fifoAcross, r.causal, r.order, r.gaps, r.safe, r.circles,
	} {
		if judge(); r.bad {
			return false
		}
	}
	return true
}

func (r *reference) mustBe(ok bool) { r.bad = r.bad || !ok }

func (r *reference) readSends(i int) {
	last := trace.Message{}
	for at, e := range r.lives[i].events {
		if e.Kind == trace.Send {
			r.mustBe(last == trace.Message{} || e.Message.Number > last.Number)
			last = e.Message
			r.sends[e.Message] = refSend{i, at, e.Guarantee}
		}
	}
}

// readLife reads the stays of a life, each event judged by what came before it.
func (r *reference) readLife(i int) {
	l := &r.lives[i]
	var s *refStay
	for at, e := range l.events {
		switch {
		case e.Kind == trace.Deliver:
			r.mustBe(s != nil && e.Config == s.id)
			if s != nil {
				s.all = append(s.all, refDelivery{e.Message, e.Guarantee, at, s.parted >= 0})
			}
		case e.Kind == trace.Change && e.View == trace.Transitional:
			r.mustBe(s != nil && s.parted < 0 && e.From == s.id)
			if r.bad {
				return
			}
			s.parted, s.to, s.along = at, e.Config, e.Members
			r.mustBe(slices.Contains(e.Members, l.who.ID) && subset(e.Members, s.members) && len(e.Joined) == 0)
			r.mustBe(sorted(e.Members) && slices.Equal(e.Left, minus(s.members, e.Members)))
		case e.Kind == trace.Change:
			next := &refStay{life: i, who: l.who, id: e.Config, members: e.Members, left: e.Left, begin: at, parted: -1, end: len(l.events)}
			r.mustBe(slices.Contains(e.Members, l.who.ID) && sorted(e.Members) && sorted(e.Left))
			if s == nil {
				r.mustBe(e.From == trace.Config{} && len(e.Left) == 0 && slices.Equal(e.Joined, e.Members))
			} else {
				r.mustBe(s.parted >= 0 && s.to == e.Config && (e.From == s.id || e.From == trace.Config{}))
				r.mustBe(subset(s.along, e.Members) && slices.Equal(e.Joined, minus(e.Members, s.along)))
				r.mustBe(subset(minus(s.members, e.Members), e.Left) && subset(e.Left, minus(s.members, s.along)))
				s.moved, s.end = next, at
			}
			s = next
			l.stays = append(l.stays, s)
			r.stays = append(r.stays, s)
		}
	}
	if s != nil {
		s.settled = l.settled
	}
	r.mustBe(s != nil || !l.settled)
}

func sorted(ids []uint32) bool {
	return slices.IsSorted(ids) && len(slices.Compact(slices.Clone(ids))) == len(ids)
}

func subset(some, all []uint32) bool { return len(minus(some, all)) == 0 }

func (s *refStay) remains() bool { return s.moved != nil || s.settled }

func (s *refStay) has(m trace.Message) bool { return s.place(m) >= 0 }

// place is where in the stay the message is delivered first, or -1.
func (s *refStay) place(m trace.Message) int {
	return slices.IndexFunc(s.all, func(d refDelivery) bool { return d.m == m })
}

func (s *refStay) sameCut(o *refStay) bool {
	return s.parted >= 0 && o.parted >= 0 && s.id == o.id && s.to == o.to
}

// in calls f with the stays in a configuration.
func (r *reference) in(id trace.Config) (stays []*refStay) {
	for _, s := range r.stays {
		if s.id == id {
			stays = append(stays, s)
		}
	}
	return stays
}

// stay is the stay of a processor, whatever life, in a configuration.
func (r *reference) stay(id uint32, c trace.Config) *refStay {
	for _, s := range r.stays {
		if s.who.ID == id && s.id == c {
			return s
		}
	}
	return nil
}

// messages judges deliveries: once, where they were sent, as they were sent.
func (r *reference) messages() {
	where := map[trace.Message]trace.Config{}
	for _, s := range r.stays {
		for i, d := range s.all {
			r.mustBe(s.place(d.m) == i)
			if c, ok := where[d.m]; ok {
				r.mustBe(c == s.id)
			}
			where[d.m] = s.id
			send, ok := r.sends[d.m]
			r.mustBe(ok && send.guarantee == d.guarantee && (send.life != s.life || send.at < d.at))
		}
	}
}

// entered is the stay of the sender in which a message was sent; ok says
// whether one is there or may have been.
func (r *reference) entered(m trace.Message, c trace.Config) (s *refStay, ok bool) {
	send := r.sends[m]
	s = r.stay(m.Sender.ID, c)
	if s == nil {
		return nil, r.mayHave(send.life, c)
	}
	until := s.end
	if s.parted >= 0 {
		until = s.parted
	}
	return s, s.life == send.life && send.at < until
}

// mayHave tells whether a life may have entered a configuration at the end of
// its record or behind it.
func (r *reference) mayHave(life int, c trace.Config) bool {
	l := &r.lives[life]
	if r.exact || l.settled {
		return false
	}
	return len(l.stays) == 0 || !r.reaches(c, l.stays[len(l.stays)-1].id, map[trace.Config]bool{})
}

func (r *reference) reaches(from, to trace.Config, seen map[trace.Config]bool) bool {
	if from == to {
		return true
	}
	if seen[from] {
		return false
	}
	seen[from] = true
	for _, s := range r.in(from) {
		if s.moved != nil && r.reaches(s.moved.id, to, seen) {
			return true
		}
	}
	return false
}

// absent tells whether a processor that has a trace was never in a configuration.
func (r *reference) absent(id uint32, c trace.Config) bool {
	traced := false
	for i := range r.lives {
		if r.lives[i].who.ID == id {
			traced = true
			if r.mayHave(i, c) {
				return false
			}
		}
	}
	return traced && r.stay(id, c) == nil
}

func (r *reference) sent() {
	for _, s := range r.stays {
		for _, d := range s.all {
			_, ok := r.entered(d.m, s.id)
			r.mustBe(ok && slices.Contains(s.members, d.m.Sender.ID))
		}
	}
}

func (r *reference) views() {
	for _, a := range r.stays {
		for _, b := range r.stays {
			if a.id == b.id {
				r.mustBe(slices.Equal(a.members, b.members) && (a == b || a.who.ID != b.who.ID))
			}
			if a.sameCut(b) {
				r.mustBe(slices.Equal(a.along, b.along))
				r.mustBe(a.moved == nil || b.moved == nil || slices.Equal(a.moved.left, b.moved.left))
			}
			if a.parted >= 0 && b.parted >= 0 && a.to == b.to && a.id != b.id {
				r.mustBe(len(minus(a.along, b.along)) == len(a.along))
			}
			if a.parted >= 0 && a.to == b.id { // b is in what a's cut leads to
				came := slices.ContainsFunc(r.stays, func(o *refStay) bool { return o.moved == b && o.id == a.id })
				r.mustBe(came || !slices.Contains(a.along, b.who.ID))
				r.mustBe(subset(a.along, b.members))
			}
		}
		for _, id := range a.along {
			r.mustBe(!r.absent(id, a.id))
		}
	}
}

func (r *reference) ends() {
	for _, s := range r.stays {
		if s.settled {
			for _, id := range s.members {
				o := r.stay(id, s.id)
				r.mustBe(o != nil && o.settled)
			}
		}
	}
}

// restarts judges whether who left and came back as another is told.
func (r *reference) restarts() {
	for _, s := range r.stays {
		if s.moved == nil {
			continue
		}
		for _, id := range s.members {
			if !slices.Contains(s.moved.members, id) || slices.Contains(s.along, id) {
				continue
			}
			told := slices.Contains(s.moved.left, id)
			a, b := r.stay(id, s.id), r.stay(id, s.moved.id)
			lives := 0
			for _, l := range r.lives {
				if l.who.ID == id {
					lives++
				}
			}
			switch {
			case lives == 1:
				r.mustBe(!told)
			case a != nil && b != nil:
				r.mustBe(told == (a.life != b.life))
			}
		}
	}
}

// own judges self-delivery.
func (r *reference) own() {
	for m, send := range r.sends {
		delivered := false
		for _, s := range r.stays {
			if s.has(m) {
				delivered = true
				o := r.stay(m.Sender.ID, s.id)
				r.mustBe(o == nil || !o.remains() || o.has(m))
			}
		}
		r.mustBe(delivered || !r.lives[send.life].settled)
	}
}

func (r *reference) atomic() {
	part := func(s *refStay, transitional bool) (list []trace.Message) {
		for _, d := range s.all {
			if d.transitional == transitional {
				list = append(list, d.m)
			}
		}
		return list
	}
	same := func(a, b []trace.Message) bool {
		for _, m := range a {
			if !slices.Contains(b, m) {
				return false
			}
		}
		return len(a) == len(b)
	}
	for _, a := range r.stays {
		for _, b := range r.stays {
			if !a.sameCut(b) {
				continue
			}
			r.mustBe(same(part(a, false), part(b, false)))
			r.mustBe(a.moved == nil || b.moved == nil || same(part(a, true), part(b, true)))
			r.mustBe(a.moved == nil || len(b.ordered()) <= len(a.ordered())) // who ends delivers a beginning
		}
	}
}

// fifo judges what stands before each delivery.
func (r *reference) fifo() {
	for _, s := range r.stays {
		for i, d := range s.all {
			if d.guarantee < trace.FIFO {
				continue
			}
			for m, send := range r.sends {
				if m.Sender != d.m.Sender || m.Number >= d.m.Number || send.guarantee < trace.FIFO {
					continue
				}
				for _, o := range r.in(s.id) {
					if o.has(m) { // m belongs to the configuration
						r.mustBe(s.has(m) && s.place(m) < i)
					}
				}
			}
		}
	}
}

// fifoAcross judges messages of one sender in several configurations.
func (r *reference) fifoAcross() {
	where := map[trace.Message]*refStay{} // of the sender
	for _, s := range r.stays {
		for _, d := range s.all {
			if o := r.stay(d.m.Sender.ID, s.id); o != nil {
				where[d.m] = o
			} else {
				where[d.m] = nil
			}
		}
	}
	for m, a := range r.sends {
		for n, b := range r.sends {
			if m.Sender != n.Sender || m.Number >= n.Number || a.guarantee < trace.FIFO || b.guarantee < trace.FIFO || where[n] == nil {
				continue
			}
			first, delivered := where[m]
			r.mustBe(delivered)
			r.mustBe(first == nil || first.begin <= where[n].begin)
		}
	}
}

// causal judges whether what a sender had delivered is delivered first.
func (r *reference) causal() {
	for _, s := range r.stays {
		for i, d := range s.all {
			o := r.stay(d.m.Sender.ID, s.id)
			if d.guarantee < trace.Agreed || o == nil {
				continue
			}
			for _, before := range o.all {
				if before.guarantee >= trace.Agreed && !before.transitional && before.at < r.sends[d.m].at {
					r.mustBe(s.has(before.m) && s.place(before.m) < i)
				}
			}
		}
	}
}

// ordered are the agreed and safe deliveries of a stay.
func (s *refStay) ordered() (list []refDelivery) {
	for _, d := range s.all {
		if d.guarantee >= trace.Agreed {
			list = append(list, d)
		}
	}
	return list
}

// unsure tells whether two deliveries may both be of messages that were not
// reached: they and all behind them are transitional, ascend, and none was
// reached by a member that delivered a safe message behind it.
func (r *reference) unsure(s *refStay, a, b refDelivery) bool {
	list := s.ordered()
	i := slices.Index(list, a)
	j := slices.Index(list, b)
	for k := min(i, j); k < len(list); k++ {
		if !list[k].transitional || r.reached(s.id, list[k].m) || k > min(i, j) && !ascend(list[k-1].m, list[k].m) {
			return false
		}
	}
	return true
}

func ascend(m, n trace.Message) bool {
	if m.Sender.ID != n.Sender.ID {
		return m.Sender.ID < n.Sender.ID
	}
	return m.Number < n.Number
}

// reached tells whether somebody delivered the message, and then a safe one or
// it as a safe one, in the regular configuration.
func (r *reference) reached(c trace.Config, m trace.Message) bool {
	for _, s := range r.in(c) {
		seen := false
		for _, d := range s.ordered() {
			seen = seen || d.m == m
			if seen && d.guarantee == trace.Safe && !d.transitional {
				return true
			}
		}
	}
	return false
}

// order judges the agreed order: sequences in a regular configuration begin
// alike, those of one cut are alike, and all together make no circle.
func (r *reference) order() {
	type pair struct{ a, b trace.Message }
	before := map[pair]bool{}
	all := map[trace.Message]bool{}
	for _, s := range r.stays {
		list := s.ordered()
		for i, a := range list {
			all[a.m] = true
			for _, b := range list[i+1:] {
				if a.m.Sender == b.m.Sender || !r.unsure(s, a, b) {
					before[pair{a.m, b.m}] = true
				}
			}
		}
		for _, o := range r.in(s.id) {
			other := o.ordered()
			for i := range min(len(list), len(other)) {
				if s.sameCut(o) && list[i].transitional == other[i].transitional || !list[i].transitional && !other[i].transitional {
					r.mustBe(list[i].m == other[i].m)
				}
			}
		}
	}
	for k := range all {
		for i := range all {
			if before[pair{i, k}] {
				for j := range all {
					if before[pair{k, j}] {
						before[pair{i, j}] = true
					}
				}
			}
		}
	}
	for m := range all {
		r.mustBe(!before[pair{m, m}])
	}
}

// gaps judges what is left out: p delivers a before b, q delivers b.
func (r *reference) gaps() {
	for _, p := range r.stays {
		list := p.ordered()
		for i, a := range list {
			for _, b := range list[i+1:] {
				for _, q := range r.in(p.id) {
					j := q.place(b.m)
					if j < 0 || q.has(a.m) || !q.sameCut(p) && r.unsure(p, a, b) {
						continue
					}
					if q.all[j].transitional && (!slices.Contains(q.along, a.m.Sender.ID) || r.cutShort(q, a, q.all[j])) {
						continue
					}
					r.mustBe(false)
				}
			}
		}
	}
}

// cutShort tells whether a life ended among messages that were perhaps not
// reached, b one of them, before it came to a.
func (r *reference) cutShort(q *refStay, a, b refDelivery) bool {
	list := q.ordered()
	last := list[len(list)-1]
	return !q.remains() && r.unsure(q, b, last) && ascend(last.m, a.m)
}

func (r *reference) safe() {
	for _, s := range r.stays {
		for _, d := range s.all {
			if d.guarantee != trace.Safe {
				continue
			}
			members := s.members
			if d.transitional {
				members = s.along
			}
			for _, id := range members {
				o := r.stay(id, s.id)
				r.mustBe(d.transitional || o != nil || !r.absent(id, s.id))
				r.mustBe(o == nil || !o.remains() || o.has(d.m))
			}
		}
	}
}

// circles judges whether all events fit into one order.
func (r *reference) circles() {
	type node struct {
		life, at int // of a configuration, which is one node for all, -1 and its names
	}
	at := func(i, j int) node {
		e := r.lives[i].events[j]
		if e.Kind != trace.Change {
			return node{life: i, at: j}
		}
		from := e.From
		if e.View == trace.Regular {
			from = trace.Config{}
		}
		return node{life: -1, at: int(e.View)<<60 | int(from.Epoch)<<40 | int(from.Rep)<<32 | int(e.Config.Epoch)<<8 | int(e.Config.Rep)}
	}
	out := map[node][]node{}
	for i, l := range r.lives {
		for j := range l.events {
			if j > 0 {
				out[at(i, j-1)] = append(out[at(i, j-1)], at(i, j))
			}
			if e := l.events[j]; e.Kind == trace.Deliver {
				send := r.sends[e.Message]
				out[at(send.life, send.at)] = append(out[at(send.life, send.at)], at(i, j))
			}
		}
	}
	state := map[node]int{}
	var visit func(n node)
	visit = func(n node) {
		state[n] = 1
		for _, to := range out[n] {
			r.mustBe(state[to] != 1)
			if state[to] == 0 {
				visit(to)
			}
		}
		state[n] = 2
	}
	for n := range out {
		if state[n] == 0 {
			visit(n)
		}
	}
}
