package conf

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// write makes a file with a text.
func write(t *testing.T, text string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "stampede.toml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// What a file can say, a text alone can say as well.
func TestSetSaysWhatAFileSays(t *testing.T) {
	file := New()
	if err := file.File(write(t, all)); err != nil {
		t.Fatal(err)
	}
	texts := New()
	for _, key := range Keys() {
		if err := texts.Set(key, file.Text(key), "--"+key); err != nil {
			t.Error(err)
		}
		if file.Text(key) == "" {
			t.Errorf("%s has no text", key)
		}
	}
	if !reflect.DeepEqual(texts.Settings, file.Settings) {
		t.Errorf("texts %+v\nfile  %+v", texts.Settings, file.Settings)
	}
	if changed := texts.Changed(file); len(changed) > 0 {
		t.Errorf("%s changed", changed)
	}
	if changed := texts.Changed(New()); len(changed) != len(Keys()) {
		t.Errorf("only %s changed", changed)
	}
}

func TestWhatIsNotSetHasNoText(t *testing.T) {
	s := Default()
	for key, want := range map[string]string{"mtu": "", "bind": "", "detect": "", "start": "", "no-check": "", "daemon.socket-owner": "",
		"wait": "auto", "gso": "auto", "transport": "auto", "daemon.log-level": "info", "daemon.log-format": "text",
		"daemon.socket": DefaultSocket, "daemon.socket-mode": "0660", "daemon.max-clients": "1024"} {
		if got := s.Text(key); got != want {
			t.Errorf("%s is %q, want %q", key, got, want)
		}
	}
}

func TestSetRefusals(t *testing.T) {
	for _, c := range []struct{ key, text, says string }{
		{"colour", "blue", `unknown key "colour"`},
		{"daemon", "x", `unknown key "daemon"`},
		{"id", "", `"" is no number`},
		{"id", "-1", "-1"},
		{"id", "4294967296", "4294967296 is out of range"},
		{"mtu", "1e3", `"1e3" is no number`},
		{"mtu", "99999999999999999999", "out of range"},
		{"no-check", "yes", `"yes" is neither true nor false`},
		{"start", "1,,2", `"" is no number`},
		{"peers", "10.0.0.1", "not an ip:port"},
		{"detect", "300", "300"},
		{"wait", "", `"" is none of auto|block|spin`},
		{"cluster", "\xff", "is not UTF-8"},
		{"daemon.allow-users", "root,no such user", `"no such user" is no user`},
	} {
		e := New()
		before := e.Settings
		err := e.Set(c.key, c.text, "--flag")
		if err == nil || !strings.Contains(err.Error(), c.says) || !strings.HasPrefix(err.Error(), "conf: --flag: ") {
			t.Errorf("%s=%s: error %v, want %q", c.key, c.text, err, c.says)
		}
		if !reflect.DeepEqual(e.Settings, before) || len(e.given()) > 0 {
			t.Errorf("%s=%s changed something", c.key, c.text)
		}
	}
}

func TestTheLastOneWinsAndIsTheOrigin(t *testing.T) {
	path := write(t, "id = 1\n\nmtu = 1100\nstart = [\n 1,\n 2,\n]\n[daemon]\n# below\nlog-format = \"json\"\nlog-level = \"warn\"\n")
	e := New()
	if err := e.File(path); err != nil {
		t.Fatal(err)
	}
	if err := e.Environment([]string{"HOME=/root", "STAMPEDE_MTU=1200", "STAMPEDE_DAEMON_LOG_LEVEL=error", "STAMPEDE_TTL=3"}); err != nil {
		t.Fatal(err)
	}
	if err := e.Set("mtu", "1300", "--mtu"); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]struct{ text, origin string }{
		"id":                {"1", path + ":1"},
		"start":             {"1,2", path + ":4"},
		"mtu":               {"1300", "--mtu"},
		"ttl":               {"3", "STAMPEDE_TTL"},
		"wait":              {"auto", FromDefault},
		"daemon.log-level":  {"error", "STAMPEDE_DAEMON_LOG_LEVEL"},
		"daemon.log-format": {"json", path + ":10"},
		"daemon.socket":     {DefaultSocket, FromDefault},
	} {
		if text, origin := e.Text(key), e.Origin(key); text != want.text || origin != want.origin {
			t.Errorf("%s is %q from %q, want %+v", key, text, origin, want)
		}
	}
	if given := strings.Join(e.given(), " "); given != "id start ttl mtu daemon.log-level daemon.log-format" {
		t.Error(given)
	}
}

func TestLinesOfKeysHoweverTheyAreWritten(t *testing.T) {
	for text, want := range map[string]int{
		"daemon.max-clients = 2\n":                                                         1,
		"\ndaemon = { log-level = \"warn\", max-clients = 2 }":                             2,
		"id = 1\n[daemon]\n\"max-clients\" = 2":                                            3,
		"[ daemon ] # its\r\n\r\n  max-clients=2\r\n":                                      3,
		"cluster = '''\nmax-clients = 1\n'''\n[daemon]\nmax-clients = 2 # max-clients = 3": 5,
	} {
		e := New()
		path := write(t, text)
		if err := e.File(path); err != nil {
			t.Fatal(err)
		}
		if o := e.Origin("daemon.max-clients"); o != fmt.Sprintf("%s:%d", path, want) || e.Daemon.MaxClients != 2 {
			t.Errorf("%q: %d from %s, want line %d", text, e.Daemon.MaxClients, o, want)
		}
	}
}

// Every field that evs refuses is told by its key and its place.
func TestCheckTellsKeyAndPlace(t *testing.T) {
	for text, want := range map[string]string{
		"id = 1\n":                                                  "",
		"members = 3\n":                                             "conf: id: missing",
		"\nid = 0\n":                                                ":2: id: missing",
		"id = 1\nstart = [2]\n":                                     ":2: start: does not name this processor, 1",
		"id = 1\nstart = [1, 1]\n":                                  ":2: start: id 1 is listed twice",
		"id = 1\nstart = [1, 2]\n":                                  "conf: peers: neither",
		"id = 1\nmembers = -1\n":                                    ":2: members: -1 is not within",
		"id = 1\nttl = 256\n":                                       ":2: ttl: 256 ",
		"id = 1\nmtu = 500\n":                                       ":2: mtu: 500 ",
		"id = 1\nreceive-batch = 99999\n":                           ":2: receive-batch: ",
		"id = 1\nreceive-buffer = -1\n":                             ":2: receive-buffer: ",
		"id = 1\n\nmax-message = 67108865\n":                        ":3: max-message: ",
		"id = 1\nhistory = 1000\n":                                  ":2: history: ",
		"id = 1\nreassembly = 1000\n":                               ":2: reassembly: ",
		"id = 1\nwindow = 5\n":                                      ":2: window: ",
		"id = 1\nsend-queue = 5\n":                                  ":2: send-queue: ",
		"id = 1\ndetect = \"9ms\"\n":                                ":2: detect: 9ms ",
		"id = 1\njoin-interval = \"2h\"\n":                          ":2: join-interval: ",
		"id = 1\nheartbeat = \"1s\"\n":                              ":2: heartbeat: ",
		"id = 1\nbeacon = \"1s\"\n":                                 ":2: beacon: ",
		"id = 1\ntransport = \"multicast\"\n":                       ":2: transport: \"multicast\" needs",
		"id = 1\nmulticast = \"10.0.0.1:5\"\n":                      ":2: multicast: 10.0.0.1:5 is not a multicast address",
		"id = 1\nmulticast = \"239.1.1.1:0\"\n":                     ":2: multicast: ",
		"id = 1\nbind = \"239.1.1.1:0\"\n":                          ":2: bind: ",
		"id = 1\npeers = [\"0.0.0.0:5\"]\n":                         ":2: peers: ",
		"id = 1\npeers = [\"10.0.0.1:0\"]\n":                        ":2: peers: ",
		"id = 1\n[daemon]\nsocket = \"\"\n":                         ":3: daemon.socket: missing",
		"id = 1\n[daemon]\nsocket = \"@abstract\"\n":                ":3: daemon.socket: ",
		"id=1\n[daemon]\nsocket='@a'\nallow-groups=[0]":             "",
		"id = 1\n[daemon]\nsocket = \"/run/\"\n":                    ":3: daemon.socket: ",
		"id = 1\n[daemon]\nmax-clients = 0\n":                       ":3: daemon.max-clients: 0 is not within 1 to 65536",
		"id = 1\n[daemon]\nclient-queue = 268435457\n":              ":3: daemon.client-queue: 268435457 is more than max-client-queue, 268435456",
		"id = 1\n[daemon]\nclient-queue = 1048575\n":                ":3: daemon.client-queue: 1048575 is less than 1048576",
		"id = 1\n[daemon]\nmax-client-queue = 1000\n":               ":3: daemon.max-client-queue: ",
		"[daemon]\nclient-queue = -1\nmax-clients = -1":             "conf: id: missing",
		"id=1\n[daemon]\nclient-queue=-1\nmax-clients=0":            ":3: daemon.client-queue: -1", // both are told
		"id=1\n[daemon]\nmax-clients=0\nclient-queue=0":             ":3: daemon.max-clients: 0",
		"id=1\n[daemon]\nsocket='" + strings.Repeat("x", 108) + "'": ":3: daemon.socket: a path of 108 bytes",
	} {
		e := New()
		if err := e.File(write(t, text)); err != nil {
			t.Fatal(err)
		}
		err := e.Check()
		if want == "" && err != nil || want != "" && !strings.Contains(fmt.Sprint(err), want) {
			t.Errorf("%q: error %v, want %q", text, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "evs:") {
			t.Errorf("%q: the error is not about a key: %v", text, err)
		}
	}
}

func TestCheckNamesFlagAndVariable(t *testing.T) {
	e := New()
	if err := e.Environment([]string{"STAMPEDE_ID=1", "STAMPEDE_MTU=5"}); err != nil {
		t.Fatal(err)
	}
	if err := e.Check(); fmt.Sprint(err) != "conf: STAMPEDE_MTU: 5 is not within 576 to 65535" {
		t.Error(err)
	}
	if err := e.Set("mtu", "6", "--mtu"); err != nil {
		t.Fatal(err)
	}
	if err := e.Check(); fmt.Sprint(err) != "conf: --mtu: 6 is not within 576 to 65535" {
		t.Error(err)
	}
}

// given lists the keys that somebody has set, to whatever value.
func (e *Effective) given() (all []string) {
	for i := range keys {
		if _, ok := e.origins[keys[i].name]; ok {
			all = append(all, keys[i].name)
		}
	}
	return all
}
