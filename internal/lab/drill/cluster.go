package drill

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"stampede/internal/lab"
)

// cluster is the processors on the hosts of a lab, of which host n runs
// processor n. One goroutine uses it.
type cluster struct {
	o     *Options
	dir   string
	lab   *lab.Lab
	hosts []*host // from 1: hosts[0] is nil
	died  chan *process
	wrong []*Fault // of the network, those that last
}

// host is one host, and what runs or ran on it.
type host struct {
	id     int
	place  *lab.Host
	run    *process // of the processor; nil: dead
	client *process // that uses it, where it is a daemon's
	tail   tail     // of the present life, or of the last one
	traces []string // of all lives
	hampered
}

// port is every processor's own, the groups have the next one: nobody else in a
// namespace wants them.
const port = 7400

var (
	group4 = netip.MustParseAddrPort("239.255.77.1:7401") // for use within a site, RFC 2365
	group6 = netip.MustParseAddrPort("[ff12::77:1]:7401") // transient, of the link, RFC 4291
)

func newCluster(ctx context.Context, o *Options, dir string) (*cluster, error) {
	l, err := lab.New(ctx, o.Hosts)
	if err != nil {
		return nil, err
	}
	if o.IP == 6 && !l.Hosts[0].IPv6.IsValid() {
		return nil, errors.Join(errors.New("ip 6: the kernel has no IPv6"), l.Close())
	}
	c := &cluster{o: o, dir: dir, lab: l, hosts: make([]*host, 1), died: make(chan *process, 1)}
	for i := range l.Hosts {
		c.hosts = append(c.hosts, &host{id: i + 1, place: &l.Hosts[i]})
	}
	return c, nil
}

// start begins the next life of a host's processor.
func (c *cluster) start(id int) (err error) {
	h := c.hosts[id]
	life := len(h.traces) + 1
	base := filepath.Join(c.dir, fmt.Sprintf("host%d-life%d", id, life))
	h.tail = tail{path: base + ".jsonl"}
	h.traces = append(h.traces, h.tail.path)
	// It outlives no lab; a context would kill it before it can leave.
	launch := func(what, program string, args []string, log string) (*process, error) {
		cmd := h.place.Command(context.Background(), program, args...)
		return start(fmt.Sprintf("host %d, life %d%s", id, life, what), cmd, log, c.died)
	}
	if !c.o.Daemon {
		h.run, err = launch("", c.o.Program, append(append([]string{"node"}, c.processorArgs(h)...), c.nodeArgs(h)...), base+".log")
		return err
	}
	client, args := c.o.Client, append([]string{"--dial", socket}, c.nodeArgs(h)...)
	name := filepath.Base(client) // as its daemon knows it
	if client == "" {
		client, args, name = c.o.Program, append([]string{"node"}, args...), "node"
	}
	h.run, err = launch(", daemon", c.o.Program, append([]string{"daemon", "--daemon-socket", socket, "--daemon-allow-users", "0", "--daemon-first-clients", name}, c.processorArgs(h)...), base+"-daemon.log")
	if err != nil {
		return err
	}
	h.client, err = launch(", client", client, args, base+".log")
	return err
}

// socket is every daemon's: an abstract one belongs to the host's namespace, and
// is gone with the daemon.
const socket = "@stampede-lab"

// processorArgs are the settings of a host's processor.
func (c *cluster) processorArgs(h *host) []string {
	at := func(h *host) string { return netip.AddrPortFrom(h.place.IPv4, port).String() }
	group := group4
	if c.o.IP == 6 {
		at = func(h *host) string { return netip.AddrPortFrom(h.place.IPv6, port).String() }
		group = group6
	}
	args := []string{"--id", strconv.Itoa(h.id), "--cluster", "lab", "--bind", at(h)}
	if c.o.Transport == unicast {
		var peers []string
		for _, other := range c.hosts[1:] {
			peers = append(peers, at(other))
		}
		args = append(args, "--transport", "unicast", "--peers", strings.Join(peers, ","))
	} else {
		args = append(args, "--multicast", group.String(), "--interface", lab.Interface)
	}
	if c.o.Detect > 0 {
		args = append(args, "--detect", c.o.Detect.String())
	}
	return args
}

// nodeArgs say what is done with it.
func (c *cluster) nodeArgs(h *host) []string {
	args := []string{"--trace", h.tail.path, "--rate", strconv.FormatFloat(c.o.Rate, 'f', -1, 64), "--size", strconv.Itoa(c.o.Size)}
	if c.o.Guarantee != "" {
		args = append(args, "--guarantee", c.o.Guarantee)
	}
	return append(args, c.o.NodeArgs...)
}

// startAll starts the processors that do not run.
func (c *cluster) startAll() error {
	for _, h := range c.hosts[1:] {
		if h.run == nil {
			if err := c.start(h.id); err != nil {
				return err
			}
		}
	}
	return nil
}

// living are the ids of the processors that run.
func (c *cluster) living() (ids []uint32) {
	for _, h := range c.hosts[1:] {
		if h.run != nil {
			ids = append(ids, uint32(h.id))
		}
	}
	return ids
}

// traces are the files of all lives.
func (c *cluster) traces() (paths []string) {
	for _, h := range c.hosts[1:] {
		paths = append(paths, h.traces...)
	}
	return paths
}

// look brings the tails of those who run up to now.
func (c *cluster) look() error {
	for _, h := range c.hosts[1:] {
		if h.run != nil {
			if err := h.tail.read(); err != nil {
				return err
			}
		}
	}
	return nil
}

// leader is the id of the sequencer as far as traces tell: of the largest
// configuration that processors are in the lowest id, which it is unless the
// order was handed to another. It is 0 when nobody is in any.
func (c *cluster) leader() (id int, err error) {
	if err := c.look(); err != nil {
		return 0, err
	}
	most := 0
	for _, h := range c.hosts[1:] {
		if h.run == nil || len(h.tail.members) <= most {
			continue
		}
		if first := int(slices.Min(h.tail.members)); first < len(c.hosts) && c.hosts[first].run != nil {
			id, most = first, len(h.tail.members)
		}
	}
	return id, nil
}

// lookInterval is how often await looks: traces tell exactly when things were.
const lookInterval = 10 * time.Millisecond

// gather waits until all processors that run are in one configuration with each
// other and with nobody else, in which each has delivered something of each.
func (c *cluster) gather(ctx context.Context) error {
	limit := time.NewTimer(c.o.Settle)
	defer limit.Stop()
	for {
		if err := c.look(); err != nil {
			return err
		}
		if c.together() {
			return nil
		}
		select {
		case <-time.After(lookInterval):
		case p := <-c.died:
			return c.mourn(p)
		case <-limit.C:
			return &Apart{c.o.Settle, c.whereabouts()}
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func (c *cluster) together() bool {
	living := c.living()
	for _, id := range living {
		t := &c.hosts[id].tail
		if !t.in(living) || t.config != c.hosts[living[0]].tail.config {
			return false
		}
	}
	return true
}

// Apart says that the cluster did not come together though nothing stood in
// its way.
type Apart struct {
	Limit time.Duration
	Where []string // each processor is
}

func (a *Apart) Error() string {
	return fmt.Sprintf("not in one configuration after %v: %s", a.Limit, strings.Join(a.Where, "; "))
}

func (c *cluster) whereabouts() (all []string) {
	for _, id := range c.living() {
		all = append(all, fmt.Sprintf("host %d %v", id, &c.hosts[id].tail))
	}
	return all
}

// wait lets time pass, unless a processor dies.
func (c *cluster) wait(ctx context.Context, until time.Time) error {
	select {
	case <-time.After(time.Until(until)):
		return nil
	case p := <-c.died:
		return c.mourn(p)
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// mourn makes the error of a processor that ended by itself.
func (c *cluster) mourn(p *process) error {
	for _, h := range c.hosts[1:] {
		if h.run == p {
			h.run = nil
		}
		if h.client == p {
			h.client = nil
		}
	}
	return p.death(p.err)
}

// leaveLimit is how long processors may take to leave: some times what
// `stampede node` allows itself.
const leaveLimit = 15 * time.Second

// stop makes all that run leave, at once.
func (c *cluster) stop() (err error) {
	select {
	case p := <-c.died:
		err = c.mourn(p)
	default:
	}
	for _, h := range c.hosts[1:] {
		if h.run != nil {
			err = errors.Join(err, h.terminate())
		}
	}
	limit, cancel := context.WithTimeout(context.Background(), leaveLimit)
	defer cancel()
	for _, h := range c.hosts[1:] {
		if h.run != nil {
			err = errors.Join(err, h.reap(limit))
		}
	}
	return err
}

// reap waits until the processor has left, and its program has found out.
func (h *host) reap(limit context.Context) error {
	err := h.run.reap(limit)
	h.run = nil
	return errors.Join(err, h.bereave())
}

// grace is how long a program may take to see that its daemon is gone: it is
// told at once, but the machine is small.
const grace = 5 * time.Second

// bereave waits until the program has ended by itself whose daemon is gone.
func (h *host) bereave() error {
	p := h.client
	if p == nil {
		return nil
	}
	h.client = nil
	if info, err := os.Stat(h.tail.path); err != nil || info.Size() == 0 {
		p.kill() // it had not found its daemon yet, and would look for ever
		return nil
	}
	select {
	case <-p.ended:
		if p.crashed() {
			return p.death(p.err)
		}
		return nil
	case <-time.After(grace):
		p.kill()
		return p.death(fmt.Errorf("its daemon was gone for %v, and it did not end", grace))
	}
}

// condemn says that the end of the processor, and so of its program, is meant.
func (h *host) condemn() {
	if h.client != nil {
		h.client.meant.Store(true)
	}
}

// terminate tells the processor to leave. One that has not begun its trace does
// not know the signal yet, and has nothing to leave: it is killed.
func (h *host) terminate() error {
	h.condemn()
	if _, err := os.Stat(h.tail.path); err != nil {
		h.run.kill()
		h.run = nil
		return h.bereave()
	}
	return h.run.terminate()
}

// awaitLeave waits for a processor that was told to leave, if this one was.
func (h *host) awaitLeave() error {
	if h.run == nil || !h.run.meant.Load() {
		return nil
	}
	limit, cancel := context.WithTimeout(context.Background(), leaveLimit)
	defer cancel()
	return h.reap(limit)
}
