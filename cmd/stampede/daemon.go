package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"stampede/evs"
	"stampede/internal/conf"
	"stampede/internal/daemon"
	"stampede/internal/systemd"
)

func daemonVerb() *cobra.Command {
	f := &settings{system: true}
	c := &cobra.Command{
		Use:   "daemon",
		Short: "Run one processor for many programs of this machine",
		Long: `Run one processor of a cluster in the foreground, and let the programs of this
machine use it through a unix socket: evs.Dial in Go, docs/ipc.md in any other
language.

The settings come from --config, a file as examples/stampede.toml explains it, or
from ` + systemFile + ` if that is there; from the environment, which
wins over the file (STAMPEDE_MTU, STAMPEDE_DAEMON_LOG_LEVEL); and from flags,
which win over both. stampede config show --origin tells what they come to.

SIGHUP reads them again: who may do what, what clients may have, and the log's
level change at once, and what else has changed is told and waits for the next
start. SIGTERM and SIGINT let the daemon leave the group and end; a second one
ends it at once.

systemd is told when the daemon is ready, reloads and stops, its watchdog is fed
while the processor turns, and a socket that it passes is used in place of the
path. docs/daemon.md has all of it, and examples/systemd the units.

The exit status is 2 when the settings make no sense or another host's processor
has the same id, and 1 when anything else fails.`,
		Example: `  stampede daemon --config stampede.toml
  stampede daemon --id 1 --multicast 239.192.7.1:5500 --daemon-log-level debug`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			err := runDaemon(c, f)
			if err != nil {
				systemd.Status(err.Error()) // it is told by main in any case
			}
			return err
		},
	}
	c.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return badUsage(err) })
	f.define(c.Flags(), processorFlags, daemonFlags)
	return c
}

func runDaemon(c *cobra.Command, f *settings) error {
	// A panic, and the manager's SIGABRT, would end it with status 2, which says
	// that the settings make no sense: then it is not started again.
	debug.SetTraceback("crash")
	load := func() (*conf.Effective, error) {
		e, err := f.load(c.Flags())
		if err == nil {
			err = e.Check()
		}
		return e, err
	}
	e, err := load()
	if err != nil {
		return badUsage(fmt.Errorf("daemon: settings: %w\nstampede config check and config show --origin take the same flags, and tell more", err))
	}
	s := &service{load: load, start: e, hangups: make(chan os.Signal, 1)}
	s.logger = s.newLogger(c.ErrOrStderr())
	var settings []any
	for _, key := range e.Changed(conf.New()) {
		settings = append(settings, key, e.Text(key))
	}
	s.logger.Info("settings", append([]any{"file", f.path(c.Flags())}, settings...)...)
	o, err := s.options()
	if err != nil {
		return err
	}
	err = s.run(c.Context(), o)
	if errors.Is(err, evs.ErrDoubleID) {
		return badUsage(err) // started again, the two would put each other out for ever
	}
	return err
}

// options are what the daemon is run with.
func (s *service) options() (o daemon.Options, err error) {
	d := &s.start.Daemon
	o = daemon.Options{
		Socket: d.Socket, Mode: d.Mode.FileMode, UID: d.Owner.Number(), GID: d.Group.Number(),
		Policy: policyOf(d), FirstClients: d.FirstClients, Reload: s.reload, Level: &s.level, Logger: s.logger, Version: version(),
	}
	if o.Config, err = s.start.Config(); err != nil {
		return o, err
	}
	// Whoever leaves the cluster's name out is in the one that has it by default.
	if o.Config, err = o.Config.Resolve(); err != nil {
		return o, err
	}
	if o.Listener, err = passedSocket(); err != nil {
		return o, fmt.Errorf("daemon: socket activation: %w", err)
	}
	s.socket = d.Socket
	if o.Listener != nil {
		s.socket = o.Listener.Addr().String()
		s.logger.Info("the socket was passed: its path, owner and mode are those of the unit", "socket", s.socket)
	}
	o.Alive, err = s.watchdog()
	return o, err
}

// passedSocket is the one that the service manager has opened, if it has.
func passedSocket() (*net.UnixListener, error) {
	all, err := systemd.Listeners()
	switch {
	case err != nil || len(all) == 0:
		return nil, err
	case len(all) == 1:
		return all[0], nil
	}
	var names []string
	for _, l := range all {
		names = append(names, l.Addr().String())
		err = errors.Join(err, l.Close())
	}
	return nil, errors.Join(fmt.Errorf("%d sockets were passed, %s: a daemon has one, so the unit must have one ListenStream=",
		len(all), strings.Join(names, ", ")), err)
}

// newLogger goes by the level of the service, which may change.
func (s *service) newLogger(to io.Writer) *slog.Logger {
	d := &s.start.Daemon
	s.level.Set(d.LogLevel.Level)
	o := &slog.HandlerOptions{Level: &s.level}
	if d.LogFormat == conf.JSONFormat {
		return slog.New(slog.NewJSONHandler(to, o))
	}
	return slog.New(slog.NewTextHandler(to, o))
}

func policyOf(d *conf.Daemon) daemon.Policy {
	return daemon.Policy{
		Allow:      peersOf(d.AllowUsers, d.AllowGroups),
		Hold:       peersOf(d.HoldUsers, d.HoldGroups),
		Admin:      peersOf(d.AdminUsers, d.AdminGroups),
		MaxClients: d.MaxClients, QueueBytes: d.ClientQueue, MaxQueueBytes: d.MaxClientQueue,
		RaiseGuarantees: d.RaiseGuarantees,
	}
}

func peersOf(users []conf.User, groups []conf.Group) (p daemon.Peers) {
	for _, u := range users {
		p.UIDs = append(p.UIDs, u.ID)
	}
	for _, g := range groups {
		p.GIDs = append(p.GIDs, g.ID)
	}
	return p
}
