package main

import (
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"stampede/internal/conf"
)

// systemFile is where a daemon's settings are when nobody names another place.
const systemFile = "/etc/stampede/stampede.toml"

// settings are what the verbs have in common that are about a processor or a
// daemon: keys of stampede.toml from a file, from the environment and from flags.
type settings struct {
	config string // a path, from a flag
	system bool   // systemFile is read if it is there and no other is named
}

// settingFlag is a flag that stands for a key.
type settingFlag struct{ key, usage string }

// name is the key's with its table.
func (f *settingFlag) name() string { return strings.ReplaceAll(f.key, ".", "-") }

func (s *settings) define(flags *pflag.FlagSet, lists ...[]settingFlag) {
	flags.SortFlags = false
	usage := "read settings from this file; the environment and flags win over it (default $" + conf.FileVar
	if s.system {
		usage += ", or " + systemFile + " if it is there"
	}
	flags.StringVar(&s.config, "config", "", usage+")")
	defaults := conf.Default()
	for _, f := range slices.Concat(lists...) {
		v := &setting{key: f.key, text: defaults.Text(f.key)}
		if flag := flags.VarPF(v, f.name(), "", f.usage); v.Type() == "bool" {
			flag.NoOptDefVal = "true"
		}
	}
}

// path is the file to read, or "" for none.
func (s *settings) path(flags *pflag.FlagSet) string {
	if flags.Changed("config") {
		return s.config
	}
	if path := os.Getenv(conf.FileVar); path != "" || !s.system {
		return path
	}
	if _, err := os.Stat(systemFile); errors.Is(err, fs.ErrNotExist) {
		return ""
	}
	return systemFile
}

// load reads the file, the environment, and the flags that were given.
func (s *settings) load(flags *pflag.FlagSet) (*conf.Effective, error) {
	e := conf.New()
	if path := s.path(flags); path != "" {
		if err := e.File(path); err != nil {
			return nil, err
		}
	}
	err := e.Environment(os.Environ())
	flags.Visit(func(flag *pflag.Flag) {
		if v, ok := flag.Value.(*setting); ok {
			err = errors.Join(err, e.Set(v.key, v.text, "--"+flag.Name))
		}
	})
	return e, err
}

// setting is the value of a settingFlag: a text that the key takes.
type setting struct{ key, text string }

func (s *setting) Type() string   { return conf.Kind(s.key) }
func (s *setting) String() string { return s.text }

func (s *setting) Set(text string) error {
	var alone conf.Settings
	if err := alone.Set(s.key, text); err != nil {
		return err
	}
	s.text = text
	return nil
}
