package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"

	"stampede/internal/ipc"
)

// control is a connection to a daemon for questions and commands: it has no
// handle, and so counts for none of max-clients.
type control struct {
	conn net.Conn
	in   *ipc.Inbox
	next uint32 // request
	stop func() bool
}

// refused is an answer that is none: the daemon says why.
type refused struct {
	status ipc.Status
	text   string
}

func (r refused) Error() string {
	if r.text == "" {
		return "daemon: " + r.status.String()
	}
	return "daemon: " + r.text
}

// dialControl connects, and has all the time that ctx gives, for what is asked
// too.
func dialControl(ctx context.Context, address string) (*control, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "unix", address)
	if err != nil {
		return nil, fmt.Errorf("daemon: %w", err)
	}
	c := &control{conn: conn, in: ipc.NewInbox(ipc.LongestAnswer)}
	c.stop = context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
	hello := ipc.Hello{Least: ipc.Version, Most: ipc.Version, Name: filepath.Base(os.Args[0])}
	if _, err := c.request(&ipc.Request{Op: ipc.OpHello, Flags: ipc.Control, Body: hello.AppendTo(nil)}); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

func (c *control) Close() error {
	c.stop()
	return c.conn.Close()
}

// command has the daemon do something. The answer is JSON, or empty.
func (c *control) command(text string) ([]byte, error) {
	return c.request(&ipc.Request{Op: ipc.OpCommand, Body: []byte(text)})
}

// request sends one request and returns the body of its answer.
func (c *control) request(r *ipc.Request) ([]byte, error) {
	c.next++
	r.ID = c.next
	if _, err := c.conn.Write(ipc.AppendRequest(nil, r)); err != nil {
		return nil, fmt.Errorf("daemon: %w", err)
	}
	for {
		record, err := c.in.Next()
		if err != nil {
			return nil, fmt.Errorf("daemon: %w", err)
		}
		if record == nil {
			n, err := c.conn.Read(c.in.Room())
			if err != nil {
				return nil, fmt.Errorf("daemon: %w", err)
			}
			c.in.Filled(n)
			continue
		}
		var a ipc.Answer
		switch err := a.Parse(record); {
		case err != nil:
			return nil, fmt.Errorf("daemon: %w", err)
		case a.Op == ipc.Bye, a.ID == r.ID && a.Status != ipc.OK:
			return nil, refused{a.Status, string(a.Body)}
		case a.ID == r.ID:
			return append([]byte{}, a.Body...), nil
		}
	}
}
