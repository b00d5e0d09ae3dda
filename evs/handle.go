package evs

import (
	"slices"
	"sync"
	"sync/atomic"

	"stampede/batch"
	"stampede/order"
	"stampede/wire"
)

// HandleOptions say how a handle behaves; the zero value is a good default.
type HandleOptions struct {
	// QueueBytes is how many bytes of events may wait before a blocking send
	// on this handle returns ErrWouldBlock rather than wait while nobody takes
	// events. Default an eighth of Config.HistoryBytes.
	//
	// Through a daemon it is how many bytes of events may wait there for this
	// program; default and most are the daemon's.
	QueueBytes int
	// WhenFull is what happens when QueueBytes are waiting.
	WhenFull Overflow
	// Confirm makes sends through a daemon wait until its processor has
	// accepted them, a round trip, and return the message's number. Without it
	// they return when they are on their way, and 0. In an embedded processor it
	// makes no difference.
	Confirm bool
	// Everything gives the handle each message that its processor delivers, as if
	// it had joined all groups there are: for whoever watches. A daemon allows it
	// to its operators only.
	Everything bool
	// Name tells operators of a daemon who this is; default the program's name.
	Name string
}

// Overflow is what happens to a handle that does not take its events.
type Overflow uint8

const (
	// Usual is HoldGroup in an embedded processor, and Disconnect through a
	// daemon, which others share.
	Usual Overflow = iota
	// HoldGroup lets the group wait: memory is bounded, nothing is dropped, and
	// senders everywhere are slowed down. A daemon allows it to some users only.
	HoldGroup
	// Disconnect closes the handle, with ErrSlow. The group does not notice. Not
	// for an embedded processor.
	Disconnect
)

// Handle is one application's door to a processor, which is in this program, or
// in a daemon.
type Handle struct {
	p      *Processor // nil through a daemon
	away   *conn      // nil in an embedded processor
	origin uint16
	limit  int

	joining sync.Mutex             // changes of filter
	filter  atomic.Pointer[filter] // what it has joined; replaced, never changed
	closed  atomic.Bool
	ended   atomic.Bool // nothing more comes: the processor has left

	// Of the loop: which sets match, and what was queued last.
	match matcher
	last  uint64
	burst []item // of this pass, not handed over yet

	// Between the loop and the reader.
	mu       sync.Mutex
	pending  []item
	asleep   bool // the reader waits on wake
	ready    *readiness
	wake     chan struct{}
	done     atomic.Uint64 // deliveries given back, as the loop numbers them
	full     atomic.Bool   // limit bytes or more are waiting
	bytes    int           // waiting, under mu
	released int           // ends of loans waiting, under mu

	reader reader
	server atomic.Pointer[server]

	events, batches, waits atomic.Uint64
}

// item is what waits in a handle's queue: a run of messages, a configuration,
// or the end of a loan.
type item struct {
	run      order.Delivery
	view     *view // configuration in which run is delivered
	filter   *filter
	config   *ConfigChange
	released uint64
	done     uint64 // deliveries of the loop that are over when this one is
}

// filter is what a handle has joined. It does not change.
type filter struct {
	all    bool    // every group there is
	list   []Group // ascending
	groups map[Group]struct{}
}

// firstFilter is that of a handle that has joined nothing yet.
func (o *HandleOptions) firstFilter() *filter { return &filter{all: o.Everything} }

// matcher remembers which group sets a filter matches.
type matcher struct {
	filter *filter
	set    *order.Set // the last one asked for
	hit    bool
	known  map[*order.Set]bool
}

func (f *filter) joined(keys []Group) bool {
	if f.all {
		return len(keys) > 0
	}
	if len(f.list) == 0 {
		return false
	}
	for i := range keys {
		if _, ok := f.groups[keys[i]]; ok {
			return true
		}
	}
	return false
}

// matches says whether f has joined a group of s.
func (m *matcher) matches(f *filter, s *order.Set) bool {
	if m.filter == f && m.set == s {
		return m.hit
	}
	if m.filter != f || len(m.known) > 4*batch.MaxSets {
		m.filter, m.known = f, map[*order.Set]bool{}
	}
	hit, ok := m.known[s]
	if !ok {
		hit = f.joined(s.Keys)
		m.known[s] = hit
	}
	m.set, m.hit = s, hit
	return hit
}

// Handle opens a handle. Its first event is the present configuration, a
// regular one.
func (p *Processor) Handle(o HandleOptions) (*Handle, error) {
	if o.QueueBytes < 0 {
		return nil, invalid("HandleOptions.QueueBytes", "%d is negative", o.QueueBytes)
	}
	if o.WhenFull >= Disconnect {
		return nil, invalid("HandleOptions.WhenFull", "%d: events in this program are the processor's memory, which it cannot take back", o.WhenFull)
	}
	if o.QueueBytes == 0 {
		o.QueueBytes = p.cfg.HistoryBytes / 8
	}
	h := &Handle{p: p, limit: o.QueueBytes, wake: make(chan struct{}, 1)}
	h.filter.Store(o.firstFilter())
	if err := p.admit(h); err != nil {
		return nil, err
	}
	return h, nil
}

// Self is the processor in its present life.
func (h *Handle) Self() Member {
	if h.away != nil {
		return h.away.self
	}
	return h.p.Self()
}

// Origin is this handle's number at its processor: events with it, and with
// Self as sender, were sent through this handle.
func (h *Handle) Origin() uint16 { return h.origin }

// Join joins groups; it holds for every delivery after it returns. To join a
// group again does nothing.
func (h *Handle) Join(groups ...Group) error {
	return h.change(func(list []Group) []Group { return append(list, groups...) })
}

// Leave leaves groups: messages to them alone that are not yet in the handle's
// queue will not be put there.
func (h *Handle) Leave(groups ...Group) error {
	return h.change(func(list []Group) []Group {
		return slices.DeleteFunc(list, func(g Group) bool { return slices.Contains(groups, g) })
	})
}

func (h *Handle) change(f func([]Group) []Group) error {
	h.joining.Lock()
	defer h.joining.Unlock()
	if h.closed.Load() {
		return ErrClosed
	}
	before := h.filter.Load()
	list := f(slices.Clone(before.list))
	slices.SortFunc(list, func(a, b Group) int { return slices.Compare(a[:], b[:]) })
	list = slices.Compact(list)
	next := &filter{all: before.all, list: list, groups: make(map[Group]struct{}, len(list))}
	for _, g := range list {
		next.groups[g] = struct{}{}
	}
	if len(list) > MaxGroups {
		return ErrTooManyGroups
	}
	if h.away != nil {
		return h.away.refilter(next)
	}
	h.filter.Store(next)
	return nil
}

// Groups are the groups that the handle has joined, ascending; a copy.
func (h *Handle) Groups() []Group { return slices.Clone(h.filter.Load().list) }

// Close closes the handle at once: events that were not received are gone,
// what it sent is not affected, blocked calls return ErrClosed. It also ends the
// life of the payloads that were received: not while another goroutine still
// reads them. Through a daemon what was accepted is on its way when it returns,
// which may take a second if the daemon is held up. Closing again does nothing.
func (h *Handle) Close() error {
	if h.closed.Swap(true) {
		return nil
	}
	if h.away != nil {
		return h.away.close()
	}
	h.p.dismiss(h)
	h.p.out.abandon(h)
	if s := h.server.Swap(nil); s != nil {
		s.done <- ErrClosed
	}
	h.mu.Lock()
	h.pending, h.bytes = nil, 0
	if h.ready != nil {
		h.ready.raise() // a poller finds out by ErrClosed
	}
	h.mu.Unlock()
	h.rouse()
	return nil
}

// conclude is what the end of its processor does to a handle: it is closed, unless the
// processor has left and there is something to receive.
func (h *Handle) conclude() {
	select {
	case <-h.p.left:
	default:
		h.Close()
		return
	}
	h.ended.Store(true)
	h.p.out.abandon(h)
	if s := h.server.Swap(nil); s != nil {
		s.done <- ErrClosed
	}
	h.flush()
	h.rouse()
}

// rouse wakes the reader if it waits, or makes its next wait return.
func (h *Handle) rouse() {
	select {
	case h.wake <- struct{}{}:
	default:
	}
}

// offer queues a run of messages if the handle may want some of it. The loop
// calls it; flush hands over.
func (h *Handle) offer(d *order.Delivery, v *view, done uint64) {
	f := h.filter.Load()
	if !f.all && len(f.list) == 0 || !h.wants(f, d) {
		return
	}
	h.last = done
	h.burst = append(h.burst, item{run: *d, view: v, filter: f, done: done})
}

// wants says whether one of the messages is for a group that f has joined: what
// nobody will read must not keep the history.
func (h *Handle) wants(f *filter, d *order.Delivery) bool {
	switch {
	case d.Frames == nil && d.Inline:
		keys, _, _ := wire.SplitInline(d.Set, d.Message)
		return f.joined(groupsOf(keys))
	case d.Frames == nil || d.OneSet:
		return h.match.matches(f, d.Sets[d.Set])
	}
	it := wire.NewFrames(d.Frames, d.Number)
	var fr wire.Frame
	for it.Next(&fr) {
		if fr.Type != wire.FrameMessage {
			continue
		}
		if fr.Inline && f.joined(groupsOf(fr.Keys())) || !fr.Inline && h.match.matches(f, d.Sets[fr.Set]) {
			return true
		}
	}
	return false
}

// note queues a configuration event. The loop calls it; flush hands over.
func (h *Handle) note(c *ConfigChange) { h.burst = append(h.burst, item{config: c}) }

// push queues something else. Any goroutine.
func (h *Handle) push(it item) {
	h.mu.Lock()
	h.pending = append(h.pending, it)
	if it.released != 0 {
		h.released++
	}
	h.mu.Unlock()
}

// unreceived is the number of Released events that wait.
func (h *Handle) unreceived() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.released
}

// size of what an item keeps.
func (it *item) size() int { return len(it.run.Frames) + len(it.run.Message) }

// handOver passes the pass's items to the reader's queue.
func (h *Handle) handOver() {
	if len(h.burst) == 0 {
		return
	}
	h.mu.Lock()
	h.pending = append(h.pending, h.burst...)
	for i := range h.burst {
		h.bytes += h.burst[i].size()
	}
	h.mu.Unlock()
	h.burst = h.burst[:0]
	h.flush()
}

// flush wakes the reader for what was queued.
func (h *Handle) flush() {
	h.mu.Lock()
	h.full.Store(h.bytes >= h.limit)
	wake := h.asleep
	h.asleep = false
	if h.ready != nil {
		h.ready.raise()
	}
	h.mu.Unlock()
	if wake {
		h.rouse()
	}
}

// HandleStats counts what passed a handle.
type HandleStats struct {
	Events  uint64 // received, of all kinds
	Queued  int    // runs of messages and other events waiting now
	Bytes   int    // of messages waiting now
	Waits   uint64 // Receive calls that had to wait
	Batches uint64 // Receive calls that returned events
}

// Stats returns the handle's counters.
func (h *Handle) Stats() HandleStats {
	if h.away != nil {
		return h.away.stats()
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	return HandleStats{
		Events: h.events.Load(), Batches: h.batches.Load(), Waits: h.waits.Load(),
		Queued: len(h.pending), Bytes: h.bytes,
	}
}
