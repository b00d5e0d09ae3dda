// Command stampede is the one program of the project, with a verb for each
// thing it does.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

func main() {
	// The first signal lets the verb clean up; once it is being handled, a
	// second one ends the program by force.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	if err := root().ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "stampede:", err)
		os.Exit(1)
	}
}

func root() *cobra.Command {
	c := &cobra.Command{
		Use:           "stampede",
		Short:         "Fast ordered multicast for groups of processes",
		SilenceErrors: true, // main tells them
		SilenceUsage:  true,
	}
	c.CompletionOptions.DisableDefaultCmd = true
	c.AddCommand(benchVerb(), benchHostVerb(), nodeVerb(), versionVerb())
	return c
}
