package cclient

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Client is a load client that runs.
type Client struct {
	cmd    *exec.Cmd
	shared []byte // messages delivered
	say    io.WriteCloser
	lines  chan string
	gone   chan struct{} // closed by Close
	ended  chan struct{} // closed when the process has ended, for the reason
	reason error

	complete chan struct{}
	failed   chan error    // capacity 1
	broken   chan struct{} // closed when it cannot go on, because of
	why      error
	reports  chan *Report
}

// Start starts the program that cmd names, by start, and returns when all hosts
// are in the group. The client fails when ctx ends, with ctx's cause.
func Start(ctx context.Context, cmd *exec.Cmd, s *Setup, start func(*exec.Cmd) error) (*Client, error) {
	c := &Client{
		cmd: cmd, lines: make(chan string), gone: make(chan struct{}), ended: make(chan struct{}),
		complete: make(chan struct{}), failed: make(chan error, 1), broken: make(chan struct{}), reports: make(chan *Report, 1),
	}
	if err := c.launch(s, start); err != nil {
		return nil, fmt.Errorf("bench: starting the client: %w", err)
	}
	line, err := c.next(ctx)
	if err == nil && line != "ready" {
		err = fmt.Errorf("bench: the client said %q", line)
	}
	if err != nil {
		c.Close()
		return nil, err
	}
	go c.follow(ctx)
	return c, nil
}

func (c *Client) launch(s *Setup, start func(*exec.Cmd) error) error {
	memory, err := c.share(s.Payload)
	if err != nil {
		return err
	}
	defer memory.Close()
	c.cmd.ExtraFiles = []*os.File{memory}
	more := 1
	if s.Each {
		more = 0
	}
	for _, n := range []int{s.Host, s.Hosts, s.Senders, s.Clients, len(s.Payload), int(s.Guarantee), more} {
		c.cmd.Args = append(c.cmd.Args, strconv.Itoa(n))
	}
	if c.say, err = c.cmd.StdinPipe(); err != nil {
		return err
	}
	// Not StdoutPipe: Wait would close it before all is read.
	out, in, err := os.Pipe()
	if err != nil {
		return err
	}
	c.cmd.Stdout = in
	err = start(c.cmd)
	in.Close()
	if err != nil {
		out.Close()
		return err
	}
	go c.listen(out)
	go func() {
		defer close(c.ended)
		if c.reason = c.cmd.Wait(); c.reason == nil {
			c.reason = errors.New("it exited")
		}
	}()
	return nil
}

// payloadAt is where the memory that is shared has the payload: see client.c.
const payloadAt = 64

// share makes the memory that the client counts in, and has its payload from.
func (c *Client) share(payload []byte) (*os.File, error) {
	fd, err := unix.MemfdCreate("delivered", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("memfd_create: %w", err)
	}
	f := os.NewFile(uintptr(fd), "delivered")
	if _, err = f.WriteAt(payload, payloadAt); err == nil {
		err = f.Truncate(int64(payloadAt + len(payload)))
	}
	if err == nil {
		c.shared, err = unix.Mmap(fd, 0, payloadAt, unix.PROT_READ, unix.MAP_SHARED)
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("shared memory: %w", err)
	}
	return f, nil
}

func (c *Client) listen(out io.ReadCloser) {
	defer out.Close()
	defer close(c.lines)
	for s := bufio.NewScanner(out); s.Scan(); {
		select {
		case c.lines <- s.Text():
		case <-c.gone:
			return
		}
	}
}

// next is the client's next line.
func (c *Client) next(ctx context.Context) (string, error) {
	select {
	case line, ok := <-c.lines:
		if reason, failed := strings.CutPrefix(line, "failed "); failed {
			return "", errors.New(reason)
		}
		if ok {
			return line, nil
		}
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
	select {
	case <-c.ended:
		return "", fmt.Errorf("the client ended: %w", c.reason)
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
}

// follow hears the client out.
func (c *Client) follow(ctx context.Context) {
	report := &Report{}
	for {
		line, err := c.next(ctx)
		if err == nil && line == "complete" {
			close(c.complete)
			continue
		}
		var end bool
		if err == nil {
			end, err = report.line(line)
		}
		if err != nil {
			c.why = err
			close(c.broken)
			c.failed <- err
			return
		}
		if end {
			c.reports <- report
			return
		}
	}
}

// Begin tells the client when to do what.
func (c *Client) Begin(s Schedule) error {
	_, err := fmt.Fprintf(c.say, "go %d %d %d %d %.6f\n", s.Start, s.Warm, s.End, s.First, s.Interval)
	return err
}

// Delivered is the number of messages so far.
func (c *Client) Delivered() uint64 {
	return atomic.LoadUint64((*uint64)(unsafe.Pointer(&c.shared[0])))
}

// CPU is what the client has used of the processors, in ns.
func (c *Client) CPU() int64 { return CPU(c.cmd.Process) }

// CPU is what a process has used of the processors, in ns; 0 when it has ended.
func CPU(p *os.Process) int64 {
	var t unix.Timespec
	// The clock of a process: CPUCLOCK_SCHED is 2 (clock_getcpuclockid(3)).
	if unix.ClockGettime(^int32(p.Pid)<<3|2, &t) != nil {
		return 0
	}
	return t.Nano()
}

// Complete is closed when all that was sent has been delivered here.
func (c *Client) Complete() <-chan struct{} { return c.complete }

// Failed gets the reason when the client cannot go on.
func (c *Client) Failed() <-chan error { return c.failed }

// Collect asks the client for its report.
func (c *Client) Collect(ctx context.Context) (*Report, error) {
	if _, err := io.WriteString(c.say, "collect\n"); err != nil {
		return nil, fmt.Errorf("bench: the client: %w", err)
	}
	select {
	case r := <-c.reports:
		return r, nil
	case <-c.broken:
		return nil, c.why
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Close kills the client and returns when it is gone.
func (c *Client) Close() {
	close(c.gone)
	c.cmd.Process.Kill() // an error says that it has ended
	<-c.ended
	c.say.Close()
}
