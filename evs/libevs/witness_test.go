package libevs

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"testing"

	"stampede/internal/trace"
)

// witness is a process of examples/witness.c. Its trace comes through a pipe: it
// is kept in memory and, for whoever judges files, in one.
type witness struct {
	name string
	path string // of the trace
	cmd  *exec.Cmd
	said *bytes.Buffer // on standard error

	mu     sync.Mutex
	grown  sync.Cond
	events []trace.Event
	at     place
	ended  bool
	err    error // how it ended, once all of the trace is read
	killed bool
}

// place is where a witness is at present.
type place struct {
	members   []uint32 // of the last regular configuration
	moving    bool     // a transitional one follows it
	heard     map[uint32]int
	delivered int // in all
	lives     int
}

// startWitness starts one by a command whose standard output is its own.
func startWitness(t testing.TB, name, dir string, c *exec.Cmd, said *bytes.Buffer) *witness {
	t.Helper()
	w := &witness{name: name, path: filepath.Join(dir, name+".jsonl"), cmd: c, said: said}
	w.grown.L = &w.mu
	c.Stdout = nil
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(w.path)
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		err := w.read(io.TeeReader(out, f))
		w.mu.Lock()
		defer w.mu.Unlock()
		w.err = errors.Join(err, f.Close(), c.Wait())
		w.ended = true
		w.grown.Broadcast()
	}()
	t.Cleanup(func() {
		w.kill()
		if t.Failed() {
			t.Logf("%s: %v, lives: %d, deliveries: %d\n%s", w.name, w.err, w.at.lives, w.at.delivered, w.said)
		}
	})
	return w
}

func (w *witness) read(from io.Reader) error {
	lines := trace.NewReader(from, w.path)
	for {
		var e trace.Event // its slices are the event's own
		if err := lines.Next(&e); err == io.EOF {
			return nil
		} else if err != nil {
			io.Copy(io.Discard, from) // it must not be held up
			return err
		}
		w.mu.Lock()
		w.events = append(w.events, e)
		w.at.take(&e)
		w.grown.Broadcast()
		w.mu.Unlock()
	}
}

func (p *place) take(e *trace.Event) {
	switch {
	case e.Kind == trace.Start:
		p.members, p.heard, p.lives = nil, map[uint32]int{}, p.lives+1
	case e.Kind == trace.Change && e.View == trace.Transitional:
		p.moving = true
	case e.Kind == trace.Change:
		p.members, p.moving, p.heard = e.Members, false, map[uint32]int{}
	case e.Kind == trace.Deliver:
		p.heard[e.Message.Sender.ID]++
		p.delivered++
	}
}

// await waits until the witness is where it should be; the test's time limit
// ends that, and so does its end.
func (w *witness) await(t testing.TB, what string, there func(*place) bool) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	for !there(&w.at) {
		if w.ended {
			t.Fatalf("%s ended before %s: %v\n%s", w.name, what, w.err, w.said)
		}
		w.grown.Wait()
	}
}

// among waits until it is in a configuration of these members and has been told
// so many messages of each there.
func (w *witness) among(t testing.TB, messages int, members ...uint32) {
	t.Helper()
	w.await(t, fmt.Sprint("it heard all of ", members), func(p *place) bool {
		if p.moving || !slices.Equal(p.members, members) {
			return false
		}
		for _, id := range members {
			if p.heard[id] < messages {
				return false
			}
		}
		return true
	})
}

// more waits until it has been told so many more messages.
func (w *witness) more(t testing.TB, messages int) {
	t.Helper()
	w.mu.Lock()
	messages += w.at.delivered
	w.mu.Unlock()
	w.await(t, "it was told more", func(p *place) bool { return p.delivered >= messages })
}

// kill is kill -9.
func (w *witness) kill() {
	w.mu.Lock()
	w.killed = true
	w.mu.Unlock()
	w.cmd.Process.Kill()
	w.end()
}

// stop tells it to end, and wants it to have got all that it sent.
func (w *witness) stop(t testing.TB) {
	t.Helper()
	w.cmd.Process.Signal(syscall.SIGTERM)
	if err := w.end(); err != nil {
		t.Errorf("%s: %v\n%s", w.name, err, w.said)
	}
}

func (w *witness) end() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for !w.ended {
		w.grown.Wait()
	}
	return w.err
}
