package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"stampede/internal/conf"
	"stampede/internal/testenv"
)

const unitDir = "../../examples/systemd"

// unit is the values of a unit's options.
func unit(t *testing.T, name string) map[string]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(unitDir, name))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for line := range strings.Lines(string(text)) {
		if key, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok && !strings.HasPrefix(line, "#") {
			all[key] = value
		}
	}
	return all
}

// The units and the program mean the same.
func TestUnitsFitTheProgram(t *testing.T) {
	service, socket := unit(t, "stampede.service"), unit(t, "stampede.socket")
	d := conf.Default().Daemon
	mode, err := d.Mode.MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ what, got, want string }{
		{"Type", service["Type"], "notify"},
		{"ListenStream", socket["ListenStream"], d.Socket},
		{"RuntimeDirectory", "/run/" + service["RuntimeDirectory"], filepath.Dir(d.Socket)},
		{"SocketMode", socket["SocketMode"], string(mode)},
		{"SocketGroup", socket["SocketGroup"], service["Group"]},
		{"RestartPreventExitStatus", service["RestartPreventExitStatus"], "2"},
		{"ExecReload", service["ExecReload"], "/usr/local/bin/stampede reload"},
	} {
		if c.got != c.want {
			t.Errorf("%s=%s, want %s", c.what, c.got, c.want)
		}
	}
	_, arg, _ := strings.Cut(service["ExecStart"], " ")
	if o := run(t, append(strings.Fields(arg), "--help")...); o.status != 0 {
		t.Errorf("ExecStart=%s: %+v", service["ExecStart"], o)
	}
}

func TestUnitsAreGoodToSystemd(t *testing.T) {
	testenv.NeedCommand(t, "systemd-analyze")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	var paths []string
	for _, name := range []string{"stampede.service", "stampede.socket"} {
		text, err := os.ReadFile(filepath.Join(unitDir, name))
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(strings.ReplaceAll(string(text), "/usr/local/bin/stampede", self)), 0o600); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	out, err := exec.CommandContext(t.Context(), "systemd-analyze", append([]string{"verify"}, paths...)...).CombinedOutput()
	if err != nil || len(out) > 0 {
		t.Errorf("%v: %s", err, out)
	}
}
