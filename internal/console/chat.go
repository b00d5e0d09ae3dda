package console

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"stampede/evs"
)

// Chat is a conversation of whoever has joined a group: lines in, lines out.
type Chat struct {
	Handle    *evs.Handle // has joined the group, and asks for confirmations
	Name      string      // stands before what is sent
	Guarantee evs.Guarantee
	Lines     func() (string, error)           // the next line that was typed; io.EOF behind the last
	Show      func(*evs.Event, []string) error // an event, and what is to be said of it
}

// Run returns when the last line that was typed has come back from the group,
// with nil; or when ctx ends, or something fails.
func (c *Chat) Run(ctx context.Context) error {
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	p := &progress{over: func() { end(errOver) }}
	go func() {
		if err := c.send(ctx, p); err != nil {
			end(err)
		}
	}()
	err := c.receive(ctx, p)
	if cause := context.Cause(ctx); cause != nil && errors.Is(err, context.Canceled) {
		err = cause
	}
	if errors.Is(err, errOver) {
		return nil
	}
	return err
}

var errOver = errors.New("all that was typed has come back")

// progress tells when all that was sent has been delivered.
type progress struct {
	mu         sync.Mutex
	sent, seen uint64 // numbers of own messages
	typed      bool   // nothing more will be sent
	over       func()
}

func (p *progress) update(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f()
	if p.typed && p.seen >= p.sent {
		p.over()
	}
}

// send sends what is typed.
func (c *Chat) send(ctx context.Context, p *progress) error {
	for {
		line, err := c.Lines()
		if err == io.EOF {
			p.update(func() { p.typed = true })
			return nil
		}
		if err != nil {
			return err
		}
		if line == "" {
			continue
		}
		number, err := c.Handle.McastJoined(ctx, c.Guarantee, []byte(c.Name), []byte(": "), []byte(line))
		if err != nil {
			return err
		}
		p.update(func() { p.sent = number })
	}
}

// receive shows what comes.
func (c *Chat) receive(ctx context.Context, p *progress) error {
	self, origin, first := c.Handle.Self(), c.Handle.Origin(), true
	for e, err := range c.Handle.Events(ctx) {
		if err != nil {
			return err
		}
		var lines []string
		switch e.Kind {
		case evs.Deliver:
			lines = []string{fmt.Sprintf("[%d] %s", e.Sender, Printable(string(e.Payload)))}
		case evs.Regular:
			lines = News(e.Config, first)
			first = false
		}
		if err := c.Show(&e, lines); err != nil {
			return err
		}
		if e.Kind == evs.Deliver && e.Sender == self.ID && e.Incarnation == self.Incarnation && e.Origin == origin {
			p.update(func() { p.seen = e.Number })
		}
	}
	return nil
}

// Lines gives the lines of r, one a call, without what ends them; io.EOF behind
// the last. A line of more than most bytes is an error.
func Lines(r io.Reader, most int) func() (string, error) {
	s := bufio.NewScanner(r)
	s.Buffer(nil, most)
	return func() (string, error) {
		switch {
		case s.Scan():
			return s.Text(), nil
		case errors.Is(s.Err(), bufio.ErrTooLong):
			return "", fmt.Errorf("a line has more than %d bytes", most)
		case s.Err() != nil:
			return "", s.Err()
		}
		return "", io.EOF
	}
}
