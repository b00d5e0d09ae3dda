package evs

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"stampede/internal/member"
	"stampede/sock"
	"stampede/wire"
)

var (
	errServed  = errors.New("evs: handle is served already")
	errHandles = errors.New("evs: too many handles")
	errStarted = errors.New("evs: started already, or closed")
	errLeave   = errors.New("evs: left before every member was known to hold all messages")
)

// Processor is one participant of a cluster.
type Processor struct {
	cfg   Config
	net   Network
	facts sock.Facts
	self  Member
	mem   *memory
	out   *outbox
	start time.Time // of the clock that the loop goes by

	// Under mu, which the loop takes once a pass.
	mu         sync.Mutex
	handles    []*Handle
	origins    uint16
	current    *ConfigChange    // the regular configuration that handles have come to
	transition *ConfigChange    // the transitional one behind it, if they have come to that
	addresses  []netip.AddrPort // of the members of current
	view       *view
	problem    error

	serving   sync.Mutex // held while an application runs on the loop's goroutine
	started   atomic.Bool
	closing   atomic.Bool
	leaving   atomic.Bool
	short     atomic.Bool   // the loop wants to know what applications give back
	formed    chan struct{} // closed with the first configuration
	failed    chan struct{} // closed when problem is set
	left      chan struct{} // closed when this processor has left
	unsettled bool          // and some member may lack messages; set before left is closed
	done      chan struct{} // closed when the loop has ended

	missing atomic.Pointer[[]member.Missing]
	stats   published
	loop    loop
}

// view is a configuration as events refer to it.
type view struct{ members []Member }

// Open opens a processor and returns when it is in its first configuration, or
// when ctx ends, with an error that says who was missing. The values in effect
// are logged.
func Open(ctx context.Context, c Config) (*Processor, error) {
	p, err := Prepare(c)
	if err != nil {
		return nil, err
	}
	if err := p.Start(ctx); err != nil {
		return nil, err
	}
	return p, nil
}

// OpenHandle is Open together with a handle that has joined groups before the
// first configuration, and so misses nothing: its first event is that
// configuration.
func OpenHandle(ctx context.Context, c Config, o HandleOptions, groups ...Group) (*Processor, *Handle, error) {
	p, err := Prepare(c)
	if err != nil {
		return nil, nil, err
	}
	h, err := p.Handle(o)
	if err == nil {
		err = h.Join(groups...)
	}
	if err != nil {
		return nil, nil, errors.Join(err, p.Close())
	}
	if err := p.Start(ctx); err != nil {
		return nil, nil, err
	}
	return p, h, nil
}

// Prepare opens a processor that takes part in nothing until Start. Handles that
// are opened and join groups by then miss nothing; what they send waits.
func Prepare(c Config) (*Processor, error) {
	c, err := c.Resolve()
	if err != nil {
		return nil, err
	}
	network := c.Network
	if network == nil {
		s, err := Listen(c)
		if err != nil {
			return nil, err
		}
		network = s
	}
	p, err := newProcessor(c, network)
	if err != nil {
		network.Close()
		return nil, err
	}
	return p, nil
}

// Start lets a prepared processor take part. It returns when it is in its first
// configuration; when ctx ends before, it closes the processor and says who was
// missing.
func (p *Processor) Start(ctx context.Context) error {
	if p.started.Swap(true) {
		return errStarted
	}
	go p.run()
	return p.awaitFirst(ctx)
}

func newProcessor(c Config, network Network) (*Processor, error) {
	p := &Processor{
		cfg: c, net: network, facts: network.Facts(), start: time.Now(),
		self:   Member{ID: c.ID, Incarnation: uint64(time.Now().UnixNano())},
		formed: make(chan struct{}), failed: make(chan struct{}), left: make(chan struct{}), done: make(chan struct{}),
	}
	if p.facts.DatagramBytes < 256 {
		return nil, invalid("Network", "datagrams of %d bytes are too small", p.facts.DatagramBytes)
	}
	var err error
	if p.mem, err = newMemory(c, p.facts.DatagramBytes); err != nil {
		return nil, err
	}
	mc := p.memberConfig()
	if err := p.loop.init(p, mc); err != nil {
		return nil, err
	}
	p.log("opened", "id", c.ID, "incarnation", p.self.Incarnation, "cluster", c.Cluster, "start", c.Start,
		"local", p.facts.Local, "group", p.facts.Group, "peers", len(c.Peers), "datagram", p.facts.DatagramBytes,
		"gso", p.facts.GSO, "gro", p.facts.GRO, "receive_buffer", p.facts.ReceiveBufferBytes,
		"window", mc.Window, "history", mc.History, "max_message", c.MaxMessageBytes, "wait", p.facts.Wait,
		"detect", c.Detect, "heartbeat", c.Heartbeat)
	return p, nil
}

// memberConfig is what the protocol is told of this processor.
func (p *Processor) memberConfig() member.Config {
	c, f := &p.cfg, &p.facts
	mc := member.Config{
		Self: p.self, Cluster: clusterKey(c.Cluster), Start: c.Start,
		Unicast: !c.Multicast.IsValid(), Seeds: c.Peers,
		Datagram:   f.DatagramBytes,
		MaxMessage: uint32(c.MaxMessageBytes + MaxGroups*wire.GroupBytes),
		Window:     window(f, c.WindowBytes),
		// Half of the history: arrivals keep whole chunks, of which they may
		// fill no more than that.
		History: uint32(c.HistoryBytes / 2 / f.DatagramBytes),
		NoCheck: c.NoCheck, Fixed: c.FixedSequencer,
		Detect: int64(c.Detect), JoinInterval: int64(c.JoinInterval), Beacon: int64(c.Beacon), Timers: c.timers(),
	}
	if f.Local.IsValid() {
		mc.Addresses = []netip.AddrPort{f.Local}
	}
	return mc
}

// window is how many full datagrams may be under way to this processor: what
// its receive buffer holds, at what the kernel charges a lone one, and no more
// than was asked for.
func window(f *sock.Facts, most int) uint32 {
	charge := max(f.Charge.Datagram, f.DatagramBytes, 1)
	return uint32(max(min(f.ReceiveBufferBytes/charge, most/f.DatagramBytes), 1))
}

// clusterKey is the number under which datagrams name their cluster: FNV-1a.
func clusterKey(name string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(name))
	return max(h.Sum64(), 1)
}

// awaitFirst waits for the first configuration, and closes the processor if it
// does not come. Who is waited for is logged.
func (p *Processor) awaitFirst(ctx context.Context) (err error) {
	tell := time.NewTicker(tellMissing)
	defer tell.Stop()
	for {
		select {
		case <-p.formed:
			return nil
		case <-tell.C:
			p.log("no configuration yet" + p.whoIsMissing())
			continue
		case <-p.failed:
			p.mu.Lock()
			err = p.problem
			p.mu.Unlock()
		case <-p.done:
			err = ErrClosed
		case <-ctx.Done():
			err = fmt.Errorf("evs: no configuration yet%s: %w", p.whoIsMissing(), ctx.Err())
		}
		p.Close()
		return err
	}
}

// tellMissing is how often it is logged whom the first configuration waits for.
const tellMissing = 10 * time.Second

func (p *Processor) whoIsMissing() string {
	m := p.missing.Load()
	if m == nil || len(*m) == 0 {
		return ""
	}
	var b strings.Builder
	for _, x := range *m {
		fmt.Fprintf(&b, " %d", x.ID)
		if x.Why != "" {
			fmt.Fprintf(&b, " (%s)", x.Why)
		}
	}
	return ", waiting for" + b.String()
}

func (p *Processor) log(what string, args ...any) {
	if p.cfg.Logger != nil {
		p.cfg.Logger.Info(what, args...)
	}
}

// admit adds a handle, whose first event is the present configuration, if
// there is one.
func (p *Processor) admit(h *Handle) error {
	p.mu.Lock()
	if p.closing.Load() { // shut closes the handles that it finds
		p.mu.Unlock()
		return p.gone()
	}
	defer p.mu.Unlock()
	if len(p.handles) >= maxHandles {
		return errHandles
	}
	for p.origins++; p.origins == 0 || p.inUse(p.origins); p.origins++ {
	}
	h.origin = p.origins
	p.handles = append(p.handles, h)
	for _, c := range []*ConfigChange{p.current, p.transition} {
		if c != nil {
			h.push(item{config: c})
		}
	}
	return nil
}

// maxHandles leaves numbers to choose from.
const maxHandles = 1 << 15

// inUse says whether an open handle has the number. mu is held.
func (p *Processor) inUse(origin uint16) bool {
	for _, h := range p.handles {
		if h.origin == origin {
			return true
		}
	}
	return false
}

// dismiss takes a handle out.
func (p *Processor) dismiss(h *Handle) {
	p.mu.Lock()
	for i, x := range p.handles {
		if x == h {
			p.handles = append(p.handles[:i:i], p.handles[i+1:]...)
			break
		}
	}
	p.mu.Unlock()
	select {
	case <-p.done: // and so is the network
	default:
		p.net.Wake()
	}
}

// gone is ErrClosed, with the reason if it was not the application's.
func (p *Processor) gone() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.problem != nil {
		return fmt.Errorf("%w (%w)", p.problem, ErrClosed)
	}
	return ErrClosed
}

// Configuration is the latest regular configuration, out of band: events of
// handles may not have come to it yet.
func (p *Processor) Configuration() ConfigChange {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.current == nil {
		return ConfigChange{}
	}
	return *p.current
}

// Addresses are where this processor finds the members of the configuration that
// Configuration returns: the source of their datagrams, or what another member
// says; its own is Facts().Local. The map is the caller's.
func (p *Processor) Addresses() map[Member]netip.AddrPort {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := make(map[Member]netip.AddrPort, len(p.addresses))
	for i, a := range p.addresses {
		all[p.current.Members[i]] = a
	}
	return all
}

// Self is this processor in its present life.
func (p *Processor) Self() Member {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.self
}

// MaxMessageBytes is the length of the longest message.
func (p *Processor) MaxMessageBytes() int { return p.cfg.MaxMessageBytes }

// Cluster is the name of the cluster.
func (p *Processor) Cluster() string { return p.cfg.Cluster }

// Facts tells what the network came to.
func (p *Processor) Facts() sock.Facts { return p.net.Facts() }

// Leave takes the processor out of the cluster and closes it: it accepts no more
// messages (ErrClosed), sends those that were accepted, waits until every member
// holds them, hands the order on if it was the sequencer, and tells the others,
// who form the next configuration without it at once and need no time-out for
// that. After two seconds, in which members may have failed themselves, it goes
// all the same and says so with an error. When ctx ends it closes at once, with
// its error; others then find out by Detect. What was delivered by then, handles
// can still receive, until they are closed; ErrClosed comes behind it.
func (p *Processor) Leave(ctx context.Context) error {
	if !p.started.Load() {
		return p.Close()
	}
	p.out.refuse()
	p.leaving.Store(true)
	p.net.Wake()
	var err error
	select {
	case <-p.left:
		if p.unsettled {
			err = errLeave
		}
	case <-p.done:
		select {
		case <-p.left:
		default:
			err = p.gone() // it ended before the others were told
		}
	case <-ctx.Done():
		err = ctx.Err()
	}
	return errors.Join(err, p.Close())
}

// Wait blocks until the processor has ended, or ctx does, whose error it then
// returns. The error of a processor that ended is ErrClosed, with the reason if it
// was not the application's.
func (p *Processor) Wait(ctx context.Context) error {
	select {
	case <-p.done:
		return p.gone()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Close closes the processor and its handles at once; it must not be called by
// a function that Serve runs, nor while another goroutine reads payloads.
// Messages that were not sent are lost, and so are events that were not
// received. Closing again waits for the first to be done.
func (p *Processor) Close() error {
	p.closing.Store(true)
	if !p.started.Swap(true) {
		p.shut() // there is no loop that would
	}
	p.net.Wake()
	<-p.done
	return nil
}

// shut ends everything, after the loop's last pass.
func (p *Processor) shut() {
	p.out.close()
	p.mu.Lock()
	p.closing.Store(true)
	handles := p.handles
	p.mu.Unlock()
	for _, h := range handles {
		h.conclude()
	}
	if err := p.net.Close(); err != nil {
		p.log("close", "error", err)
	}
	close(p.done)
}

// settle waits until no application runs on the loop's goroutine.
func (p *Processor) settle() {
	p.serving.Lock()
	//lint:ignore SA2001 passing through is the point
	p.serving.Unlock()
}
