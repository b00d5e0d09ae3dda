package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

func manVerb() *cobra.Command {
	var dir string
	c := &cobra.Command{
		Use:   "man --dir DIRECTORY",
		Short: "Write the manual pages",
		Long: `Write a manual page of section 1 for this program and for each of its verbs into a
directory, which is made if it is not there. Their date is that of the
environment variable SOURCE_DATE_EPOCH, where that is set.`,
		Example: `  stampede man --dir /usr/local/share/man/man1
  stampede man --dir man && man -l man/stampede-recv.1`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if dir == "" {
				return badUsage(errors.New("man: --dir is missing"))
			}
			if err := os.MkdirAll(dir, 0o755); err != nil {
				return fmt.Errorf("man: %w", err)
			}
			root := c.Root()
			root.DisableAutoGenTag = true // the source stands in the page's header
			header := &doc.GenManHeader{Section: "1", Source: "stampede " + version(), Manual: "Stampede"}
			if err := doc.GenManTree(root, header, dir); err != nil {
				return fmt.Errorf("man: %w", err)
			}
			return nil
		},
	}
	c.Flags().StringVar(&dir, "dir", "", "where they are written")
	c.MarkFlagDirname("dir")
	return c
}
