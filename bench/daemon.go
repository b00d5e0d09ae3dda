package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"

	"stampede/evs"
	"stampede/internal/daemon"
)

// Daemon is the daemon of one host of a run whose clients reach their processor
// through it: it is told its assignment on in, tells its socket on out, and then
// answers every line with what it has used. It ends with in.
func Daemon(ctx context.Context, in io.Reader, out io.Writer) error {
	l := newLines(in, out)
	var a assignment
	if err := l.read(&a); err != nil {
		return err
	}
	e, err := openEvs(ctx, &a)
	if err != nil {
		return l.write(daemonReport{Failed: err.Error()})
	}
	defer e.Close()
	dir, err := os.MkdirTemp("", "stampede-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	p := e.(*processor)
	p.Handle.Close() // its clients have their own
	socket, err := net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(dir, "s"), Net: "unix"})
	if err != nil {
		return err
	}
	s := daemon.New(p.evs, daemon.ServerOptions{})
	defer s.Close()
	go s.Serve(socket)
	if err := l.write(daemonReport{Socket: socket.Addr().String()}); err != nil {
		return err
	}
	for {
		var ask json.RawMessage
		if err := l.read(&ask); err != nil {
			return nil
		}
		if err := l.write(daemonReport{CPU: cpuTime(), State: p.state()}); err != nil {
			return err
		}
	}
}

// daemonReport is a line that a daemon writes.
type daemonReport struct {
	Socket string `json:",omitempty"`
	Failed string `json:",omitempty"`
	CPU    int64  // ns, of the process
	State  state
}

// daemonProcess is a host's daemon, seen from the host.
type daemonProcess struct {
	mu   sync.Mutex // of one question and its answer
	talk *lines
	conn *conn
	last daemonReport // its latest answer
}

// startDaemon starts a host's daemon, whose processor waits for those of all
// other hosts.
func startDaemon(ctx context.Context, a *assignment) (*daemonProcess, error) {
	if len(a.Daemon) == 0 {
		return nil, errors.New("bench: no program to be the daemon")
	}
	c, err := startProcess(exec.Command(a.Daemon[0], a.Daemon[1:]...))
	if err != nil {
		return nil, err
	}
	// From then on it ends by Close, and takes its socket along.
	defer context.AfterFunc(ctx, func() { c.kill() })()
	d := &daemonProcess{talk: newLines(c.out, c.in), conn: c}
	own := *a
	own.Daemon, own.Client = nil, nil
	if err = d.talk.write(own); err == nil {
		err = d.talk.read(&d.last)
	}
	if err == nil && d.last.Failed != "" {
		err = errors.New(d.last.Failed)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("bench: daemon: %w", err), d.Close())
	}
	return d, nil
}

// ask is what the daemon has used by now.
func (d *daemonProcess) ask() daemonReport {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.talk.write(struct{}{}) == nil {
		d.talk.read(&d.last)
	}
	return d.last
}

func (d *daemonProcess) Close() error {
	d.conn.in.Close()
	io.Copy(io.Discard, d.conn.out)
	return d.conn.wait()
}

// dialled is the engine of one client: a handle at its host's daemon.
type dialled struct{ *evs.Handle }

func (d dialled) state() state { return state{} } // the daemon's is asked for

// clients is the system of a host whose programs reach the processor through
// its daemon: so many systems, which send parts of its rate.
type clients struct {
	daemon *daemonProcess
	each   []system
	all    chan struct{}
	broken chan error
}

// openClients starts the daemon and opens the clients, which are told its
// socket and their number, from 0.
func openClients(ctx context.Context, a *assignment, open func(ctx context.Context, own *assignment, socket string, n int) (system, error)) (system, error) {
	d, err := startDaemon(ctx, a)
	if err != nil {
		return nil, err
	}
	c := &clients{daemon: d, all: make(chan struct{}), broken: make(chan error, 1)}
	for i := range a.Scenario.clients() {
		own := *a
		own.Scenario.Rate /= float64(a.Scenario.clients())
		x, err := open(ctx, &own, d.last.Socket, i)
		if err != nil {
			return nil, errors.Join(err, c.Close())
		}
		c.each = append(c.each, x)
	}
	os.RemoveAll(filepath.Dir(d.last.Socket)) // nobody else is to come, and this host may be killed
	return c, nil
}

// openDialled opens the daemon and clients that are handles of this process.
func openDialled(ctx context.Context, a *assignment) (system, error) {
	return openClients(ctx, a, func(ctx context.Context, own *assignment, socket string, n int) (system, error) {
		return openExchange(ctx, own, func(ctx context.Context, _ *assignment) (engine, error) {
			return dial(ctx, socket, n)
		})
	})
}

// dial opens a handle for which the group waits: in a flood the clients are as
// likely as anybody to be the slowest.
func dial(ctx context.Context, socket string, n int) (engine, error) {
	h, err := evs.Dial(ctx, socket, evs.HandleOptions{WhenFull: evs.HoldGroup, Name: fmt.Sprintf("bench %d", n+1)})
	if err != nil {
		return nil, err
	}
	group, err := evs.GroupOf("bench")
	if err == nil {
		err = h.Join(group)
	}
	if err != nil {
		return nil, errors.Join(err, h.Close())
	}
	return dialled{h}, nil
}

func (c *clients) start(ctx context.Context, t *schedule) error {
	for _, x := range c.each {
		if err := x.start(ctx, t); err != nil {
			return err
		}
		go func() {
			select {
			case err := <-x.failed():
				select {
				case c.broken <- err:
				default:
				}
			case <-ctx.Done():
			}
		}()
	}
	go func() {
		for _, x := range c.each {
			select {
			case <-x.complete():
			case <-ctx.Done():
				return
			}
		}
		close(c.all)
	}()
	return nil
}

func (c *clients) halt() {
	for _, x := range c.each {
		x.halt()
	}
}

func (c *clients) complete() <-chan struct{} { return c.all }
func (c *clients) failed() <-chan error      { return c.broken }

// delivered is what a client got, of all on average.
func (c *clients) delivered() (n uint64) {
	for _, x := range c.each {
		n += x.delivered()
	}
	return n / uint64(len(c.each))
}

// cpu is of all processes: this one, if it is the clients.
func (c *clients) cpu() int64 {
	ns := c.daemon.ask().CPU
	for _, x := range c.each {
		if _, apart := x.(*program); !apart {
			return ns + cpuTime()
		}
		ns += x.cpu()
	}
	return ns
}

// collect puts what the clients have to tell together.
func (c *clients) collect(ctx context.Context) (*outcome, error) {
	var sum *outcome
	for _, x := range c.each {
		out, err := x.collect(ctx)
		if err != nil {
			return nil, err
		}
		if sum == nil {
			sum = out
			continue
		}
		sum.Sent += out.Sent
		sum.Deliveries += out.Deliveries
		sum.Changes, sum.Gap = max(sum.Changes, out.Changes), max(sum.Gap, out.Gap)
		sum.Others = append(sum.Others, out.Order)
		if err := sum.mix(out); err != nil {
			return nil, err
		}
	}
	sum.Deliveries /= uint64(len(c.each))
	sum.Engine = c.daemon.ask().State
	return sum, nil
}

// mix adds another client's latencies.
func (o *outcome) mix(other *outcome) error {
	both := []*outcome{o, other}
	own, err := merge(both, func(o *outcome) []byte { return o.Own })
	if err != nil {
		return err
	}
	all, err := merge(both, func(o *outcome) []byte { return o.All })
	if err != nil {
		return err
	}
	return o.time(own, all)
}

func (c *clients) Close() error {
	var errs []error
	for _, x := range c.each {
		errs = append(errs, x.Close())
	}
	done := make(chan error, 1)
	go func() { done <- c.daemon.Close() }()
	select {
	case err := <-done:
		errs = append(errs, err)
	case <-time.After(5 * time.Second):
		errs = append(errs, c.daemon.conn.kill())
	}
	return errors.Join(errs...)
}
