package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"stampede/internal/conf"
)

// configFile makes a stampede.toml.
func configFile(t *testing.T, text string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "stampede.toml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// A flag is the key of its name, in every verb that has it.
func TestFlagsAreKeys(t *testing.T) {
	flags := pflag.NewFlagSet("", pflag.ContinueOnError)
	(&settings{}).define(flags, processorFlags, daemonFlags)
	var daemons []string
	for _, key := range conf.Keys() {
		name := strings.ReplaceAll(key, ".", "-")
		if strings.HasPrefix(key, "daemon.") {
			daemons = append(daemons, name)
		}
		if flag := flags.Lookup(name); flag != nil && flag.Value.(*setting).key != key {
			t.Errorf("--%s sets %s", name, flag.Value.(*setting).key)
		}
	}
	if len(daemons) != len(daemonFlags) {
		t.Errorf("%d flags, %d keys: %s", len(daemonFlags), len(daemons), daemons)
	}
	for _, name := range daemons {
		if flags.Lookup(name) == nil {
			t.Errorf("there is no --%s", name)
		}
	}
}

func TestPrecedence(t *testing.T) {
	file := configFile(t, "id = 1\nmtu = 1000\nwindow = 100000\n")
	other := configFile(t, "id = 2\n")
	for name, c := range map[string]struct {
		env, arg []string
		want     map[string]string // key: text and origin
	}{
		"file":              {nil, []string{"--config", file}, map[string]string{"mtu": "1000 " + file + ":2", "gso": "auto default"}},
		"file by variable":  {[]string{"STAMPEDE_CONFIG=" + file}, nil, map[string]string{"mtu": "1000 " + file + ":2"}},
		"flag names a file": {[]string{"STAMPEDE_CONFIG=" + file}, []string{"--config", other}, map[string]string{"id": "2 " + other + ":1", "mtu": " default"}},
		"no file":           {[]string{"STAMPEDE_CONFIG=" + file}, []string{"--config", ""}, map[string]string{"id": " default"}},
		"variable":          {[]string{"STAMPEDE_MTU=1100"}, []string{"--config", file}, map[string]string{"mtu": "1100 STAMPEDE_MTU", "window": "100000 " + file + ":3"}},
		"flag": {[]string{"STAMPEDE_MTU=1100", "STAMPEDE_GSO=off"}, []string{"--mtu", "1200", "--config", file, "--daemon-raise-guarantees", "--start", "1,2"},
			map[string]string{"mtu": "1200 --mtu", "gso": "off STAMPEDE_GSO", "daemon.raise-guarantees": "true --daemon-raise-guarantees", "start": "1,2 --start"}},
		"flag that says the default": {[]string{"STAMPEDE_GSO=off"}, []string{"--gso", "auto"}, map[string]string{"gso": "auto --gso"}},
		"a client's address":         {[]string{"STAMPEDE_SOCKET=/x"}, nil, map[string]string{"socket": "udp default", "daemon.socket": conf.DefaultSocket + " default"}},
	} {
		t.Run(name, func(t *testing.T) {
			for _, v := range c.env {
				name, text, _ := strings.Cut(v, "=")
				t.Setenv(name, text)
			}
			flags, s := pflag.NewFlagSet("", pflag.ContinueOnError), &settings{}
			s.define(flags, processorFlags, daemonFlags)
			if err := flags.Parse(c.arg); err != nil {
				t.Fatal(err)
			}
			e, err := s.load(flags)
			if err != nil {
				t.Fatal(err)
			}
			for key, want := range c.want {
				if got := e.Text(key) + " " + e.Origin(key); got != want {
					t.Errorf("%s is %s, want %s", key, got, want)
				}
			}
		})
	}
}

func TestVariablesAreJudged(t *testing.T) {
	for variable, says := range map[string]string{
		"STAMPEDE_IDD=1":                "STAMPEDE_IDD: unknown variable",
		"STAMPEDE_ID=one":               `STAMPEDE_ID: "one" is no number`,
		"STAMPEDE_CONFIG=/no/such/file": "/no/such/file",
		"STAMPEDE_TRANSPORT=multicast":  `STAMPEDE_TRANSPORT: "multicast" needs the key multicast`,
	} {
		if o := runWith(t, program(t, "node"), "STAMPEDE_ID=1", variable); o.status != 1 || !strings.Contains(o.stderr, says) {
			t.Errorf("node, %s: %+v", variable, o)
		}
	}
	if o := runWith(t, program(t, "check"), "STAMPEDE_IDD=1"); o.status != 2 || !strings.Contains(o.stderr, "STAMPEDE_IDD") {
		t.Errorf("check: %+v", o)
	}
}
