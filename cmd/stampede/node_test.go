package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"stampede/bench"
	"stampede/internal/conf"
	"stampede/internal/lab"
	"stampede/internal/testenv"
	"stampede/internal/verify"
)

// nodes are the processes of a cluster.
type nodes struct {
	cmds   []*exec.Cmd
	stderr []*bytes.Buffer
	traces []string
}

// startNodes starts processors 1 to n, each with the arguments that are its own.
func startNodes(t *testing.T, n int, own func(id int) []string, arg ...string) *nodes {
	t.Helper()
	dir, cluster, start := t.TempDir(), fmt.Sprintf("test-%016x", rand.Uint64()), "1"
	for id := 2; id <= n; id++ {
		start += fmt.Sprint(",", id)
	}
	ns := &nodes{}
	for id := 1; id <= n; id++ {
		path := filepath.Join(dir, fmt.Sprint(id, ".jsonl"))
		all := append([]string{"node", "--id", strconv.Itoa(id), "--start", start, "--cluster", cluster, "--trace", path, "--detect", "3s"}, own(id)...)
		cmd, stderr := program(t, append(all, arg...)...), &bytes.Buffer{}
		cmd.Stderr = stderr
		ns.cmds, ns.stderr, ns.traces = append(ns.cmds, cmd), append(ns.stderr, stderr), append(ns.traces, path)
	}
	return ns
}

// run waits until all have left by themselves.
func (ns *nodes) run(t *testing.T) {
	t.Helper()
	for _, cmd := range ns.cmds {
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
	}
	ns.end(t)
}

// end waits until all have left.
func (ns *nodes) end(t *testing.T) {
	t.Helper()
	for i, cmd := range ns.cmds {
		if err := cmd.Wait(); err != nil {
			t.Errorf("node %d: %v\n%s", i+1, err, ns.stderr[i])
		}
	}
}

// judge holds the traces against the promises.
func (ns *nodes) judge(t *testing.T) *verify.Report {
	t.Helper()
	r, err := verify.Files(t.Context(), ns.traces, verify.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range r.Violations {
		t.Error(&r.Violations[i])
	}
	if r.More > 0 || len(r.Torn) > 0 || len(r.Untraced) > 0 {
		t.Errorf("%d more violations, torn %q, untraced %d", r.More, r.Torn, r.Untraced)
	}
	for _, path := range ns.traces {
		text, err := os.ReadFile(path)
		if err != nil || !bytes.HasSuffix(text, []byte(`,"ev":"leave"}`+"\n")) {
			t.Errorf("%s does not end with a leave (%v)", path, err)
		}
	}
	return r
}

// loopbackGroup gives every node the same multicast group of this machine.
func loopbackGroup(t *testing.T) func(int) []string {
	group := fmt.Sprintf("239.255.%d.%d:%d", rand.IntN(256), 1+rand.IntN(254), ports(t, 1)[0])
	return func(int) []string { return []string{"--multicast", group} }
}

// ports are n different ones that are free just now.
func ports(t *testing.T, n int) (all []int) {
	t.Helper()
	for range n {
		c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close() // all stay taken until there are enough
		all = append(all, c.LocalAddr().(*net.UDPAddr).Port)
	}
	return all
}

func loopbackPeers(t *testing.T, n int) func(int) []string {
	var peers []string
	for _, port := range ports(t, n) {
		peers = append(peers, fmt.Sprint("127.0.0.1:", port))
	}
	return func(id int) []string {
		return []string{"--bind", peers[id-1], "--peers", strings.Join(peers, ","), "--transport", "unicast"}
	}
}

const everyGuarantee = "agreed,unordered,fifo,safe"

func TestNodesTracesKeepThePromises(t *testing.T) {
	for name, own := range map[string]func(int) []string{"multicast": loopbackGroup(t), "unicast": loopbackPeers(t, 3)} {
		for _, size := range []string{"0", "100", "5000"} {
			t.Run(name+"/"+size, func(t *testing.T) {
				ns := startNodes(t, 3, own, "--rate", "5000", "--count", "1500", "--expect", "4500",
					"--size", size, "--guarantee", everyGuarantee)
				ns.run(t)
				r := ns.judge(t)
				if r.Lives != 3 || r.Configurations > 3 || r.Messages != 4500 || r.Deliveries != 3*4500 {
					t.Errorf("%+v", r.Summary)
				}
			})
		}
	}
}

func TestNodeThatOnlyListens(t *testing.T) {
	own := loopbackGroup(t)
	ns := startNodes(t, 2, func(id int) []string {
		if id == 2 {
			return own(id)
		}
		return append(own(id), "--rate", "1000", "--count", "100")
	}, "--expect", "100")
	ns.run(t)
	if r := ns.judge(t); r.Messages != 100 || r.Deliveries != 200 {
		t.Errorf("%+v", r.Summary)
	}
}

func TestNodeAloneEndsWithItsCount(t *testing.T) {
	ns := startNodes(t, 1, func(int) []string { return nil }, "--rate", "1000", "--count", "20")
	ns.run(t)
	if r := ns.judge(t); r.Messages != 20 {
		t.Errorf("%+v", r.Summary)
	}
}

// A life more is added to the end of the file.
func TestNodeStartedAgainGoesOnWithItsTrace(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "trace.jsonl")
	for range 2 {
		if o := run(t, "node", "--id", "1", "--rate", "1000", "--count", "5", "--trace", path); o.status != 0 {
			t.Fatalf("%+v", o)
		}
	}
	r, err := verify.Files(t.Context(), []string{path}, verify.Options{})
	if err != nil || r.Lives != 2 || r.Messages != 10 || len(r.Violations) > 0 {
		t.Errorf("%v: %+v", err, r)
	}
}

func TestNodeReadsItsFileAndFlagsWin(t *testing.T) {
	path := filepath.Join(t.TempDir(), "stampede.toml")
	text := "id = 7\nmtu = 1400\nstart = [7, 8]\npeers = [\"127.0.0.1:9\"]\nwindow = 100000\ngso = \"off\"\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	o := run(t, "node", "--start", "5", "--config", path, "--id", "5", "--mtu", "1000", "--rate", "1000", "--count", "3")
	for _, want := range []string{" id=5 ", "start=[5]", " peers=1 ", " datagram=972 ", " gso=off", "sent=3 delivered=3"} {
		if o.status != 0 || !strings.Contains(o.stderr, want) {
			t.Errorf("status %d, no %q in: %s", o.status, want, o.stderr)
		}
	}
	// A flag wins also with the value that it has when it is not given.
	if o := run(t, "node", "--config", path, "--id", "0"); o.status != 1 || !strings.Contains(o.stderr, "id: missing") {
		t.Errorf("%+v", o)
	}
}

func TestNodeRefusals(t *testing.T) {
	dir := t.TempDir()
	bad := filepath.Join(dir, "bad.toml")
	if err := os.WriteFile(bad, []byte("id = 1\n\ncolour = \"blue\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for arg, reason := range map[string]string{
		"":                                          "id: missing",
		"--id -1":                                   "--id",
		"--id 1 --start 1,x":                        `"x" is no number`,
		"--id 1 --start 1,4294967296":               "4294967296 is out of range",
		"--id 1 --start 2":                          "--start: does not name this processor",
		"--id 1 --start 1,2":                        "peers: ",
		"--id 1 --bind localhost":                   "--bind",
		"--id 1 --peers 1.2.3.4":                    "--peers",
		"--id 1 --transport pigeon":                 "auto|multicast|unicast",
		"--id 1 --transport multicast":              "needs the key multicast",
		"--id 1 --wait always":                      "auto|block|spin",
		"--id 1 --guarantee agreed,total":           `"total" is none of agreed|unordered|fifo|safe`,
		"--id 1 --mtu 100":                          "--mtu: 100 is not within",
		"--id 1 --rate -1":                          "rate -1",
		"--id 1 --rate NaN":                         "rate NaN",
		"--id 1 --size -1":                          "size -1",
		"--id 1 --size 1048577":                     "size 1048577",
		"--id 1 --count 5":                          "count 5 needs a rate",
		"--id 1 --config no-such-file.toml":         "no-such-file.toml",
		"--id 1 --config " + bad:                    bad + `:3: unknown key "colour"`,
		"--id 1 --trace " + dir:                     dir,
		"--id 1 --trace no-such-dir/file":           "no-such-dir/file",
		"--id 1 --group " + strings.Repeat("x", 33): "33 bytes",
	} {
		o := run(t, append([]string{"node"}, strings.Fields(arg)...)...)
		if o.status != 1 || !strings.Contains(o.stderr, reason) || o.stdout != "" {
			t.Errorf("%s: status %d, want %q in: %s%s", arg, o.status, reason, o.stdout, o.stderr)
		}
	}
}

// One word means the same in all verbs.
func TestVerbsShareTheirWords(t *testing.T) {
	for bench, conf := range map[string]string{
		bench.GuaranteeWords: conf.GuaranteeWords, bench.TransportWords: conf.TransportWords, bench.SocketWords: conf.SocketWords,
		bench.SwitchWords: conf.SwitchWords, bench.WaitWords: conf.WaitWords, bench.CompressWords: conf.CompressWords,
	} {
		if bench != conf {
			t.Errorf("bench has %s, node %s", bench, conf)
		}
	}
}

func TestNodesInALabThatLoses(t *testing.T) {
	testenv.NeedRoot(t)
	testenv.NeedCommand(t, "ip")
	testenv.NeedCommand(t, "nft")
	l, err := lab.New(t.Context(), 3)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	for i := range l.Hosts {
		lose(t, &l.Hosts[i], 5)
	}
	own := func(id int) []string {
		return []string{"--bind", l.Hosts[id-1].IPv4.String() + ":7400", "--multicast", "239.255.77.1:7401", "--interface", lab.Interface}
	}
	ns := startNodes(t, 3, own, "--rate", "2000", "--count", "1000", "--expect", "3000", "--size", "1000", "--guarantee", everyGuarantee)
	for i, cmd := range ns.cmds {
		inside := l.Hosts[i].Command(t.Context(), cmd.Path, cmd.Args[1:]...)
		inside.Env, inside.Stderr = cmd.Env, cmd.Stderr
		ns.cmds[i] = inside
	}
	ns.run(t)
	if r := ns.judge(t); r.Messages != 3000 || r.Deliveries != 9000 {
		t.Errorf("%+v", r.Summary)
	}
}

// lose makes a host drop so many percent of what arrives.
func lose(t *testing.T, h *lab.Host, percent int) {
	t.Helper()
	rules := fmt.Sprintf("table inet lossy { chain in { type filter hook input priority 0; ip protocol udp numgen random mod 100 < %d drop; }; }", percent)
	cmd := h.Command(t.Context(), "nft", "-f", "-")
	cmd.Stdin = strings.NewReader(rules)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("nft: %v\n%s", err, out)
	}
}
