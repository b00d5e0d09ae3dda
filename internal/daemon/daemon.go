package daemon

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"time"

	"stampede/evs"
)

// Options say what a daemon does.
type Options struct {
	Config   evs.Config
	Socket   string            // path of the unix socket
	Mode     fs.FileMode       // of the socket
	UID, GID int               // owner of the socket; -1 = unchanged
	Listener *net.UnixListener // instead of Socket: socket activation
	Policy   Policy
	// FirstClients are names of clients that must have joined something before the
	// processor takes part: these miss nothing of its life. A name that is there
	// twice means two clients. None: clients are accepted once the processor is in
	// its first configuration.
	FirstClients []string
	// Reload reads the configuration again, when an operator asks for it. The
	// words are keys that changed and take effect at the next start only.
	Reload func() (Policy, []string, error)
	// Reloads asks for that as an operator does; the function is told how it went.
	Reloads <-chan func(restart []string, err error)
	// Level is what the logger goes by, for those who may change it.
	Level   *slog.LevelVar
	Logger  *slog.Logger
	Version string
	Ready   func() // is called once: clients are accepted, in a configuration
	Alive   func() // is called every second in which the processor's loop turned
}

// leaveWithin is how long a daemon that is to end waits for the group.
const leaveWithin = 5 * time.Second

// Run is a daemon until ctx ends, or somebody who may commands it: it accepts
// no more from clients then, leaves the group, and tells them. Its errors name
// the step that failed, and how to mend it.
func Run(ctx context.Context, o Options) error {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	o.Config.Logger = o.Logger
	var err error
	if o.Config, err = o.Config.Resolve(); err != nil {
		return step("settings", err, "")
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	release, err := claim(&o.Config)
	if err != nil {
		return err
	}
	defer release()
	l := o.Listener
	if l == nil {
		if l, err = listen(&o); err != nil {
			return err
		}
	}
	defer l.Close()
	p, err := evs.Prepare(o.Config)
	if err != nil {
		return step("join", err, mend(err))
	}
	defer p.Close()
	s := New(p, ServerOptions{Policy: o.Policy, Reload: o.Reload, Level: o.Level, Logger: o.Logger, Version: o.Version, Stop: stop})
	served := make(chan error, 1)
	if len(o.FirstClients) > 0 {
		there := s.expect(o.FirstClients)
		go func() { served <- s.Serve(l) }()
		o.Logger.Info("waiting for clients", "names", o.FirstClients)
		select {
		case <-there:
		case <-ctx.Done():
		case err := <-served:
			s.Close()
			return step("accept", err, "")
		}
	}
	if err := p.Start(ctx); err != nil {
		s.Close()
		if ctx.Err() != nil { // it was stopped while it waited for others
			o.Logger.Info("stopped", "error", err)
			return nil
		}
		return step("join", err, mend(err))
	}
	if len(o.FirstClients) == 0 {
		go func() { served <- s.Serve(l) }()
	}
	if o.Ready != nil {
		o.Ready()
	}
	go s.reloads(ctx, o.Reloads)
	if o.Alive != nil {
		go whileAlive(ctx, p, o.Alive)
	}
	return s.until(ctx, served)
}

// step names what failed when the daemon started, and how to mend it.
func step(name string, err error, mend string) error {
	if mend == "" {
		return fmt.Errorf("daemon: %s: %w", name, err)
	}
	return fmt.Errorf("daemon: %s: %w: %s", name, err, mend)
}

// until waits for the end and does what is to be done then.
func (s *Server) until(ctx context.Context, served <-chan error) error {
	gone := make(chan error, 1)
	go func() { gone <- s.p.Wait(ctx) }()
	select {
	case err := <-served:
		s.Close()
		return step("accept", err, "")
	case err := <-gone:
		if ctx.Err() == nil {
			s.Close()
			return step("processor", err, mend(err))
		}
	case <-ctx.Done():
	}
	s.logger.Info("stopping", "clients", s.Clients())
	s.refuse()
	leave, cancel := context.WithTimeout(context.Background(), leaveWithin)
	defer cancel()
	err := s.p.Leave(leave)
	s.awaitTaken(leave)
	s.Close()
	if err != nil && !errors.Is(err, evs.ErrClosed) {
		// It was to end, and has: others find out what they lack, or by Detect.
		s.logger.Warn("left early", "error", err)
	}
	return nil
}

// reloads does what is asked for from inside this program.
func (s *Server) reloads(ctx context.Context, asked <-chan func([]string, error)) {
	for {
		select {
		case <-ctx.Done():
			return
		case tell := <-asked:
			tell(s.Reload())
		}
	}
}

// whileAlive tells the watchdog of each second in which the loop turned. An idle
// loop turns too, for its heartbeats.
func whileAlive(ctx context.Context, p *evs.Processor, tell func()) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for last := uint64(0); ; {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if now := p.Stats().Loop.Passes; now != last {
				last = now
				tell()
			}
		}
	}
}
