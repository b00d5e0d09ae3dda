package corosync

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

// Node is a daemon and its client on this host.
type Node struct {
	room    *room
	shared  []byte // with the client: messages delivered
	say     io.WriteCloser
	lines   chan string   // of the client
	broken  chan error    // capacity 2: how the processes ended
	gone    chan struct{} // closed by Close
	ended   [2]chan struct{}
	running []*exec.Cmd

	complete chan struct{}
	failed   chan error // capacity 1
	reports  chan *Report
}

// Start starts both and returns when all hosts are in the group; what they
// say of their troubles goes to said. It needs root and a network namespace
// in which nothing else of the kind runs.
func Start(ctx context.Context, s Setup, said io.Writer) (*Node, error) {
	r, err := newRoom()
	if err != nil {
		return nil, err
	}
	n := &Node{
		room: r, lines: make(chan string), broken: make(chan error, 2), gone: make(chan struct{}),
		complete: make(chan struct{}), failed: make(chan error, 1), reports: make(chan *Report, 1),
	}
	if err := n.launch(&s, said); err != nil {
		n.Close()
		return nil, err
	}
	if err := n.ready(ctx); err != nil {
		n.Close()
		return nil, err
	}
	go n.follow()
	return n, nil
}

// In the room nothing else is in /run.
const confPath, clientPath = "/run/corosync.conf", "/run/client"

func (n *Node) launch(s *Setup, said io.Writer) error {
	path, err := daemon()
	if err != nil {
		return err
	}
	err = n.room.do(func() error {
		return errors.Join(os.WriteFile(confPath, []byte(s.Conf), 0o600), os.WriteFile(clientPath, s.Client, 0o700))
	})
	if err != nil {
		return err
	}
	daemon := exec.Command(path, "-f", "-c", confPath)
	daemon.Stdout, daemon.Stderr = said, said
	if err := n.start(0, daemon); err != nil {
		return err
	}
	memory, err := n.share()
	if err != nil {
		return err
	}
	defer memory.Close()
	client := exec.Command(clientPath, strconv.Itoa(s.Host), strconv.Itoa(s.Hosts), strconv.Itoa(s.Senders), strconv.Itoa(s.Size))
	client.Stderr = said
	client.ExtraFiles = []*os.File{memory}
	if n.say, err = client.StdinPipe(); err != nil {
		return err
	}
	// Not StdoutPipe: Wait would close it before all is read.
	out, in, err := os.Pipe()
	if err != nil {
		return err
	}
	client.Stdout = in
	err = n.start(1, client)
	in.Close()
	if err != nil {
		out.Close()
		return err
	}
	go n.listen(out)
	return nil
}

// start starts one of the two processes.
func (n *Node) start(i int, cmd *exec.Cmd) error {
	if err := n.room.start(cmd); err != nil {
		return fmt.Errorf("corosync: starting %s: %w", cmd.Path, err)
	}
	n.running = append(n.running, cmd)
	n.ended[i] = make(chan struct{})
	go func() {
		defer close(n.ended[i])
		err := cmd.Wait()
		if err == nil {
			err = errors.New("it exited")
		}
		n.broken <- fmt.Errorf("%s ended: %w", cmd.Path, err)
	}()
	return nil
}

// share makes the memory that the client counts in.
func (n *Node) share() (*os.File, error) {
	fd, err := unix.MemfdCreate("delivered", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("corosync: memfd_create: %w", err)
	}
	f := os.NewFile(uintptr(fd), "delivered")
	size := os.Getpagesize()
	if err = f.Truncate(int64(size)); err == nil {
		n.shared, err = unix.Mmap(fd, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("corosync: shared memory: %w", err)
	}
	return f, nil
}

func (n *Node) listen(out io.ReadCloser) {
	defer out.Close()
	defer close(n.lines)
	for s := bufio.NewScanner(out); s.Scan(); {
		select {
		case n.lines <- s.Text():
		case <-n.gone:
			return
		}
	}
}

// next is the client's next line.
func (n *Node) next(ctx context.Context) (string, error) {
	for {
		select {
		case line, ok := <-n.lines:
			if reason, failed := strings.CutPrefix(line, "failed "); failed {
				return "", errors.New(reason)
			}
			if ok {
				return line, nil
			}
			return "", <-n.broken
		case err := <-n.broken:
			return "", err
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
}

func (n *Node) ready(ctx context.Context) error {
	line, err := n.next(ctx)
	if err == nil && line != "ready" {
		err = fmt.Errorf("the client said %q", line)
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrStart, err)
	}
	return nil
}

// follow hears the client out.
func (n *Node) follow() {
	report := &Report{}
	for {
		line, err := n.next(context.Background())
		if err == nil && line == "complete" {
			close(n.complete)
			continue
		}
		var end bool
		if err == nil {
			end, err = report.line(line)
		}
		if err != nil {
			n.failed <- err
			return
		}
		if end {
			n.reports <- report
			return
		}
	}
}

// Begin tells the client when to do what.
func (n *Node) Begin(s Schedule) error {
	_, err := fmt.Fprintf(n.say, "go %d %d %d %d %.6f\n", s.Start, s.Warm, s.End, s.First, s.Interval)
	return err
}

// Delivered is the number of messages so far.
func (n *Node) Delivered() uint64 {
	return atomic.LoadUint64((*uint64)(unsafe.Pointer(&n.shared[0])))
}

// CPU is what daemon and client have used of the processors, in ns.
func (n *Node) CPU() (ns int64) {
	for _, cmd := range n.running {
		var t unix.Timespec
		// The clock of a process: CPUCLOCK_SCHED is 2 (clock_getcpuclockid(3)).
		if unix.ClockGettime(^int32(cmd.Process.Pid)<<3|2, &t) == nil {
			ns += t.Nano()
		}
	}
	return ns
}

// Complete is closed when all that was sent has been delivered here.
func (n *Node) Complete() <-chan struct{} { return n.complete }

// Failed gets the reason when the node cannot go on.
func (n *Node) Failed() <-chan error { return n.failed }

// Collect asks the client for its report.
func (n *Node) Collect(ctx context.Context) (*Report, error) {
	if _, err := io.WriteString(n.say, "collect\n"); err != nil {
		return nil, fmt.Errorf("corosync: the client: %w", err)
	}
	select {
	case r := <-n.reports:
		return r, nil
	case err := <-n.failed:
		return nil, err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Close kills both and returns when they are gone.
func (n *Node) Close() {
	close(n.gone)
	for _, cmd := range n.running {
		cmd.Process.Kill() // an error says that it has ended
	}
	n.room.close()
	for _, ended := range n.ended {
		if ended != nil {
			<-ended
		}
	}
	if n.say != nil {
		n.say.Close()
	}
}
