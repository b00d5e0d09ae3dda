package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"stampede/evs"
	"stampede/internal/conf"
	"stampede/internal/console"
	"stampede/internal/daemon"
)

// Exit statuses of the verbs on a running daemon, beside that of badUsage;
// docs/cli.md tells them to users.
const (
	failed     = 1
	noDaemon   = 3
	notAllowed = 4
	timedOut   = 5
	putOut     = 6
)

// connectWithin is how long a daemon has for its welcome, where nothing less
// was asked for.
const connectWithin = 10 * time.Second

// remote is what the verbs on a running daemon share.
type remote struct {
	socket  string
	timeout time.Duration
	json    bool
	in      io.Reader
	out     io.Writer
}

// aboutRemote ends the help of each of them.
const aboutRemote = `

The exit status is 0 when all went well, 1 when something failed, 2 for wrong
usage, 3 when no daemon is there or it has ended, 4 when it does not allow this,
5 when time ran out, and 6 when an operator has disconnected this program.`

// verb makes c one of them: it gets their flags, their help, and their exit
// statuses around f. As long as nothing else is said it takes at most within,
// if that is not 0.
func (r *remote) verb(c *cobra.Command, within time.Duration, f func(context.Context, []string) error) *cobra.Command {
	flags := c.Flags()
	flags.StringVar(&r.socket, "socket", cmp.Or(os.Getenv(conf.AddressVar), evs.DefaultSocket), "the daemon's unix socket (default $"+conf.AddressVar+", or "+evs.DefaultSocket+")")
	flags.Lookup("socket").DefValue = ""
	flags.DurationVar(&r.timeout, "timeout", within, "how long it may take; 0 is as long as it takes")
	c.Long += aboutRemote
	c.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return badUsage(err) })
	if judge := c.Args; judge != nil {
		c.Args = func(c *cobra.Command, arg []string) error {
			if err := judge(c, arg); err != nil {
				return badUsage(fmt.Errorf("%s: %w", c.Name(), err))
			}
			return nil
		}
	}
	c.RunE = func(c *cobra.Command, arg []string) error {
		if r.timeout < 0 {
			return badUsage(fmt.Errorf("%s: --timeout %v is negative", c.Name(), r.timeout))
		}
		// Whoever reads the output may have seen enough, which is no failure.
		signal.Ignore(syscall.SIGPIPE)
		r.in, r.out = c.InOrStdin(), output{c.OutOrStdout()}
		ctx, cancel := bounded(c.Context(), r.timeout)
		defer cancel()
		return r.outcome(c.Name(), f(ctx, arg))
	}
	return c
}

// bounded is context.WithTimeout, for which 0 is for ever.
func bounded(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	if d == 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, d)
}

// withJSON adds the flag for it.
func (r *remote) withJSON(flags *pflag.FlagSet, what string) {
	flags.BoolVar(&r.json, "json", false, "print "+what)
}

// output marks the errors of writing to it.
type output struct{ w io.Writer }

var errOutput = errors.New("output")

func (o output) Write(b []byte) (int, error) {
	n, err := o.w.Write(b)
	if err != nil {
		err = fmt.Errorf("%w: %w", errOutput, err)
	}
	return n, err
}

// outcome gives an error its exit status.
func (r *remote) outcome(verb string, err error) error {
	usage := exitError{}
	switch {
	case err == nil:
		return nil
	case errors.Is(err, errOutput):
		if errors.Is(err, syscall.EPIPE) {
			return nil
		}
		return exitError{fmt.Errorf("%s: %w", verb, err), failed}
	case errors.As(err, &usage):
		return exitError{fmt.Errorf("%s: %w", verb, usage.error), usage.status}
	case errors.Is(err, context.DeadlineExceeded):
		return exitError{fmt.Errorf("%s: timed out: %w", verb, err), timedOut}
	case errors.Is(err, context.Canceled):
		return exitError{fmt.Errorf("%s: interrupted", verb), failed}
	}
	err = fmt.Errorf("%s: %w", verb, daemon.Explain(r.socket, err))
	switch {
	case errors.Is(err, daemon.ErrAbsent):
		return exitError{err, noDaemon}
	case errors.Is(err, evs.ErrDenied):
		return exitError{err, notAllowed}
	case errors.Is(err, evs.ErrDisconnected):
		return exitError{err, putOut}
	}
	return exitError{err, failed}
}

// control connects for questions and commands.
func (r *remote) control(ctx context.Context) (*daemon.Control, error) {
	ctx, cancel := context.WithTimeout(ctx, connectWithin)
	defer cancel()
	return daemon.DialControl(ctx, r.socket, "stampede")
}

// open opens a handle that has joined groups.
func (r *remote) open(ctx context.Context, o evs.HandleOptions, groups ...evs.Group) (*evs.Handle, error) {
	ctx, cancel := context.WithTimeout(ctx, connectWithin)
	defer cancel()
	o.Name = "stampede"
	h, err := evs.Dial(ctx, r.socket, o)
	if err != nil {
		return nil, err
	}
	if err := h.Join(groups...); err != nil {
		h.Close()
		return nil, err
	}
	return h, nil
}

// query asks one question.
func (r *remote) query(ctx context.Context, what string, into any) error {
	c, err := r.control(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	return c.Query(ctx, what, into)
}

// command gives one command.
func (r *remote) command(ctx context.Context, text string) ([]byte, error) {
	c, err := r.control(ctx)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	return c.Command(ctx, text)
}

// object prints one object as JSON.
func (r *remote) object(v any) error { return writeObject(r.out, v) }

// untilSignal makes the end by a signal the usual one, for what goes on until then.
func untilSignal(err error) error {
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// groupsOf reads groups.
func groupsOf(names []string) (groups []evs.Group, err error) {
	for _, name := range names {
		g, err := console.ParseGroup(name)
		if err != nil {
			return nil, badUsage(err)
		}
		groups = append(groups, g)
	}
	return groups, nil
}
