package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"stampede/internal/conf"
)

// configFlags are the flags of the verbs of config.
type configFlags struct {
	settings settings
	origin   bool
	json     bool
}

func configVerb() *cobra.Command {
	c := &cobra.Command{
		Use:   "config",
		Short: "Look at the settings that a daemon or a node would have",
		Long: `Look at the settings that a daemon or a node would have: what they come to, and
what is wrong with them.`,
		Example: `  stampede config show --config stampede.toml --origin
  stampede config check --config stampede.toml`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(configShowVerb(), configCheckVerb())
	return c
}

func configShowVerb() *cobra.Command {
	f := &configFlags{settings: settings{system: true}}
	c := &cobra.Command{
		Use:   "show",
		Short: "Print every key with the value that it comes to",
		Long: `Print every key of stampede.toml with the value that it comes to, as a file that
says the same: from --config, from the environment over it, and from the flags of
stampede daemon, which may be given here too, over both. With --origin a comment
behind each value says where it is from. Defaults that follow from other keys
have been worked out; 0 and '' are left to the machine.

The exit status is 1 when a file, a variable or a flag cannot be read, in which
case nothing is printed, and when the values do not go together.`,
		Example: `  stampede config show
  stampede config show --config stampede.toml --mtu 1400 --origin`,
		Args: cobra.NoArgs,
		RunE: f.show,
	}
	f.settings.define(c.Flags(), processorFlags, daemonFlags)
	c.Flags().BoolVar(&f.origin, "origin", false, "say where each value is from")
	c.Flags().BoolVar(&f.json, "json", false, "print an object, with the origins")
	return c
}

func configCheckVerb() *cobra.Command {
	f := &configFlags{settings: settings{system: true}}
	c := &cobra.Command{
		Use:   "check",
		Short: "Tell what is wrong with the settings",
		Long: `Tell what is wrong with the settings of --config, of the environment and of the
flags, with the file and the line of each mistake, or the variable, or the flag.
Nothing is opened, and nothing is asked of the machine but its users and groups:
stampede check tells whether these settings will work on it.

The exit status is 1 when something is wrong.`,
		Example: `  stampede config check --config stampede.toml
  stampede config check --json | jq -r .wrong[]`,
		Args: cobra.NoArgs,
		RunE: f.check,
	}
	f.settings.define(c.Flags(), processorFlags, daemonFlags)
	c.Flags().BoolVar(&f.json, "json", false, "print an object")
	return c
}

// shownConfig is what config show tells, and its JSON.
type shownConfig struct {
	File string       `json:"file"`
	Keys []conf.Value `json:"keys"`
}

func (f *configFlags) show(c *cobra.Command, _ []string) error {
	e, err := f.settings.load(c.Flags())
	if err != nil {
		return err
	}
	if f.json {
		err = writeObject(c.OutOrStdout(), shownConfig{f.settings.path(c.Flags()), e.Values()})
	} else {
		err = conf.Write(c.OutOrStdout(), e.Values(), f.origin)
	}
	return cmp.Or(err, e.Check())
}

// checkedConfig is what config check tells, as JSON.
type checkedConfig struct {
	File  string   `json:"file"`
	Good  bool     `json:"good"`
	Wrong []string `json:"wrong"`
}

func (f *configFlags) check(c *cobra.Command, _ []string) error {
	e, err := f.settings.load(c.Flags())
	if err == nil {
		err = e.Check()
	}
	file, w := f.settings.path(c.Flags()), c.OutOrStdout()
	switch {
	case f.json:
		return cmp.Or(writeObject(w, checkedConfig{file, err == nil, mistakes(err)}), err)
	case err != nil:
		return err
	}
	_, err = fmt.Fprintf(w, "%s: good\n", cmp.Or(file, "settings without a file"))
	return err
}

// mistakes are the parts of a joined error, one text each.
func mistakes(err error) []string {
	all := []string{}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, one := range joined.Unwrap() {
			all = append(all, mistakes(one)...)
		}
	} else if err != nil {
		all = append(all, err.Error())
	}
	return all
}

func writeObject(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
