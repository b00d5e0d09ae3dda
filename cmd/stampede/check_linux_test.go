package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"stampede/perf/host"
)

// checkJSON runs check and reads what it found.
func checkJSON(t *testing.T, status int, arg ...string) map[string]host.Finding {
	t.Helper()
	o := run(t, append([]string{"check", "--json"}, arg...)...)
	var r struct{ Findings []host.Finding }
	if err := json.Unmarshal([]byte(o.stdout), &r); err != nil || o.status != status {
		t.Fatalf("%v: %+v", err, o)
	}
	all := map[string]host.Finding{}
	for _, f := range r.Findings {
		all[f.Topic] = f
	}
	return all
}

func TestCheckOfLoopback(t *testing.T) {
	file := filepath.Join(t.TempDir(), "stampede.toml")
	text := "bind = \"127.0.0.1:5501\"\nmulticast = \"239.192.7.1:5500\"\nwait = \"spin\"\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, arg := range [][]string{{"--config", file}, {"--interface", "lo"}, {"--bind", "127.0.0.1:0", "--peers", "127.0.0.1:5501"}} {
		all := checkJSON(t, 0, arg...)
		for _, topic := range []string{"receive-buffer", "gso", "cores", "quota", "clock"} {
			if f, ok := all[topic]; !ok || f.Found == "" {
				t.Errorf("%q: nothing of %s", arg, topic)
			}
		}
	}
	if f := checkJSON(t, 0, "--config", file, "--gso", "off")["gso"]; f.Grade != host.Better || strings.Join(f.Change, "") != `gso = "auto"` {
		t.Errorf("%+v", f)
	}
}

func TestCheckTellsWhatWillNotWork(t *testing.T) {
	for says, arg := range map[string][]string{
		"no interface has the address": {"--bind", "192.0.2.1:0"},
		"nosuch0":                      {"--interface", "nosuch0"},
		"not a multicast address":      {"--multicast", "10.0.0.1:5500"},
	} {
		if f := checkJSON(t, 1, arg...)["socket"]; f.Grade != host.Bad || !strings.Contains(f.Found, says) {
			t.Errorf("%q: %+v", arg, f)
		}
	}
	if o := run(t, "check", "--bind", "192.0.2.1:0"); o.status != 1 || !strings.Contains(o.stdout, "will not work    socket: ") {
		t.Errorf("%+v", o)
	}
}

func TestCheckRefusesBadUsage(t *testing.T) {
	file := filepath.Join(t.TempDir(), "stampede.toml")
	if err := os.WriteFile(file, []byte("id = 1\nbogus = 2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, arg := range [][]string{{"x"}, {"--bogus"}, {"--mtu", "x"}, {"--config", file}, {"--config", file + "x"}, {"--transport", "unicast"}} {
		if o := run(t, append([]string{"check"}, arg...)...); o.status != 2 || o.stdout != "" || !strings.HasPrefix(o.stderr, "stampede: ") {
			t.Errorf("%q: %+v", arg, o)
		}
	}
}
