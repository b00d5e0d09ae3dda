package bench

import (
	"context"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"sync"
	"time"
)

// conn is the parent's end of the conversation with one host.
type conn struct {
	in   io.WriteCloser // closing it ends the host
	out  io.Reader
	wait func() error // after out has ended: how the host ended
	kill func() error // at once, without its knowing
}

// launcher starts host n, from 1. The host ends, at the latest, with ctx.
type launcher func(ctx context.Context, n int) (*conn, error)

// startProcess starts a host that is a process of its own.
func startProcess(cmd *exec.Cmd) (*conn, error) {
	dieWithParent(cmd)
	cmd.WaitDelay = 2 * time.Second
	said := &excerpt{}
	cmd.Stderr = said
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	wait := func() error {
		err := cmd.Wait()
		if text := said.String(); err != nil && text != "" {
			return fmt.Errorf("%w: %s", err, text)
		}
		return err
	}
	return &conn{in, out, wait, cmd.Process.Kill}, nil
}

// excerpt keeps the beginning and the end of what is written to it: a panic
// has its reason first, a log has it last.
type excerpt struct {
	mu          sync.Mutex
	first, last []byte
	cut         bool // something between was dropped
}

// excerptBytes is kept of the beginning, and as much of the end.
const excerptBytes = 2 << 10

func (e *excerpt) Write(p []byte) (int, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	n := len(p)
	room := min(n, excerptBytes-len(e.first))
	e.first = append(e.first, p[:room]...)
	e.last = append(e.last, p[room:]...)
	if over := len(e.last) - excerptBytes; over > 0 {
		e.last = append(e.last[:0], e.last[over:]...)
		e.cut = true
	}
	return n, nil
}

func (e *excerpt) String() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	between := ""
	if e.cut {
		between = " … "
	}
	return strings.TrimSpace(string(e.first) + between + string(e.last))
}
