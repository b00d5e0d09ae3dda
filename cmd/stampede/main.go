// Command stampede is the one program of the project, with a verb for each
// thing it does.
package main

import (
	"context"
	"errors"
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
		status := 1
		if e := (exitError{}); errors.As(err, &e) {
			status = e.status
		}
		os.Exit(status)
	}
}

// exitError ends the program with a status other than 1.
type exitError struct {
	error
	status int
}

func (e exitError) Unwrap() error { return e.error }

func root() *cobra.Command {
	c := &cobra.Command{
		Use:           "stampede",
		Short:         "Fast ordered multicast for groups of processes",
		SilenceErrors: true, // main tells them
		SilenceUsage:  true,
	}
	c.CompletionOptions.DisableDefaultCmd = true
	c.AddCommand(benchVerb(), benchHostVerb(), benchDaemonVerb(), checkVerb(), configVerb(), daemonVerb(), labVerb(), nodeVerb(), simVerb(), verifyVerb(), versionVerb())
	return c
}
