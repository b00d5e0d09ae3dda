package verify

import (
	"encoding/binary"
	"slices"

	"stampede/internal/trace"
)

// none is the index of nothing.
const none int32 = -1

// event is one line of a life: what happened to which message or stay.
type event struct {
	code uint32 // kind in the upper 3 bits, index in the lower 29
	line uint32
}

type kind uint32

const (
	started        kind = iota
	sent                // index of the message
	delivered           // index of the message
	disregarded         // a delivery that broke a rule by itself; index of the message
	entered             // index of the stay
	parted              // the transitional event; index of the stay
	changedWrongly      // a change that broke a rule by itself; index of the configuration
	gone
)

const (
	indexBits = 29
	maxIndex  = 1<<indexBits - 1
)

func (e event) kind() kind   { return kind(e.code >> indexBits) }
func (e event) index() int32 { return int32(e.code & maxIndex) }

// phase is how far a life has come.
type phase uint8

const (
	unborn       phase = iota // known as a sender only
	fresh                     // before its first configuration
	regular                   // in a regular configuration
	transitional              // between a transitional event and the next regular one
	left
)

// life is one incarnation of a processor.
type life struct {
	who     trace.Processor
	file    string
	proc    int32
	stay    int32 // the last one, or none
	phase   phase
	settled bool
	partial bool // its record ends before it did, also under Options.Exact
	events  []event

	hasSent bool
	number  uint64 // of the last send
	fifo    int32  // the last message of FIFO or more that was sent, or none
	table   numbers

	at, waiting int32 // see precedence.go
}

// stay is a life's time in a regular configuration, and in the transitional
// one that it left it by.
type stay struct {
	life, config int32
	begin        int32 // event that entered the configuration
	parted       int32 // transitional event, or none
	end          int32 // event that entered the next configuration, or the number of events
	from, then   int32 // the stays before and after it, or none
	cut          int32 // by which it ended, or none
	next         int32 // stay in the same configuration, or none
	sibling      int32 // stay of the same cut, or none
	left         span  // what the event that entered the configuration told
	count        int32 // agreed and safe messages delivered in the regular configuration
	double       bool  // its processor had been in the configuration before: not judged
}

// config is a regular configuration.
type config struct {
	id      trace.Config
	known   bool // members were told, by somebody who entered it
	members span
	stays   list
	away    list // cuts by which it was left
	into    list // cuts by which it was entered
	mark    int32
	barrier
}

// cut is a transitional configuration; its name is the regular one that it
// follows and the one that it leads to. Those with the same cut made it together.
type cut struct {
	from, to           int32 // configurations
	known              bool
	members            span
	stays              list
	nextAway, nextInto int32 // see config
	barrier
}

// message is what is known of one message.
type message struct {
	number         uint64
	life           int32 // its sender
	sentAt         int32 // event of the sender, or none
	before         int32 // message of FIFO or more that the sender sent before this one, or none
	config         int32 // where it was first delivered, or none
	first, firstAt int32 // life and event of that
	told, toldAt   int32 // life and event that first told guarantee and groups
	groups         int32 // 0 if not told
	guarantee      trace.Guarantee
	known          bool // guarantee and groups are
	own            bool // delivered by its sender

	// While its configuration is judged:
	mark   int32 // of the last set that it was counted into
	rank   int32 // place in the order of the regular deliveries, from 1, or 0
	after  int32 // how many of that order its sender had delivered when it sent it, if during is its config
	during int32 // the regular configuration in which it was sent, or none
	node   int32 // of the graph; later, lives that wait for it
}

// proc is a processor, whatever its incarnation.
type proc struct {
	id    uint32
	lives int32 // that have a trace
	life  int32 // the last of them, or none
	mark  int32 // of the last set that it was counted into
	note  int32 // what belongs to the mark
}

// list is a chain of indices, in the order in which they were added.
type list struct{ first, last int32 }

// span is a list of ids in records.ids.
type span struct{ at, n int32 }

// records is what was added, in flat lists that refer to each other by index.
type records struct {
	lives    []life
	stays    []stay
	configs  []config
	cuts     []cut
	messages []message
	procs    []proc
	ids      []uint32

	lifeOf   map[trace.Processor]int32
	procOf   map[uint32]int32
	configOf map[trace.Config]int32
	cutOf    map[[2]int32]int32 // by the configurations from and to
	stayOf   map[[2]int32]int32 // by processor and configuration: the first one
	groupsOf map[string]int32   // lists of groups, from 1
	key      []byte             // of groupsOf
}

func (r *records) init() {
	r.lifeOf, r.procOf, r.configOf = map[trace.Processor]int32{}, map[uint32]int32{}, map[trace.Config]int32{}
	r.cutOf, r.stayOf, r.groupsOf = map[[2]int32]int32{}, map[[2]int32]int32{}, map[string]int32{}
}

func (r *records) reset() {
	r.lives, r.stays, r.configs, r.cuts = r.lives[:0], r.stays[:0], r.configs[:0], r.cuts[:0]
	r.messages, r.procs, r.ids = r.messages[:0], r.procs[:0], r.ids[:0]
	clear(r.lifeOf)
	clear(r.procOf)
	clear(r.configOf)
	clear(r.cutOf)
	clear(r.stayOf)
	clear(r.groupsOf)
}

func (r *records) life(who trace.Processor) int32 {
	if i, ok := r.lifeOf[who]; ok {
		return i
	}
	i := int32(len(r.lives))
	if int(i) == cap(r.lives) {
		r.lives = append(r.lives, life{})
	}
	r.lives = r.lives[:i+1]
	l := &r.lives[i]
	l.table.reset() // of a life before a Reset
	*l = life{who: who, proc: r.proc(who.ID), stay: none, fifo: none, events: l.events[:0], table: l.table}
	r.lifeOf[who] = i
	return i
}

func (r *records) proc(id uint32) int32 {
	i, ok := r.procOf[id]
	if !ok {
		i = int32(len(r.procs))
		r.procs = append(r.procs, proc{id: id, life: none})
		r.procOf[id] = i
	}
	return i
}

func (r *records) config(id trace.Config) int32 {
	i, ok := r.configOf[id]
	if !ok {
		i = int32(len(r.configs))
		r.configs = append(r.configs, config{id: id, stays: empty, away: empty, into: empty})
		r.configOf[id] = i
	}
	return i
}

func (r *records) cut(from, to int32) int32 {
	i, ok := r.cutOf[[2]int32{from, to}]
	if ok {
		return i
	}
	i = int32(len(r.cuts))
	r.cuts = append(r.cuts, cut{from: from, to: to, stays: empty, nextAway: none, nextInto: none})
	r.cutOf[[2]int32{from, to}] = i
	if last := r.configs[from].away.push(i); last != none {
		r.cuts[last].nextAway = i
	}
	if last := r.configs[to].into.push(i); last != none {
		r.cuts[last].nextInto = i
	}
	return i
}

// enter begins a stay of the life in the configuration.
func (r *records) enter(li, ci, begin int32, left span) int32 {
	i := int32(len(r.stays))
	l := &r.lives[li]
	r.stays = append(r.stays, stay{
		life: li, config: ci, begin: begin, parted: none, from: l.stay, then: none, cut: none, next: none, sibling: none, left: left,
	})
	if l.stay != none {
		before := &r.stays[l.stay]
		before.then, before.end = i, begin
	}
	l.stay = i
	if last := r.configs[ci].stays.push(i); last != none {
		r.stays[last].next = i
	}
	if key := [2]int32{l.proc, ci}; !r.has(key) {
		r.stayOf[key] = i
	} else {
		r.stays[i].double = true
	}
	return i
}

func (r *records) has(key [2]int32) bool {
	_, ok := r.stayOf[key]
	return ok
}

// stayIn is the stay of the processor in the configuration, or none.
func (r *records) stayIn(pi, ci int32) int32 {
	if i, ok := r.stayOf[[2]int32{pi, ci}]; ok {
		return i
	}
	return none
}

// message finds the message with the number among those of the life.
func (r *records) message(li int32, number uint64) int32 {
	t := &r.lives[li].table
	if m := t.find(number); m != none {
		return m
	}
	m := int32(len(r.messages))
	r.messages = append(r.messages, message{number: number, life: li, sentAt: none, before: none, config: none, first: none, during: none})
	t.add(number, m)
	return m
}

// name is the message as traces name it.
func (r *records) name(m int32) trace.Message {
	return trace.Message{Sender: r.lives[r.messages[m].life].who, Number: r.messages[m].number}
}

// groups returns the same number for the same list of groups.
func (r *records) groups(names []string) int32 {
	r.key = r.key[:0]
	for _, name := range names {
		r.key = binary.AppendUvarint(r.key, uint64(len(name)))
		r.key = append(r.key, name...)
	}
	i, ok := r.groupsOf[string(r.key)]
	if !ok {
		i = int32(len(r.groupsOf)) + 1
		r.groupsOf[string(r.key)] = i
	}
	return i
}

func (r *records) keep(ids []uint32) span {
	s := span{int32(len(r.ids)), int32(len(ids))}
	r.ids = append(r.ids, ids...)
	return s
}

func (r *records) list(s span) []uint32 { return r.ids[s.at : s.at+s.n] }

// member tells whether the sorted ids have id.
func member(ids []uint32, id uint32) bool {
	_, ok := slices.BinarySearch(ids, id)
	return ok
}

var empty = list{none, none}

// push adds i and returns what was the last before.
func (l *list) push(i int32) (last int32) {
	last = l.last
	if last == none {
		l.first = i
	}
	l.last = i
	return last
}

// numbers finds the messages of one life by their numbers. These count from 1,
// so that most are found in a list; a trace whose numbers are wild makes no
// list that is longer than its messages warrant.
type numbers struct {
	list   []int32 // by number: index+1, or 0
	sparse map[uint64]int32
	known  uint64
}

func (t *numbers) find(n uint64) int32 {
	if n < uint64(len(t.list)) && t.list[n] > 0 {
		return t.list[n] - 1
	}
	if m, ok := t.sparse[n]; ok {
		return m
	}
	return none
}

func (t *numbers) add(n uint64, m int32) {
	t.known++
	if n >= 4*t.known+64 {
		if t.sparse == nil {
			t.sparse = map[uint64]int32{}
		}
		t.sparse[n] = m
		return
	}
	for uint64(len(t.list)) <= n {
		t.list = append(t.list, 0)
	}
	t.list[n] = m + 1
}

func (t *numbers) reset() {
	t.list, t.known = t.list[:0], 0
	clear(t.sparse)
}
