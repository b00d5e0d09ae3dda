package sim

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"stampede/internal/sim/agenda"
	"stampede/internal/trace"
	"stampede/internal/verify"
	"stampede/wire"
)

// Options say what to do beside running.
type Options struct {
	Context context.Context    // ends a run early, as a failure of the class "interrupted"; nil = never
	Trace   func(*trace.Event) // gets every event that is judged; the event is not kept
	Log     func(string)       // gets a line for everything that a reader may want to follow
	Watch   bool               // log every datagram, too
	Rewrite bool               // put into each expectation what was seen
}

// Failure is what a run found. Its class is what stays when a script shrinks.
type Failure struct {
	Class string
	Text  string
	At    time.Duration // in the world
	Line  int           // of the script, that was being run; 0 = none
}

func (f *Failure) Error() string {
	return fmt.Sprintf("%s, at %v: %s", f.Class, f.At, f.Text)
}

// Result is what a run did.
type Result struct {
	Failure   *Failure
	Cover     Cover
	Events    int // judged
	Datagrams int // sent
	Virtual   time.Duration
	Meet      time.Duration // from the end of the faults until all were together; 0 = the script did not settle
	Bound     time.Duration // what Meet may be at most
	Rewritten []string      // the lines of the script with what was seen; only with Options.Rewrite
}

// Runner runs worlds one after the other in the same memory. It is not safe
// for concurrent use.
type Runner struct {
	w world
}

// world is a run of a script.
type world struct {
	script  *Script
	options Options
	rng     *rand.Rand
	now     int64
	queue   agenda.Agenda[event]
	nodes   []*node
	net     network
	rules   []*rule
	whens   []*when
	line    int // of the script
	settled bool

	bank    bank
	checker *verify.Checker
	lives   map[wire.Member]*life
	born    []*life
	configs map[wire.ConfigID]*configuration
	payload []byte

	installed []*configuration // in the order in which they were first entered
	changes   int              // regular configurations entered, each time counted
	steps     int
	events    int
	datagrams int
	cover     Cover
	failure   *Failure
	meet      int64
	bound     int64
	rewritten map[int]string // by line
}

// Run runs a script from its first line to its last.
func (r *Runner) Run(s *Script, o Options) (res Result) {
	w := &r.w
	w.reset(s, o)
	w.play()
	w.judge()
	for _, n := range w.nodes {
		if n.up {
			w.cover.life(n)
		}
	}
	for _, k := range w.installed {
		if k.entered < len(k.members) {
			w.cover.PartialInstalls++
		}
	}
	res = Result{
		Failure: w.failure, Cover: w.cover, Events: w.events, Datagrams: w.datagrams,
		Virtual: time.Duration(w.now - origin), Meet: time.Duration(w.meet), Bound: time.Duration(w.bound),
	}
	if o.Rewrite {
		res.Rewritten = s.rewritten(w.rewritten)
	}
	return res
}

// origin is the world's time at its beginning: some time after 1970.
const origin = int64(1_000_000_000)

func (w *world) reset(s *Script, o Options) {
	if w.checker == nil {
		w.checker = verify.New(verify.Options{Exact: true})
	}
	w.checker.Reset()
	w.queue.Reset()
	w.bank.reset()
	*w = world{
		script: s, options: o, rng: rand.New(rand.NewPCG(s.Seed, 7)), now: origin,
		queue: w.queue, bank: w.bank, checker: w.checker, payload: w.payload,
		lives: map[wire.Member]*life{}, configs: map[wire.ConfigID]*configuration{}, rewritten: map[int]string{},
		nodes: w.nodes[:0],
	}
	w.net.init(len(s.Processors))
	for i, id := range s.Processors {
		n := &node{i: i, id: id, address: addressOf(id), set: s.of[id], cost: 2_000 + w.rng.Int64N(30_000)}
		n.clock = newClock(w.now, 1+w.rng.Int64N(int64(time.Hour)))
		n.buffer = n.set.bufferSize(len(s.Processors))
		w.nodes = append(w.nodes, n)
	}
	for _, n := range w.nodes {
		w.equip(n)
	}
}

// play runs the lines. A panic in a machine is a failure like any other.
func (w *world) play() {
	defer func() {
		if p := recover(); p != nil {
			stack := string(debug.Stack())
			w.failf("panic in "+guilty(stack), "%v\n%s", p, stack)
		}
	}()
	for i := range w.script.Lines {
		l := &w.script.Lines[i]
		if w.failure != nil {
			return
		}
		w.line = l.Number
		if l.at >= 0 {
			w.advance(origin + l.at)
		}
		if l.run != nil && w.failure == nil {
			l.run(w)
		}
	}
	w.line = 0
	if w.failure == nil && !w.settled && !w.script.unsettled {
		w.settle()
	}
}

// guilty is the topmost function of this module, but for this package, on a
// stack.
func guilty(stack string) string {
	lines := strings.Split(stack, "\n")
	after := slices.IndexFunc(lines, func(l string) bool { return strings.HasPrefix(l, "panic(") })
	for _, l := range lines[max(after, 0):] {
		if name, ok := strings.CutPrefix(l, "stampede/"); ok && !strings.HasPrefix(name, "internal/sim.") {
			if i := strings.LastIndexByte(name, '('); i > 0 {
				name = name[:i]
			}
			return name
		}
	}
	return "the simulator"
}

// failf notes the first failure; the run ends with it.
func (w *world) failf(class, format string, args ...any) {
	if w.failure == nil {
		w.failure = &Failure{Class: class, Text: fmt.Sprintf(format, args...), At: time.Duration(w.now - origin), Line: w.line}
	}
}

func (w *world) log(format string, args ...any) {
	if w.options.Log != nil {
		w.options.Log(fmt.Sprintf("%11.6fs ", time.Duration(w.now-origin).Seconds()) + fmt.Sprintf(format, args...))
	}
}

// interrupted is the class of a run that was ended from outside.
const interrupted = "interrupted"

// maxSteps is more than any world takes: whoever comes to it does something
// for ever.
const maxSteps = 20_000_000

// advance lets the world go on until a time.
func (w *world) advance(to int64) { w.advanceUntil(to, nil) }

// advanceUntil lets the world go on until a time, or until done says so, which
// it is asked after every event.
func (w *world) advanceUntil(to int64, done func() bool) bool {
	for w.failure == nil {
		if done != nil && done() {
			return true
		}
		if !w.queue.Due(to) {
			w.now = max(w.now, to)
			return false
		}
		at, e := w.queue.Next()
		w.now = at
		w.happen(&e)
		if w.steps++; w.steps%1024 == 0 && w.options.Context != nil && w.options.Context.Err() != nil {
			w.failf(interrupted, "%v", w.options.Context.Err())
		}
		if w.steps > maxSteps {
			w.failf("storm", "%d events in %v of the world's time", w.steps, time.Duration(w.now-origin))
		}
		if len(w.whens) > 0 {
			w.fire()
		}
	}
	return false
}

func (w *world) happen(e *event) {
	if e.what == arrival {
		w.arrived(e.node, e.parcel)
		return
	}
	if e.what == sending {
		w.sending(e.source)
		return
	}
	n := e.node
	if !n.up || n.life != e.life {
		return
	}
	switch e.what {
	case pass:
		if n.passAt == w.now && !n.paused {
			w.pass(n)
		}
	case taking:
		w.taking(n)
	case drifting:
		n.clock.turn(w.now, million+w.rng.Int64N(2*n.drift+1)-n.drift)
		w.queue.Add(w.now+driftEvery, event{what: drifting, node: n, life: n.life})
		if n.passAt != never {
			w.wake(n, w.now+n.cost) // its deadline is now at another time
		}
	}
}

// driftEvery is how often an uneven clock changes its rate.
const driftEvery = int64(20 * time.Millisecond)

// node is the processor with an id; the parser has seen to it that there is one.
func (w *world) node(id wire.ProcessorID) *node {
	for _, n := range w.nodes {
		if n.id == id {
			return n
		}
	}
	return nil
}

// bank lends memory for one world, and takes all of it back for the next.
type bank struct {
	blocks [][]byte
	block  int
	used   int
}

const blockBytes = 16 << 20

func (b *bank) reset() { b.block, b.used = 0, 0 }

func (b *bank) get(n int) []byte {
	for ; b.block < len(b.blocks); b.block, b.used = b.block+1, 0 {
		if m := b.blocks[b.block]; len(m)-b.used >= n {
			b.used += n
			return m[b.used-n : b.used : b.used]
		}
	}
	b.blocks = append(b.blocks, make([]byte, max(n, blockBytes)))
	b.used = n
	return b.blocks[b.block][:n:n]
}
