package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"stampede/internal/conf"
)

const exampleFile = "../../examples/stampede.toml"

// What config show prints is a file that config check accepts, and that says
// the same.
func TestConfigShowPrintsAFile(t *testing.T) {
	for name, arg := range map[string][]string{
		"example":  {"--config", exampleFile},
		"flags":    {"--config", "", "--id", "3", "--daemon-allow-users", "root,1", "--detect", "1s", "--cluster", "it's \"x\""},
		"defaults": {"--config", "", "--id", "1"},
	} {
		for _, more := range [][]string{nil, {"--origin"}} {
			o := run(t, append(append([]string{"config", "show"}, arg...), more...)...)
			if o.status != 0 || o.stderr != "" {
				t.Fatalf("%s: %+v", name, o)
			}
			path := configFile(t, o.stdout)
			if c := run(t, "config", "check", "--config", path); c.status != 0 || c.stdout != path+": good\n" || c.stderr != "" {
				t.Errorf("%s: %+v\n%s", name, c, o.stdout)
			}
			again := run(t, "config", "show", "--config", path)
			if first := run(t, append([]string{"config", "show"}, arg...)...); again.stdout != first.stdout {
				t.Errorf("%s: shown again: %s\nfirst: %s", name, again.stdout, first.stdout)
			}
		}
	}
}

func TestConfigShowTellsOrigins(t *testing.T) {
	path := configFile(t, "id = 1\n\n[daemon]\nmax-clients = 7\n")
	cmd := program(t, "config", "show", "--config", path, "--origin", "--mtu", "1400")
	o := runWith(t, cmd, "STAMPEDE_DAEMON_LOG_LEVEL=debug")
	for _, want := range []string{"id = 1 # " + path + ":1\n", "max-clients = 7 # " + path + ":4\n", "mtu = 1400 # --mtu\n",
		"log-level = 'debug' # STAMPEDE_DAEMON_LOG_LEVEL\n", "detect = '300ms' # default\n"} {
		if !strings.Contains(o.stdout, want) {
			t.Errorf("no %q in %s", want, o.stdout)
		}
	}
	var shown struct {
		File string
		Keys []struct {
			Key, Origin string
			Value       any
		}
	}
	o = run(t, "config", "show", "--config", path, "--json")
	if err := json.Unmarshal([]byte(o.stdout), &shown); err != nil || shown.File != path || len(shown.Keys) != len(conf.Keys()) {
		t.Fatalf("%v: %+v", err, o)
	}
	for _, k := range shown.Keys {
		if k.Key == "daemon.max-clients" && (k.Value != 7.0 || k.Origin != path+":4") {
			t.Errorf("%+v", k)
		}
	}
}

// Settings that do not go together are shown, so that one sees why.
func TestConfigShowTellsWhatIsWrong(t *testing.T) {
	path := configFile(t, "id = 1\nheartbeat = \"1s\"\n")
	o := run(t, "config", "show", "--config", path)
	if o.status != 1 || !strings.Contains(o.stdout, "heartbeat = '1s'\n") || !strings.Contains(o.stderr, path+":2: heartbeat: ") {
		t.Errorf("%+v", o)
	}
	if o := run(t, "config", "show", "--config", configFile(t, "idd = 1\n")); o.status != 1 || o.stdout != "" {
		t.Errorf("%+v", o)
	}
}

func TestConfigCheckTellsEachMistake(t *testing.T) {
	for text, says := range map[string][]string{
		"id = 1\ncolour = 2\n[daemon]\nbogus = 3\n":                  {`:2: unknown key "colour"`, `:4: unknown key "daemon.bogus"`},
		"id = 1\nmtu = 10\n[daemon]\nmax-clients = 0\nsocket = ''\n": {":2: mtu: 10 is not within", ":5: daemon.socket: missing", ":4: daemon.max-clients: 0"},
		"id = 1\n[daemon]\nallow-users = [\"no such user\"]\n":       {`:3: daemon.allow-users: "no such user" is no user`},
		"[daemon]\n":       {"id: missing"},
		"id = 1\nid = 2\n": {":2: "},
	} {
		path := configFile(t, text)
		o := run(t, "config", "check", "--config", path)
		if o.status != 1 || o.stdout != "" {
			t.Errorf("%q: %+v", text, o)
		}
		j := run(t, "config", "check", "--json", "--config", path)
		var told struct {
			File  string
			Good  bool
			Wrong []string
		}
		if err := json.Unmarshal([]byte(j.stdout), &told); err != nil || j.status != 1 || told.Good || told.File != path || len(told.Wrong) != len(says) {
			t.Errorf("%q: %v: %+v", text, err, j)
		}
		for i, want := range says {
			if !strings.Contains(o.stderr, want) || i < len(told.Wrong) && !strings.Contains(told.Wrong[i], want) {
				t.Errorf("%q: no %q in %s%q", text, want, o.stderr, told.Wrong)
			}
		}
	}
	if o := run(t, "config", "check", "--config", filepath.Join(t.TempDir(), "none")); o.status != 1 || !strings.Contains(o.stderr, "none") {
		t.Errorf("%+v", o)
	}
	o := run(t, "config", "check", "--json", "--config", exampleFile)
	var told map[string]any
	if err := json.Unmarshal([]byte(o.stdout), &told); err != nil || o.status != 0 ||
		!reflect.DeepEqual(told, map[string]any{"file": exampleFile, "good": true, "wrong": []any{}}) {
		t.Errorf("%v: %+v", err, o)
	}
}

// A file that may not be read is told, and not left out.
func TestConfigCheckOfADirectory(t *testing.T) {
	if o := runWith(t, program(t, "config", "check"), "STAMPEDE_CONFIG="+t.TempDir()); o.status != 1 || !strings.Contains(o.stderr, "is a directory") {
		t.Errorf("%+v", o)
	}
	if _, err := os.Stat(systemFile); err == nil {
		t.Skip(systemFile + " is there")
	}
	if o := run(t, "config", "check"); o.status != 1 || !strings.Contains(o.stderr, "id: missing") {
		t.Errorf("%+v", o)
	}
}

func TestConfigVerbs(t *testing.T) {
	for _, arg := range [][]string{{"config", "bogus"}, {"config", "show", "x"}, {"config", "check", "x"}, {"config", "show", "--bogus"}} {
		if o := run(t, arg...); o.status != 1 || o.stdout != "" {
			t.Errorf("%q: %+v", arg, o)
		}
	}
}
