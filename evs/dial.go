package evs

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"stampede/internal/ipc"
	"stampede/internal/shm"
)

// DefaultSocket is where a daemon is found if nothing else is said.
const DefaultSocket = "/run/stampede/stampede.sock"

// Dial opens a handle at the processor of a daemon, `stampede daemon`, which
// listens on a unix socket at address; default DefaultSocket. The handle does
// what one of an embedded processor does; what differs, its methods say. When
// the daemon ends, calls return ErrClosed at once, receiving ones behind the
// last event that came; Redial opens another handle. When the daemon has put this
// program out alone, the error is ErrSlow or ErrDisconnected, and ErrClosed too.
//
// Where ctx ends before the daemon has answered, Dial returns its error. Other
// errors are those of connecting (errors.Is: fs.ErrNotExist, where no socket is,
// syscall.ECONNREFUSED, where no daemon is behind it, fs.ErrPermission),
// ErrDenied, and ErrVersion.
func Dial(ctx context.Context, address string, o HandleOptions) (*Handle, error) {
	if address == "" {
		address = DefaultSocket
	}
	if o.QueueBytes < 0 {
		return nil, invalid("HandleOptions.QueueBytes", "%d is negative", o.QueueBytes)
	}
	if o.WhenFull > Disconnect {
		return nil, invalid("HandleOptions.WhenFull", "%d is none of the three", o.WhenFull)
	}
	var d net.Dialer
	s, err := d.DialContext(ctx, "unix", address)
	if err != nil {
		return nil, fmt.Errorf("evs: daemon: %w", err)
	}
	c := &conn{requests: s.(*net.UnixConn), address: address, options: o}
	// Whoever holds the socket may never answer.
	stop := context.AfterFunc(ctx, func() { s.SetDeadline(past) })
	err = c.greet()
	if !stop() {
		err = ctx.Err()
	}
	if err != nil {
		c.discard()
		return nil, err
	}
	return c.open()
}

// Redial opens a new handle at the daemon of a handle that came from Dial, with
// the same options and groups. It tries until the daemon is there again, or ctx
// ends. The new handle begins with the configuration of that time: what was
// delivered since the old one ended it will not see. Whom an operator has put out
// (ErrDisconnected) it would let in again at once, which was hardly meant.
func (h *Handle) Redial(ctx context.Context) (*Handle, error) {
	if h.away == nil {
		return nil, fmt.Errorf("evs: an embedded processor's handle has nothing to dial")
	}
	for pause := 10 * time.Millisecond; ; pause = min(2*pause, time.Second) {
		next, err := Dial(ctx, h.away.address, h.away.options)
		if err == nil {
			if err = next.Join(h.Groups()...); err == nil {
				return next, nil
			}
			next.Close()
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("%w (%w)", ctx.Err(), err)
		case <-time.After(pause):
		}
	}
}

var past = time.Unix(1, 0)

// greet says hello and reads the answer.
func (c *conn) greet() error {
	o := c.options
	hello := ipc.Hello{Least: ipc.Version, Most: ipc.Version, QueueBytes: uint64(o.QueueBytes), Name: o.Name}
	if hello.Name == "" {
		hello.Name = filepath.Base(os.Args[0])
	}
	r := ipc.Request{Op: ipc.OpHello}
	if o.WhenFull == HoldGroup {
		r.Flags |= ipc.Hold
	}
	if o.Everything {
		r.Flags |= ipc.Everything
	}
	if canShare {
		r.Flags |= ipc.Share
	}
	// Who is not let in may find the socket closed already, and why in it.
	_, refused := c.requests.Write(ipc.AppendRequest(nil, &r, hello.AppendTo(nil)))
	c.answers = ipc.NewInbox(ipc.LongestAnswer)
	var a ipc.Answer
	if err := c.firstAnswer(&a); err != nil {
		if refused != nil {
			return fmt.Errorf("evs: daemon: %w", refused)
		}
		return err
	}
	if a.Op == ipc.Bye || a.Status != ipc.OK {
		return daemonError(a.Status, a.Body)
	}
	w := &c.welcome
	if err := w.Parse(a.Body); err != nil {
		return fmt.Errorf("evs: daemon: %w", err)
	}
	if w.Version != ipc.Version {
		return fmt.Errorf("%w: %d, this program %d", ErrVersion, w.Version, ipc.Version)
	}
	if w.MaxMessage > math.MaxInt32 || c.events == nil {
		return fmt.Errorf("%w: its welcome is incomplete", ErrVersion)
	}
	return nil
}

// firstAnswer reads one answer, and what comes with it.
func (c *conn) firstAnswer(a *ipc.Answer) error {
	b, err := c.answers.Await(&greeting{c: c})
	if err == nil {
		err = a.Parse(b)
	}
	if err != nil {
		return fmt.Errorf("evs: daemon: %w", err)
	}
	return nil
}

// greeting reads the request socket while descriptors may come on it: first the
// event socket, then the file of shared memory.
type greeting struct {
	c    *conn
	came int
}

func (g *greeting) Read(b []byte) (int, error) {
	n, files, err := readWithFiles(g.c.requests, b)
	for _, f := range files {
		g.came++
		if g.came == 2 && canShare {
			g.c.incoming.shared = &shared{memory: shm.Open(f)}
			continue // which keeps it
		}
		if g.came == 1 && err == nil {
			g.c.events, err = connOf(f)
		}
		f.Close()
	}
	return n, err
}

// connOf makes a connection of a file.
func connOf(f *os.File) (*net.UnixConn, error) {
	c, err := net.FileConn(f) // a duplicate
	if err != nil {
		return nil, err
	}
	u, ok := c.(*net.UnixConn)
	if !ok {
		c.Close()
		return nil, errors.New("the event socket is no unix socket")
	}
	return u, nil
}

// open starts what a connection that was welcomed lives by.
func (c *conn) open() (*Handle, error) {
	w := &c.welcome
	h := &Handle{away: c, origin: w.Origin, limit: int(w.QueueBytes)}
	h.filter.Store(c.options.firstFilter())
	c.h = h
	c.self = Member{ID: ProcessorID(w.Processor), Incarnation: w.Incarnation}
	var err error
	if c.rawRequests, err = c.requests.SyscallConn(); err == nil {
		c.rawEvents, err = c.events.SyscallConn()
	}
	if err != nil {
		c.discard()
		return nil, fmt.Errorf("evs: daemon: %w", err)
	}
	c.init()
	if c.incoming.shared != nil {
		// A program that closes the handle may look at its last events still.
		runtime.AddCleanup(h, (*shared).close, c.incoming.shared)
	}
	go c.hear()
	go c.write()
	return h, nil
}

// discard closes a connection that never came to life.
func (c *conn) discard() {
	c.requests.Close()
	if c.events != nil {
		c.events.Close()
	}
	c.incoming.shared.close()
}

// daemonError is an answer's status as an error of this package.
func daemonError(s ipc.Status, text []byte) error {
	err := statusErrors[s]
	switch {
	case s == ipc.OK:
		return nil
	case err == nil:
		return fmt.Errorf("evs: daemon: %v: %s", s, text)
	case len(text) == 0:
		return err
	}
	return fmt.Errorf("%w: %s", err, text)
}

var statusErrors = map[ipc.Status]error{
	ipc.Again:       ErrAgain,
	ipc.TooLarge:    ErrTooLarge,
	ipc.NotJoined:   ErrNotJoined,
	ipc.TooManyKeys: ErrTooManyGroups,
	ipc.BadWord:     ErrGuarantee,
	ipc.Closed:      ErrClosed,
	ipc.Slow:        ErrSlow,
	ipc.Denied:      ErrDenied,
	ipc.BadVersion:  ErrVersion,
	ipc.WouldBlock:  ErrWouldBlock,

	ipc.Disconnected: ErrDisconnected,
}
