package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// serviceFile is the configuration of a daemon that is a service, one of two. That
// the others miss it takes longer than any test: where it is gone, it has left.
const serviceFile = `
cluster = "test"
id = 1
start = [1, 2]
bind = "127.0.0.1:5501"
peers = ["127.0.0.1:5501", "127.0.0.1:5502"]
detect = "10m"
beacon = "150ms"
heartbeat = "20ms"
`

// inSystemd is a machine in which the daemon is installed as docs/daemon.md says.
type inSystemd struct {
	*machine
}

// TestServiceUnderSystemd runs the units of examples/systemd under a real manager.
func TestServiceUnderSystemd(t *testing.T) {
	s := &inSystemd{boot(t)}
	s.give(t)
	for _, step := range []struct {
		name string
		f    func(*testing.T)
	}{
		{"install", s.install}, {"reload", s.reload}, {"bad reload", s.badReload}, {"watchdog", s.watchdog}, {"stop", s.stop}, {"activation", s.activation},
		{"settings", s.badSettings}, {"join", s.badAddress}, {"no socket unit", s.ownSocket},
	} {
		if !t.Run(step.name, step.f) {
			return // the next one begins where it ended
		}
	}
}

// give puts what is to be installed into the directory that the machine has.
func (s *inSystemd) give(t *testing.T) {
	t.Helper()
	self, err := os.Executable()
	if err == nil {
		err = os.CopyFS(filepath.Join(s.given, "examples/systemd"), os.DirFS(unitDir))
	}
	var program []byte
	if err == nil {
		program, err = os.ReadFile(self)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(s.given, "stampede"), program, 0o755)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(s.given, "stampede.toml"), []byte(serviceFile), 0o600)
	}
	if err == nil {
		err = os.Chmod(s.given, 0o755)
	}
	if err != nil {
		t.Fatal(err)
	}
	s.does(t, "useradd alice; useradd bob; echo "+asProgram+"=1 > /etc/default/stampede")
}

// installation are the commands of docs/daemon.md.
func installation(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../docs/daemon.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "\n## 5. Under systemd\n")
	_, block, _ := strings.Cut(section, "\n```\n")
	commands, _, ok := strings.Cut(block, "\n```\n")
	if !ok || !strings.Contains(commands, "systemctl enable --now") {
		t.Fatalf("docs/daemon.md does not tell how to install it: %q", commands)
	}
	return commands
}

// properties of the service, as `systemctl show` has them.
func (s *inSystemd) properties(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	for line := range strings.Lines(s.does(t, "systemctl show stampede.service")) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		all[key] = value
	}
	return all
}

// is fails unless properties have values.
func (s *inSystemd) is(t *testing.T, want map[string]string) {
	t.Helper()
	all := s.properties(t)
	for key, value := range want {
		if all[key] != value {
			t.Errorf("%s=%s, want %s\n%s", key, all[key], value, s.journal(t))
		}
	}
}

// as is a command of a user, with that user's groups.
func as(user, command string) string {
	return "setpriv --reuid=" + user + " --regid=" + user + " --init-groups " + command
}

// members are those that a verb prints, one id a line.
const members = "stampede members | tail -n +2 | cut -d ' ' -f 1"

// It is ready when it is in a configuration and serves, and not before.
func (s *inSystemd) install(t *testing.T) {
	install := s.command(t, installation(t))
	w := watch(t, install)
	s.await(t, "it waits for processor 2", func() bool {
		o := s.run(t, "systemctl show --property StatusText stampede.service")
		return o.stdout == "StatusText=waiting for the first configuration\n"
	})
	s.is(t, map[string]string{"ActiveState": "activating", "SubState": "start"})
	s.does(t, `systemd-run --quiet --unit other --setenv=`+asProgram+`=1 stampede daemon --config /mnt/stampede.toml --id 2 --bind 127.0.0.1:5502 --daemon-socket /run/other`)
	if log, err := w.end(); err != nil {
		t.Fatalf("%v: %s\n%s", err, log, s.journal(t))
	}
	s.is(t, map[string]string{"ActiveState": "active", "StatusText": "serving /run/stampede/stampede.sock", "NRestarts": "0"})
	if got := s.does(t, as("alice", members)); got != "1\n2\n" {
		t.Errorf("%q", got)
	}
	for _, command := range []string{as("bob", "stampede status"), as("alice", "stampede monitor --all"), as("alice", "stampede leave")} {
		if o := s.run(t, command); o.status != notAllowed {
			t.Errorf("%s: %+v", command, o)
		}
	}
}

func (s *inSystemd) reload(t *testing.T) {
	for _, level := range []string{"debug", "warn", "debug", "info"} {
		s.does(t, "printf '[daemon]\nlog-level = \""+level+"\"\n' | cat stampede.toml - > /etc/stampede/stampede.toml; systemctl reload stampede.service")
		if got := s.does(t, as("alice", "stampede log-level")); got != strings.ToUpper(level)+"\n" {
			t.Errorf("behind the reload it is %q, want %s", got, level)
		}
	}
}

// A reload that fails is one of systemctl too, and the daemon goes on.
func (s *inSystemd) badReload(t *testing.T) {
	s.does(t, "cp /etc/stampede/stampede.toml /mnt/good; echo 'colour = 1' > /etc/stampede/stampede.toml")
	if o := s.run(t, "systemctl reload stampede.service"); o.status == 0 {
		t.Errorf("%+v", o)
	}
	all := s.properties(t)
	if all["ActiveState"] != "active" || !strings.Contains(all["StatusText"], `stampede.toml:1: unknown key "colour"`) {
		t.Errorf("%s %s", all["ActiveState"], all["StatusText"])
	}
	s.does(t, "cp /mnt/good /etc/stampede/stampede.toml; systemctl reload stampede.service")
	s.is(t, map[string]string{"ActiveState": "active", "StatusText": "serving /run/stampede/stampede.sock"})
}

// override gives the service other options.
func (s *inSystemd) override(t *testing.T, option string) {
	t.Helper()
	s.does(t, "mkdir -p /etc/systemd/system/stampede.service.d; printf '[Service]\n"+option+"\n' > /etc/systemd/system/stampede.service.d/test.conf; systemctl daemon-reload")
}

// The watchdog lets the daemon live while it gives signs of life, and no longer.
func (s *inSystemd) watchdog(t *testing.T) {
	s.override(t, "WatchdogSec=3s")
	s.does(t, "systemctl restart stampede.service")
	before := s.properties(t)
	if before["WatchdogUSec"] != "3s" {
		t.Fatalf("WatchdogUSec=%s", before["WatchdogUSec"])
	}
	micros := func(p map[string]string, key string) int {
		n, err := strconv.Atoi(p[key])
		if err != nil {
			t.Fatalf("%s=%q", key, p[key])
		}
		return n
	}
	const sign, begin = "WatchdogTimestampMonotonic", "ActiveEnterTimestampMonotonic"
	s.await(t, "it gave signs of life for longer than the watchdog waits", func() bool {
		now := s.properties(t)
		return micros(now, sign)-micros(now, begin) > 4_000_000
	})
	s.is(t, map[string]string{"MainPID": before["MainPID"], "NRestarts": "0", "ActiveState": "active"})

	s.does(t, "systemctl kill --kill-whom=main --signal=STOP stampede.service")
	s.await(t, "it was started again", func() bool {
		now := s.properties(t)
		return now["MainPID"] != before["MainPID"] && now["ActiveState"] == "active"
	})
	s.is(t, map[string]string{"NRestarts": "1"})
	if log := s.does(t, "journalctl --no-pager --unit stampede.service"); !strings.Contains(log, "Watchdog timeout") {
		t.Errorf("the journal does not say why: %s", log)
	}
	if got := s.does(t, as("alice", members)); got != "1\n2\n" {
		t.Errorf("%q", got)
	}
}

// It has left the group before it ends, and the socket waits for the next one.
func (s *inSystemd) stop(t *testing.T) {
	s.does(t, "systemctl stop stampede.service")
	s.is(t, map[string]string{"ActiveState": "inactive", "Result": "success", "ExecMainCode": "1", "ExecMainStatus": "0"})
	s.await(t, "the other is alone", func() bool { return s.does(t, "STAMPEDE_SOCKET=/run/other "+members) == "2\n" })
}

// The first client starts it.
func (s *inSystemd) activation(t *testing.T) {
	other := s.command(t, "STAMPEDE_SOCKET=/run/other stampede recv news --count 1 --json")
	var got strings.Builder
	other.Stdout, other.Stderr = &got, &got
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	s.await(t, "the other's client has joined", func() bool {
		return strings.Contains(s.does(t, "STAMPEDE_SOCKET=/run/other stampede groups"), "news")
	})
	s.is(t, map[string]string{"ActiveState": "inactive"})
	s.does(t, as("alice", "stampede send --group news --wait hello"))
	s.is(t, map[string]string{"ActiveState": "active"})
	if err := other.Wait(); err != nil || !strings.Contains(got.String(), `"sender":1,`) || !strings.Contains(got.String(), `"text":"hello"`) {
		t.Errorf("%v: %s", err, &got)
	}
}

// Settings that make no sense are told, and not tried again.
func (s *inSystemd) badSettings(t *testing.T) {
	s.does(t, "systemctl stop stampede.service; printf 'id = 1\ndetect = \"1ms\"\n' > /etc/stampede/stampede.toml")
	if o := s.run(t, "systemctl start stampede.service"); o.status == 0 {
		t.Errorf("%+v", o)
	}
	const why = "daemon: settings: conf: /etc/stampede/stampede.toml:2: detect: 1ms is not within 10ms to 10m0s"
	all := s.properties(t)
	if all["ActiveState"] != "failed" || all["ExecMainStatus"] != "2" || all["NRestarts"] != "0" || !strings.HasPrefix(all["StatusText"], why) {
		t.Errorf("%s %s %s %s", all["ActiveState"], all["ExecMainStatus"], all["NRestarts"], all["StatusText"])
	}
	for _, command := range []string{"systemctl status stampede.service || true", "journalctl --no-pager --unit stampede.service --lines 20"} {
		if got := s.does(t, command); !strings.Contains(got, why) {
			t.Errorf("%s does not say why: %s", command, got)
		}
	}
}

// What may mend itself is tried again, and its step is told.
func (s *inSystemd) badAddress(t *testing.T) {
	s.override(t, "RestartSec=10min")
	s.does(t, "sed 's/127.0.0.1:5501\"$/192.0.2.1:5501\"/' stampede.toml > /etc/stampede/stampede.toml")
	if o := s.run(t, "systemctl start stampede.service"); o.status == 0 {
		t.Errorf("%+v", o)
	}
	all := s.properties(t)
	if all["SubState"] != "auto-restart" || all["ExecMainStatus"] != "1" || !strings.HasPrefix(all["StatusText"], "daemon: join: ") {
		t.Errorf("%s %s %s", all["SubState"], all["ExecMainStatus"], all["StatusText"])
	}
	s.does(t, "systemctl stop stampede.service; cp stampede.toml /etc/stampede")
}

// Without the socket's unit the daemon makes the socket, and removes it.
func (s *inSystemd) ownSocket(t *testing.T) {
	s.does(t, "systemctl disable --now stampede.socket; systemctl start stampede.service")
	if got := s.does(t, "stat -c '%U %G %a' /run/stampede/stampede.sock"); got != "stampede stampede 660\n" {
		t.Errorf("%q", got)
	}
	if got := s.does(t, as("alice", members)); got != "1\n2\n" {
		t.Errorf("%q", got)
	}
	s.does(t, "systemctl stop stampede.service; test ! -e /run/stampede/stampede.sock")
}
