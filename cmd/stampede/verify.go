package main

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"stampede/internal/verify"
)

// unreadable is the exit status when nothing could be judged.
const unreadable = 2

// shown is how many violations are printed in words.
const shown = 20

func verifyVerb() *cobra.Command {
	var asJSON bool
	var options verify.Options
	c := &cobra.Command{
		Use:   "verify FILE...",
		Short: "Judge recorded traces by the promises of extended virtual synchrony",
		Long: `Read the traces of all processors of one run, as --trace writes them, and tell
which promises of extended virtual synchrony were not kept, with the lines that
show it. Files may hold one life of a processor or several.

The exit status is 0 when every promise was kept, 1 when one was not, and 2 when
a file cannot be read or the files make no sense together.`,
		Example: `  stampede verify 1.jsonl 2.jsonl 3.jsonl`,
		Args: func(_ *cobra.Command, paths []string) error {
			if len(paths) == 0 {
				return cannotJudge(fmt.Errorf("verify: no file is named"))
			}
			return nil
		},
		RunE: func(c *cobra.Command, paths []string) error {
			report, err := verify.Files(c.Context(), paths, options)
			if err != nil {
				return cannotJudge(err)
			}
			if err := printReport(c.OutOrStdout(), report, asJSON); err != nil {
				return cannotJudge(err)
			}
			if n := len(report.Violations) + report.More; n > 0 {
				return fmt.Errorf("verify: promises were not kept, violations: %d", n)
			}
			return nil
		},
	}
	c.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return cannotJudge(err) })
	c.Flags().BoolVar(&asJSON, "json", false, "print the report as one JSON object")
	c.Flags().BoolVar(&options.Exact, "exact", false, "a file lacks nothing of what was done before a crash (a simulator's)")
	return c
}

func cannotJudge(err error) error { return exitError{err, unreadable} }

func printReport(w io.Writer, r *verify.Report, asJSON bool) error {
	if asJSON {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(r)
	}
	for _, path := range r.Torn {
		fmt.Fprintf(w, "%s ends with half a line, which is left out\n", path)
	}
	for _, id := range r.Untraced {
		fmt.Fprintf(w, "there is no trace of processor %d, which is taken for one that failed\n", id)
	}
	for i := range r.Violations[:min(len(r.Violations), shown)] {
		fmt.Fprintln(w, r.Violations[i].String())
	}
	if more := len(r.Violations) - shown; more > 0 || r.More > 0 {
		fmt.Fprintf(w, "and %d more violations\n", max(more, 0)+r.More)
	}
	kept := "every promise is kept"
	if len(r.Violations) > 0 {
		kept = "not every promise is kept"
	}
	_, err := fmt.Fprintf(w, "%s: %d events, processors: %d, lives: %d, configurations: %d, messages: %d, deliveries: %d\n",
		kept, r.Events, r.Processors, r.Lives, r.Configurations, r.Messages, r.Deliveries)
	return err
}
