package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync/atomic"

	"github.com/spf13/cobra"

	"stampede/evs"
	"stampede/internal/conf"
	"stampede/internal/console"
)

// sendFlags are the flags of the verb send.
type sendFlags struct {
	remote
	groups    []string
	guarantee conf.Guarantee
	lines     bool
	wait      bool
}

func sendVerb() *cobra.Command {
	f := &sendFlags{}
	c := f.verb(&cobra.Command{
		Use:   "send --group GROUP [flags] [MESSAGE...]",
		Short: "Send a message to groups",
		Long: `Send one message to one or several groups through a running daemon: the arguments
with blanks between them, or, where there are none, standard input as it is.
With --lines each line of standard input is a message, without what ends it.

It returns when the daemon has accepted the message, from when on it is sent even
if this program is killed; with --wait, and with --lines in any case, when all
have their place in the order of the whole group. Nobody needs to have joined the
groups, this program does not.`,
		Example: `  stampede send --group news hello everybody
  stampede send --group news --group sport --guarantee safe --wait < message
  tail -f log | stampede send --group log --lines`,
	}, 0, f.send)
	flags := c.Flags()
	flags.StringArrayVarP(&f.groups, "group", "g", nil, "a group that it goes to; several times for several")
	flags.TextVar(&f.guarantee, "guarantee", conf.Guarantee{Guarantee: evs.Agreed}, conf.GuaranteeWords)
	flags.BoolVar(&f.lines, "lines", false, "each line of standard input is a message")
	flags.BoolVar(&f.wait, "wait", false, "wait until the messages are ordered")
	f.withJSON(flags, "how many messages were sent, as a JSON object")
	f.completeFlags(c, "group", "guarantee")
	return c
}

func (f *sendFlags) send(ctx context.Context, arg []string) error {
	groups, err := groupsOf(f.groups)
	switch {
	case err != nil:
		return err
	case len(groups) == 0:
		return badUsage(errors.New("--group is missing"))
	case f.lines && len(arg) > 0:
		return badUsage(errors.New("--lines reads standard input, and there are arguments"))
	}
	// One message is confirmed; many are sent without waiting for each.
	h, err := f.open(ctx, evs.HandleOptions{Confirm: !f.lines})
	if err != nil {
		return err
	}
	defer h.Close()
	var sent atomic.Uint64
	err = f.untilRead(ctx, arg, func(message []byte) error {
		_, err := h.McastGroups(ctx, f.guarantee.Guarantee, groups, message)
		if err == nil {
			sent.Add(1)
		}
		return err
	})
	if err == nil && (f.wait || f.lines) {
		err = h.Flush(ctx)
	}
	if f.json {
		err = errors.Join(err, f.object(map[string]uint64{"sent": sent.Load()}))
	}
	return err
}

// untilRead sends what there is to be sent. The end of ctx ends it even if
// nothing comes from standard input: that goes on being read until the program
// ends.
func (f *sendFlags) untilRead(ctx context.Context, arg []string, send func([]byte) error) error {
	done := make(chan error, 1)
	go func() { done <- f.all(arg, send) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// all sends the arguments, or standard input, whole or line by line.
func (f *sendFlags) all(arg []string, send func([]byte) error) error {
	switch {
	case f.lines:
		return f.eachLine(send)
	case len(arg) > 0:
		return send([]byte(strings.Join(arg, " ")))
	}
	message, err := io.ReadAll(io.LimitReader(patient(f.in), evs.MaxMessageLimit+1))
	if err != nil {
		return fmt.Errorf("standard input: %w", err)
	}
	return send(message)
}

func (f *sendFlags) eachLine(send func([]byte) error) error {
	next := console.Lines(patient(f.in), evs.MaxMessageLimit)
	for n := 1; ; n++ {
		line, err := next()
		if err == io.EOF {
			return nil
		}
		if err == nil {
			err = send([]byte(line))
		}
		if err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
	}
}
