package conf

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"stampede/evs"
	"stampede/sock"
)

const example = "../../examples/stampede.toml"

// read is what Read says to a file with a text.
func read(t *testing.T, text string) (Settings, string, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "stampede.toml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	e := New()
	err := e.File(path)
	return e.Settings, path, err
}

// all has every key, with a value that is not its default.
const all = `cluster = "c"
id = 7
start = [7, 8]
members = 14
bind = "10.0.0.7:1"
transport = "multicast"
multicast = "239.1.2.3:4"
interface = "eth0"
ttl = 3
peers = ["10.0.0.8:1", "[fd00::1]:2"]
mtu = 1400
socket = "portable"
gso = "off"
gro = "off"
wait = "spin"
busy-poll = "50us"
cpus = [1, 3]
receive-batch = 5
receive-buffer = 6
max-message = 8
history = 9
reassembly = 10
window = 11
send-queue = 12
compress = "zstd"
no-check = true
fixed-sequencer = true
detect = "2m"
join-interval = "13ms"
heartbeat = "1m"
beacon = "15ms"

[daemon]
socket = "/run/s"
socket-mode = "0604"
socket-owner = "root"
socket-group = "0"
allow-users = ["root", 1]
allow-groups = ["root", "2"]
hold-users = [3]
hold-groups = [4]
admin-users = [5]
admin-groups = [6]
max-clients = 16
first-clients = ["ledger", "ledger", "web"]
client-queue = 17
max-client-queue = 18
raise-guarantees = true
log-level = "debug"
log-format = "json"
`

func TestEveryKeyHasItsField(t *testing.T) {
	s, _, err := read(t, all)
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.Config()
	if err != nil {
		t.Fatal(err)
	}
	want := evs.Config{
		Cluster: "c", ID: 7, Start: []evs.ProcessorID{7, 8}, Members: 14,
		Bind: netip.MustParseAddrPort("10.0.0.7:1"), Multicast: netip.MustParseAddrPort("239.1.2.3:4"), Interface: "eth0", TTL: 3,
		Peers: []netip.AddrPort{netip.MustParseAddrPort("10.0.0.8:1"), netip.MustParseAddrPort("[fd00::1]:2")},
		MTU:   1400, Socket: sock.Portable, GSO: sock.Off, GRO: sock.Off, Wait: sock.Spin, BusyPoll: 50 * time.Microsecond, CPUs: []int{1, 3}, ReceiveBatch: 5, ReceiveBufferBytes: 6,
		MaxMessageBytes: 8, HistoryBytes: 9, ReassemblyBytes: 10, WindowBytes: 11, SendQueueBytes: 12,
		Compress: evs.CompressZstd, NoCheck: true, FixedSequencer: true,
		Detect: 2 * time.Minute, JoinInterval: 13 * time.Millisecond, Heartbeat: time.Minute, Beacon: 15 * time.Millisecond,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// A setting that a program can make, an operator can make too.
func TestEveryFieldHasItsKey(t *testing.T) {
	s, _, err := read(t, all)
	if err != nil {
		t.Fatal(err)
	}
	c, err := s.Config()
	if err != nil {
		t.Fatal(err)
	}
	v := reflect.ValueOf(c)
	for i := range v.NumField() {
		name := v.Type().Field(i).Name
		if v.Field(i).IsZero() && name != "Network" && name != "Logger" {
			t.Errorf("no key sets evs.Config.%s", name)
		}
	}
}

// The example is complete, says what it says truly, and each key is explained.
func TestExample(t *testing.T) {
	e := New()
	if err := e.File(example); err != nil {
		t.Fatal(err)
	}
	if err := e.Check(); err != nil {
		t.Error(err)
	}
	text, err := os.ReadFile(example)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range Keys() {
		if !explained(string(text), key) {
			t.Errorf("key %q is not in the example, or without a comment above it", key)
		}
		if _, _, ok := find(all, key); !ok {
			t.Errorf("key %q is not in the tests", key)
		}
	}
}

// find is the line of a key, and the one before it.
func find(text, key string) (line, before string, ok bool) {
	processor, daemon, _ := strings.Cut(text, "\n[daemon]\n")
	text, name := processor, key
	if own, ok := strings.CutPrefix(key, "daemon."); ok {
		text, name = daemon, own
	}
	lines := strings.Split("\n"+text, "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, name+" = ") {
			return line, lines[i-1], true
		}
	}
	return "", "", false
}

func explained(text, key string) bool {
	_, before, ok := find(text, key)
	// gro stands below gso, and shares its comment.
	return ok && (strings.HasPrefix(before, "# ") || key == "gro" && strings.HasPrefix(before, "gso = "))
}

// Where the text above a key does not speak of a default, its value is it.
func TestExampleHasTheDefaults(t *testing.T) {
	e := New()
	if err := e.File(example); err != nil {
		t.Fatal(err)
	}
	other := map[string]bool{"id": true, "start": true, "bind": true, "multicast": true, "peers": true,
		"members": true, "daemon.allow-users": true, "daemon.allow-groups": true, "daemon.hold-users": true, "daemon.admin-users": true,
		"reassembly": true} // follows members, which follow start
	alone := New()
	alone.ID = 1
	said, want := e.Values(), alone.Values()
	for i := range want {
		if key := want[i].Key; !other[key] && fmt.Sprint(said[i].Value) != fmt.Sprint(want[i].Value) {
			t.Errorf("%s: the example has %v, the default is %v", key, said[i].Value, want[i].Value)
		}
	}
}

func TestEmptyFileIsTheDefault(t *testing.T) {
	s, _, err := read(t, "# nothing\n")
	if err != nil || !reflect.DeepEqual(s, Default()) {
		t.Errorf("%v: %+v", err, s)
	}
	s.ID = 1
	if c, err := s.Config(); err != nil || !reflect.DeepEqual(c, evs.Config{ID: 1, Wait: sock.Adaptive}) {
		t.Errorf("%v: %+v", err, c)
	}
}

func TestRefusals(t *testing.T) {
	for text, want := range map[string]string{
		"id = 1\nidd = 2\n":                                 `2: unknown key "idd"`,
		"a = 1\nid = 1\nb = 2\n":                            `3: unknown key "b"`, // both are told
		"id = 1\n[network]\nbind = \"x\"\n":                 `unknown key "network`,
		"[daemon]\nid = 1\n":                                `2: unknown key "daemon.id"`,
		"daemon = 1\n":                                      "1: ",
		"[[daemon]]\nmax-clients = 1\n":                     "1: ",
		"[daemon]\nsocket-mode = 432\n":                     `2: "432" are no permissions`,
		"[daemon]\nsocket-mode = \"660\"\n":                 `2: daemon.socket-mode: "660" are no permissions`,
		"[daemon]\nsocket-mode = \"01777\"\n":               "2: daemon.socket-mode: ",
		"[daemon]\nsocket-mode = \"rw-rw----\"\n":           "2: daemon.socket-mode: ",
		"[daemon]\nsocket-mode = \"\"\n":                    "2: daemon.socket-mode: ",
		"[daemon]\n\nallow-users = [\"no such user\"]\n":    `3: daemon.allow-users: "no such user" is no user of this machine`,
		"[daemon]\nadmin-groups = [\"no such group\"]\n":    `2: daemon.admin-groups: "no such group" is no group of this machine`,
		"[daemon]\nhold-users = [\"\"]\n":                   "2: daemon.hold-users: a user without a name",
		"[daemon]\nhold-users = [4294967295]\n":             "2: ",
		"[daemon]\nhold-users = [-1]\n":                     "2: ",
		"[daemon]\nhold-users = [1.5]\n":                    "2: ",
		"[daemon]\nhold-users = [true]\n":                   "2: ",
		"[daemon]\nsocket-owner = \"no such user\"\n":       "2: daemon.socket-owner: ",
		"[daemon]\nsocket-group = \"no such group\"\n":      "2: daemon.socket-group: ",
		"[daemon]\nfirst-clients = 2\n":                     "2: ",
		"[daemon]\nlog-level = \"loud\"\n":                  `2: daemon.log-level: "loud" is none of info|debug|warn|error`,
		"[daemon]\nlog-format = \"xml\"\n":                  `2: daemon.log-format: "xml" is none of text|json`,
		"\nid = \"one\"\n":                                  "2: ",
		"id = -1\n":                                         "1: ",
		"id = 4294967296\n":                                 "1: ",
		"id = 1.5\n":                                        "1: ",
		"id = 1\nstart = 3\n":                               "2: ",
		"id = 1\nstart = [1, \"2\"]\n":                      "2: ",
		"id = 1\n\nbind = \"localhost\"\n":                  "3: ",
		"id = 1\nbind = 5500\n":                             "2: ",
		"id = 1\npeers = [\"10.0.0.1\"]\n":                  "2: ",
		"id = 1\nwait = \"always\"\n":                       `2: wait: "always" is none of auto|block|spin`,
		"id = 1\ngso = true\n":                              "2: ",
		"id = 1\ncompress = \"gzip\"\n":                     `2: compress: "gzip" is none of off|s2|zstd`,
		"id = 1\nheartbeat = 20\n":                          "2: ",
		"id = 1\nwait = 1\nmtu = 1500\n":                    "2: ",
		"start = [\n1,\n2]\nttl = 1\nbind = 5\nunknown = 3": "5: ",
		"id = 1\nheartbeat = \"20\"\n":                      "2: ",
		"id = 1\nno-check = \"yes\"\n":                      "2: ",
		"id = 1\nmtu = 99999999999999999999":                "2: ",
		"id = 1\nid = 2\n":                                  "2: ",
		"id = 1\nbind = \n":                                 "2: ",
		"id = 1\ncluster = \"unterminated\n ":               "2: ",
		strings.Repeat("# long\n", 1<<18):                   " longer than 1048576 bytes",
	} {
		_, path, err := read(t, text)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "conf: "+path+":") {
			t.Errorf("%.40q: error %v, want %q", text, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "conf.") {
			t.Errorf("%.40q: error names Go types: %v", text, err)
		}
	}
	if err := New().File(filepath.Join(t.TempDir(), "none.toml")); err == nil {
		t.Error("a file that does not exist was read")
	}
}

func TestContradictionsAreRefused(t *testing.T) {
	for text, want := range map[string]string{
		"":                                  "id: missing",
		"id = 1\ntransport = \"multicast\"": "needs the key multicast",
		"id = 1\ntransport = \"unicast\"\n": "needs the key peers",
		"id = 1\nmulticast = \"1.2.3.4:5\"": "",
	} {
		s, _, err := read(t, text)
		if err != nil {
			t.Fatal(err)
		}
		if _, err = s.Config(); want == "" && err != nil || want != "" && !strings.Contains(fmt.Sprint(err), want) {
			t.Errorf("%q: error %v, want %q", text, err, want)
		}
	}
}

func TestUnicastWinsOverAGroup(t *testing.T) {
	s, _, err := read(t, "id = 1\nmulticast = \"239.1.2.3:4\"\npeers = [\"10.0.0.8:1\"]\ntransport = \"unicast\"")
	if err != nil {
		t.Fatal(err)
	}
	if c, err := s.Config(); err != nil || c.Multicast.IsValid() || len(c.Peers) != 1 {
		t.Errorf("%v: %+v", err, c)
	}
}

func TestWordsComeBack(t *testing.T) {
	for _, w := range guarantees {
		var g Guarantee
		text, err := w.meaning.MarshalText()
		if err != nil || g.UnmarshalText(text) != nil || g != w.meaning {
			t.Errorf("%s became %s, %v", w.word, text, err)
		}
	}
	if _, err := (Guarantee{9}).MarshalText(); err == nil {
		t.Error("guarantee 9 has a word")
	}
}
