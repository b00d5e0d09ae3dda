package main

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"stampede/internal/conf"
	"stampede/internal/console"
	"stampede/internal/daemon"
)

// completeWithin is how long a shell waits for words that a daemon knows.
const completeWithin = time.Second

type completer = func(c *cobra.Command, arg []string, begin string) ([]cobra.Completion, cobra.ShellCompDirective)

// complete completes up to most arguments with words that a daemon knows; where
// there is none, with nothing.
func (r *remote) complete(words func(context.Context, *daemon.Control) []cobra.Completion, most int) completer {
	return func(cmd *cobra.Command, arg []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(arg) >= most {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		ctx, cancel := context.WithTimeout(cmd.Context(), completeWithin)
		defer cancel()
		c, err := r.control(ctx)
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		defer c.Close()
		return words(ctx, c), cobra.ShellCompDirectiveNoFileComp
	}
}

// completeGroups completes with the groups that clients have joined.
func (r *remote) completeGroups() completer { return r.complete(groupWords, manyArguments) }

const manyArguments = 1 << 20

func groupWords(ctx context.Context, c *daemon.Control) (words []cobra.Completion) {
	var list []daemon.Joined
	if c.Query(ctx, "groups", &list) == nil {
		for i := range list {
			words = append(words, plain(console.JoinedName(&list[i])))
		}
	}
	return words
}

// plain is a word that a shell's completion can carry: on one line, without
// what ends a word there.
func plain(word string) string { return strings.ReplaceAll(console.Printable(word), "\t", " ") }

// completeFlags completes the values of flags that several verbs have.
func (r *remote) completeFlags(c *cobra.Command, names ...string) {
	all := map[string]completer{
		"group":     r.completeGroups(),
		"guarantee": cobra.FixedCompletions(strings.Split(conf.GuaranteeWords, "|"), cobra.ShellCompDirectiveNoFileComp),
	}
	for _, name := range names {
		if err := c.RegisterFlagCompletionFunc(name, all[name]); err != nil {
			panic(err) // no such flag, or twice: of this program, not of its user
		}
	}
}
