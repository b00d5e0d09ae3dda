package corosync

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"

	"stampede/bench/cclient"
)

// Node is a daemon and its client on this host.
type Node struct {
	*cclient.Client // nil: it was not started
	room            *room
	daemon          *exec.Cmd
	ended           chan struct{} // closed when the daemon has ended; nil: it was not started
	release         context.CancelCauseFunc
}

// Start starts both and returns when all hosts are in the group; what they
// say of their troubles goes to said. It needs root and a network namespace
// in which nothing else of the kind runs.
func Start(ctx context.Context, s Setup, said io.Writer) (*Node, error) {
	r, err := newRoom()
	if err != nil {
		return nil, err
	}
	n := &Node{room: r}
	ctx, n.release = context.WithCancelCause(ctx)
	if err := n.launch(ctx, &s, said); err != nil {
		n.Close()
		return nil, err
	}
	return n, nil
}

// In the room nothing else is in /run.
const confPath, clientPath = "/run/corosync.conf", "/run/client"

func (n *Node) launch(ctx context.Context, s *Setup, said io.Writer) error {
	path, err := daemon()
	if err != nil {
		return err
	}
	err = n.room.do(func() error {
		return errors.Join(os.WriteFile(confPath, []byte(s.Conf), 0o600), os.WriteFile(clientPath, s.Program, 0o700))
	})
	if err != nil {
		return err
	}
	if err := n.startDaemon(path, said); err != nil {
		return err
	}
	client := exec.Command(clientPath)
	client.Stderr = said
	if n.Client, err = cclient.Start(ctx, client, &s.Client, n.room.start); err != nil {
		return fmt.Errorf("%w: %w", ErrStart, err)
	}
	return nil
}

// startDaemon starts the daemon, whose end is the client's too.
func (n *Node) startDaemon(path string, said io.Writer) error {
	n.daemon = exec.Command(path, "-f", "-c", confPath)
	n.daemon.Stdout, n.daemon.Stderr = said, said
	if err := n.room.start(n.daemon); err != nil {
		return fmt.Errorf("corosync: starting %s: %w", path, err)
	}
	n.ended = make(chan struct{})
	go func() {
		defer close(n.ended)
		err := n.daemon.Wait()
		if err == nil {
			err = errors.New("it exited")
		}
		n.release(fmt.Errorf("%s ended: %w", path, err))
	}()
	return nil
}

// CPU is what daemon and client have used of the processors, in ns.
func (n *Node) CPU() int64 { return cclient.CPU(n.daemon.Process) + n.Client.CPU() }

// Close kills both and returns when they are gone.
func (n *Node) Close() {
	if n.Client != nil {
		n.Client.Close()
	}
	if n.ended != nil {
		n.daemon.Process.Kill() // an error says that it has ended
	}
	n.room.close()
	if n.ended != nil {
		<-n.ended
	}
	n.release(nil)
}
