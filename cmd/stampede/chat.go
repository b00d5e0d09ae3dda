package main

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"os/user"

	"github.com/spf13/cobra"

	"stampede/evs"
	"stampede/internal/conf"
	"stampede/internal/console"
)

// longestLine is the longest line that may be typed, in bytes.
const longestLine = 64 << 10

// chatFlags are the flags of the verb chat.
type chatFlags struct {
	remote
	name      string
	guarantee conf.Guarantee
}

func chatVerb() *cobra.Command {
	f := &chatFlags{}
	c := f.verb(&cobra.Command{
		Use:   "chat [flags] GROUP",
		Short: "Talk with all who have joined a group",
		Long: `Join a group through a running daemon, send each line that is typed, with a name
before it, and print what comes, with the sender's processor: everybody sees the
same lines in the same order, own ones too. Processors that join and leave the
cluster are told. What stampede send sends to the group is shown as well.

At a terminal the line that is being typed stays at the bottom; Ctrl-D and Ctrl-C
end it. With pipes it ends when standard input has, and all of it has come back.`,
		Example: `  stampede chat news
  stampede chat --name alice news
  echo good morning | stampede chat --name cron news`,
		Args: cobra.ExactArgs(1),
	}, 0, f.chat)
	c.ValidArgsFunction = f.completeGroups()
	flags := c.Flags()
	flags.StringVar(&f.name, "name", "", "what stands before the lines (default the user's name)")
	flags.TextVar(&f.guarantee, "guarantee", conf.Guarantee{Guarantee: evs.Agreed}, conf.GuaranteeWords)
	f.withJSON(flags, "events as JSON, one a line")
	f.completeFlags(c, "guarantee")
	return c
}

func (f *chatFlags) chat(ctx context.Context, arg []string) error {
	groups, err := groupsOf(arg)
	if err != nil {
		return err
	}
	h, err := f.open(ctx, evs.HandleOptions{Confirm: true}, groups...)
	if err != nil {
		return err
	}
	defer h.Close()
	lines, out, restore, err := f.screen()
	if err != nil {
		return err
	}
	defer restore()
	c := console.Chat{
		Handle: h, Name: cmp.Or(f.name, userName()), Guarantee: f.guarantee.Guarantee, Lines: lines,
		Show: func(e *evs.Event, lines []string) error {
			w := bufio.NewWriter(out)
			if f.json {
				if err := writeRecord(w, e); err != nil {
					return err
				}
				return w.Flush()
			}
			for _, line := range lines {
				fmt.Fprintln(w, line)
			}
			return w.Flush()
		},
	}
	return untilSignal(c.Run(ctx))
}

// screen is where lines come from and go to: a terminal, if both are one.
func (f *chatFlags) screen() (lines func() (string, error), out io.Writer, restore func() error, err error) {
	in, _ := f.in.(*os.File)
	if in != os.Stdin || f.json || !console.Both(os.Stdin, os.Stdout) {
		return console.Lines(patient(f.in), longestLine), f.out, func() error { return nil }, nil
	}
	p, err := console.NewPrompt(os.Stdin, os.Stdout)
	if err != nil {
		return nil, nil, nil, err
	}
	return p.Line, p, p.Close, nil
}

func userName() string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return "somebody"
}
