package drill

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync/atomic"
)

// process is one life of a processor.
type process struct {
	name  string // of the host and the life
	cmd   *exec.Cmd
	log   string // path of what it writes to standard error
	ended chan struct{}
	meant atomic.Bool // its end was asked for
	err   error       // how it ended, after ended
}

// start runs cmd with its standard error in a file. Ends that were not meant
// are sent to died.
func start(name string, cmd *exec.Cmd, log string, died chan<- *process) (*process, error) {
	f, err := os.Create(log)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	cmd.Stdout, cmd.Stderr = f, f
	detach(cmd)
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	p := &process{name: name, cmd: cmd, log: log, ended: make(chan struct{})}
	go func() {
		p.err = cmd.Wait()
		close(p.ended)
		if !p.meant.Load() {
			select {
			case died <- p:
			default: // one death is enough to end the drill
			}
		}
	}()
	return p, nil
}

// kill ends it at once, also while it is paused.
func (p *process) kill() {
	p.meant.Store(true)
	p.cmd.Process.Kill()
	<-p.ended
}

// terminate asks it to leave; reap waits until it has.
func (p *process) terminate() error {
	p.meant.Store(true)
	return ignoreDone(terminate(p.cmd.Process))
}

func (p *process) reap(limit context.Context) error {
	select {
	case <-p.ended:
		if p.err != nil {
			return p.death(p.err)
		}
		return nil
	case <-limit.Done():
		p.kill()
		return p.death(errors.New("it did not leave in time and was killed"))
	}
}

// crashed says, of one that has ended, that it did so neither as asked nor with
// the status of a program that has lost its daemon: by a signal, a panic, or what
// a sanitizer found.
func (p *process) crashed() bool {
	return p.err != nil && p.cmd.ProcessState.ExitCode() != statusLost
}

// statusLost is how a program ends whose daemon did.
const statusLost = 1

// ignoreDone is err unless the process had ended before: that is told by itself.
func ignoreDone(err error) error {
	if errors.Is(err, os.ErrProcessDone) {
		return nil
	}
	return err
}

func (p *process) death(err error) error {
	if err == nil {
		err = errors.New("it left by itself")
	}
	return &Death{p.name, err, lastLines(p.log), p.log}
}

// Death tells of a processor that ended otherwise than it should have.
type Death struct {
	Name string // host and life
	Err  error
	Said string // its last words
	Log  string // the file with all of them
}

func (d *Death) Error() string {
	return fmt.Sprintf("%s: %v; its last words in %s:\n%s", d.Name, d.Err, d.Log, d.Said)
}

func (d *Death) Unwrap() error { return d.Err }

// lastBytes is how much of a log is told.
const lastBytes = 2000

func lastLines(path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	return string(text[max(0, len(text)-lastBytes):])
}
