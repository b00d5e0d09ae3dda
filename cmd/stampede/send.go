package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

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

It returns when the daemon has accepted all messages, from when on they are
sent even if this program is killed; with --wait when they have their place in
the order of the whole group. Nobody needs to have joined the groups, this
program does not.`,
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
	h, err := f.open(ctx, evs.HandleOptions{Confirm: true})
	if err != nil {
		return err
	}
	defer h.Close()
	sent, err := f.all(ctx, arg, func(message []byte) error {
		_, err := h.McastGroups(ctx, f.guarantee.Guarantee, groups, message)
		return err
	})
	if err == nil && f.wait {
		err = h.Flush(ctx)
	}
	if f.json {
		err = errors.Join(err, f.object(map[string]int{"sent": sent}))
	}
	return err
}

// all sends what there is to be sent, and counts it.
func (f *sendFlags) all(ctx context.Context, arg []string, send func([]byte) error) (sent int, err error) {
	if !f.lines {
		message := []byte(strings.Join(arg, " "))
		if len(arg) == 0 {
			whole := func() ([]byte, error) { return io.ReadAll(io.LimitReader(f.in, evs.MaxMessageLimit+1)) }
			if message, err = readWithin(ctx, whole); err != nil {
				return 0, fmt.Errorf("standard input: %w", err)
			}
		}
		if err := send(message); err != nil {
			return 0, err
		}
		return 1, nil
	}
	lines := console.Lines(f.in, evs.MaxMessageLimit)
	for {
		line, err := readWithin(ctx, lines)
		if err == io.EOF {
			return sent, nil
		}
		if err == nil {
			err = send([]byte(line))
		}
		if err != nil {
			return sent, fmt.Errorf("line %d: %w", sent+1, err)
		}
		sent++
	}
}
