package daemon

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"syscall"
	"time"

	"stampede/evs"
	"stampede/internal/ipc"
)

// ErrAbsent: there is no daemon, or it has ended meanwhile.
var ErrAbsent = errors.New("no daemon")

// Control is a connection to a daemon for questions and commands: it takes no
// place among the clients that have handles. For one goroutine at a time.
//
// Errors to be told apart, with errors.Is: ErrAbsent; evs.ErrDenied, what this
// user may not; evs.ErrVersion; evs.ErrDisconnected; and that of the context, behind which the
// connection is of no more use. All others are the daemon's words.
type Control struct {
	conn    *net.UnixConn
	address string
	inbox   *ipc.Inbox
	id      uint32
}

// DialControl connects to the daemon at a socket, under a name that its
// operators see.
func DialControl(ctx context.Context, address, name string) (*Control, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "unix", address)
	if err != nil {
		return nil, Explain(address, err)
	}
	c := &Control{conn: conn.(*net.UnixConn), address: address, inbox: ipc.NewInbox(ipc.LongestAnswer)}
	hello := ipc.Hello{Least: ipc.Version, Most: ipc.Version, Name: name}
	body, err := c.ask(ctx, &ipc.Request{Op: ipc.OpHello, Flags: ipc.Control, Body: hello.AppendTo(nil)})
	var w ipc.Welcome
	if err == nil {
		if err = w.Parse(body); err == nil && w.Version != ipc.Version {
			err = fmt.Errorf("%w: %d, this program %d", evs.ErrVersion, w.Version, ipc.Version)
		}
	}
	if err != nil {
		conn.Close()
		return nil, err
	}
	return c, nil
}

// Close ends the connection.
func (c *Control) Close() error { return c.conn.Close() }

// Query asks one of the questions of docs/ipc.md, and reads the answer into a
// pointer as encoding/json does.
func (c *Control) Query(ctx context.Context, what string, into any) error {
	body, err := c.ask(ctx, &ipc.Request{Op: ipc.OpQuery, Body: []byte(what)})
	if err != nil {
		return err
	}
	if err := json.Unmarshal(body, into); err != nil {
		return fmt.Errorf("the daemon's answer to %q: %w", what, err)
	}
	return nil
}

// Command has the daemon do something. Its answer is JSON, or empty.
func (c *Control) Command(ctx context.Context, text string) ([]byte, error) {
	return c.ask(ctx, &ipc.Request{Op: ipc.OpCommand, Body: []byte(text)})
}

// Ended waits until the daemon ends the connection; nil when it has.
func (c *Control) Ended(ctx context.Context) error {
	err := c.within(ctx, func() error {
		for {
			if _, err := c.next(); err != nil {
				return err
			}
		}
	})
	if errors.Is(err, ErrAbsent) {
		return nil
	}
	return err
}

// ask sends a request and waits for its answer's body, which is the caller's.
func (c *Control) ask(ctx context.Context, r *ipc.Request) (body []byte, err error) {
	c.id++
	r.ID = c.id
	err = c.within(ctx, func() error {
		// Where this fails the daemon has closed, and its last word tells more.
		c.conn.Write(ipc.AppendRequest(nil, r))
		for {
			a, err := c.next()
			if err != nil {
				return err
			}
			if a.ID == r.ID {
				body = append([]byte(nil), a.Body...)
				return refused(&a)
			}
		}
	})
	return body, err
}

// within lets the end of ctx end what f does with the connection.
func (c *Control) within(ctx context.Context, f func() error) error {
	stop := context.AfterFunc(ctx, func() { c.conn.SetDeadline(time.Unix(1, 0)) })
	err := f()
	if !stop() {
		c.conn.Close() // an answer may be on its way still
		return fmt.Errorf("the daemon at %s has not answered: %w", c.address, ctx.Err())
	}
	return err
}

// next reads one answer; a bye is an error.
func (c *Control) next() (a ipc.Answer, err error) {
	b, err := c.inbox.Await(c.conn)
	if err != nil && !errors.Is(err, ipc.ErrLength) {
		return a, Explain(c.address, err)
	}
	if err == nil {
		err = a.Parse(b)
	}
	if err != nil {
		return a, fmt.Errorf("the daemon at %s: %w", c.address, err)
	}
	if a.Op == ipc.Bye {
		err = refused(&a)
	}
	return a, err
}

// refused is the status of an answer as an error.
func refused(a *ipc.Answer) error {
	kind := map[ipc.Status]error{ipc.Closed: ErrAbsent, ipc.Denied: evs.ErrDenied, ipc.BadVersion: evs.ErrVersion,
		ipc.Disconnected: evs.ErrDisconnected}[a.Status]
	switch {
	case a.Status == ipc.OK:
		return nil
	case kind != nil:
		return fmt.Errorf("%w: %s", kind, a.Body)
	case len(a.Body) == 0:
		return errors.New(a.Status.String())
	}
	return fmt.Errorf("%s", a.Body)
}

// Explain makes an error of connecting to a daemon, or of a connection, be
// ErrAbsent where that is what it comes to. Errors of evs.Dial, and of handles
// that came from it, are such errors too.
func Explain(address string, err error) error {
	has := func(kinds ...error) bool {
		for _, kind := range kinds {
			if errors.Is(err, kind) {
				return true
			}
		}
		return false
	}
	switch {
	case err == nil, has(ErrAbsent, evs.ErrDenied, evs.ErrVersion, evs.ErrSlow, evs.ErrDisconnected):
		return err
	case has(fs.ErrNotExist, syscall.ENOTDIR, syscall.ECONNREFUSED):
		return fmt.Errorf("%w listens at %s (%w)", ErrAbsent, address, cause(err))
	case has(evs.ErrClosed, io.EOF, io.ErrUnexpectedEOF, syscall.ECONNRESET, syscall.EPIPE):
		return fmt.Errorf("%w any more at %s: %w", ErrAbsent, address, err)
	}
	return err
}

// cause leaves out who has passed an error on.
func cause(err error) error {
	if e := (syscall.Errno)(0); errors.As(err, &e) {
		return e
	}
	return err
}
