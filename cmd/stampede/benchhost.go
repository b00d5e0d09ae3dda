package main

import (
	"os"
	"os/signal"

	"github.com/spf13/cobra"

	"stampede/bench"
)

// benchHost is the verb by which bench starts this program as one of its hosts.
const benchHost = "bench-host"

// benchDaemon is the verb by which a host starts this program as its daemon.
const benchDaemon = "bench-daemon"

func benchDaemonVerb() *cobra.Command {
	return &cobra.Command{
		Use:    benchDaemon,
		Short:  "Be the daemon of one host of a bench",
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			signal.Ignore(os.Interrupt) // as below
			return bench.Daemon(c.Context(), patient(os.Stdin), os.Stdout)
		},
	}
}

func benchHostVerb() *cobra.Command {
	return &cobra.Command{
		Use:    benchHost,
		Short:  "Be one host of a bench",
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			// A terminal's Ctrl-C reaches every process of the group; this one
			// ends with its input, when the bench that reads it has ended.
			signal.Ignore(os.Interrupt)
			return bench.Host(c.Context(), patient(os.Stdin), os.Stdout)
		},
	}
}
