package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"stampede/internal/conf"
	"stampede/internal/daemon"
	"stampede/internal/systemd"
)

// service is a daemon as its signals and its service manager see it.
type service struct {
	load   func() (*conf.Effective, error)
	start  *conf.Effective // what it was started with
	level  slog.LevelVar
	logger *slog.Logger
	socket string // where clients find it
	deaf   sync.Once

	hangups chan os.Signal // those that come while one is served are one
}

// run runs the daemon until ctx ends.
func (s *service) run(ctx context.Context, o daemon.Options) error {
	signal.Notify(s.hangups, syscall.SIGHUP) // from now on it does not end the process
	defer signal.Stop(s.hangups)
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	ready := make(chan struct{})
	o.Ready = func() {
		s.logger.Info("ready", "socket", s.socket, "pid", os.Getpid())
		s.tell(systemd.Ready(s.serving(nil)))
		close(ready)
	}
	waiting := "the first configuration"
	if len(o.FirstClients) > 0 {
		waiting = "the clients " + strings.Join(o.FirstClients, ", ") + ", and " + waiting
	}
	s.tell(systemd.Status("waiting for " + waiting))
	told := make(chan struct{})
	context.AfterFunc(ctx, func() {
		s.tell(systemd.Stopping("leaving the group"))
		close(told)
	})
	reloads := make(chan func([]string, error))
	o.Reloads = reloads
	go s.serveHangups(ctx, ready, reloads)
	err := daemon.Run(ctx, o)
	stop() // it may have ended by itself
	<-told
	return err
}

// serveHangups reloads for each signal, once the daemon is ready.
func (s *service) serveHangups(ctx context.Context, ready <-chan struct{}, reloads chan<- func([]string, error)) {
	select {
	case <-ctx.Done():
		return
	case <-ready:
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.hangups:
		}
		s.tell(systemd.Reloading())
		select {
		case <-ctx.Done():
			return
		case reloads <- s.reloaded:
		}
	}
}

// reloaded tells the service manager that a reload is done.
func (s *service) reloaded(restart []string, err error) { s.tell(systemd.Ready(s.after(restart, err))) }

// after is the status line behind a reload.
func (s *service) after(restart []string, err error) string {
	status := s.serving(restart)
	if err != nil {
		status += "; not reloaded: " + err.Error()
	}
	return status
}

// liveKeys take effect when the settings are read again.
var liveKeys = []string{"daemon.allow-users", "daemon.allow-groups", "daemon.hold-users", "daemon.hold-groups",
	"daemon.admin-users", "daemon.admin-groups", "daemon.max-clients", "daemon.client-queue", "daemon.max-client-queue",
	"daemon.raise-guarantees", "daemon.log-level"}

// reload reads the settings again, for whoever asks. What changed and needs a
// restart it lists, each time until there is one. Where they make no sense, nothing
// changes.
func (s *service) reload() (p daemon.Policy, restart []string, err error) {
	defer func() { s.tell(systemd.Status(s.after(restart, err))) }()
	e, err := s.load()
	if err != nil {
		return daemon.Policy{}, nil, fmt.Errorf("settings: %w", err)
	}
	s.level.Set(e.Daemon.LogLevel.Level)
	restart = slices.DeleteFunc(e.Changed(s.start), func(key string) bool { return slices.Contains(liveKeys, key) })
	return policyOf(&e.Daemon), restart, nil
}

// leastWatchdog leaves room for a miss: the loop is looked at every second.
const leastWatchdog = 3 * time.Second

// watchdog is what to call while the processor turns, or nil.
func (s *service) watchdog() (alive func(), err error) {
	interval, err := systemd.WatchdogInterval()
	switch {
	case err != nil:
		return nil, fmt.Errorf("daemon: watchdog: %w", err)
	case interval == 0:
		return nil, nil
	case interval < leastWatchdog:
		return nil, fmt.Errorf("daemon: watchdog: after %v without a sign of life the manager would end this daemon, which gives one every second: the unit wants WatchdogSec=%v or more", interval, leastWatchdog)
	}
	return func() { s.tell(systemd.Alive()) }, nil
}

// tell logs, once, that the service manager does not hear.
func (s *service) tell(err error) {
	if err != nil {
		s.deaf.Do(func() { s.logger.Warn("the service manager is not told", "error", err) })
	}
}

// serving is the status line of a daemon at work.
func (s *service) serving(restart []string) string {
	if len(restart) == 0 {
		return "serving " + s.socket
	}
	return "serving " + s.socket + "; waiting for a restart: " + strings.Join(restart, ", ")
}
