package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"stampede/internal/lab"
	"stampede/perf/host"
	"stampede/perf/reach"
)

// reached is what check --reach --json tells.
type reached struct {
	Findings []host.Finding
	Reach    *reach.Result
	status   int
}

func (r *reached) bad() (found []string) {
	for _, f := range r.Findings {
		if f.Grade == host.Bad {
			found = append(found, f.Found)
		}
	}
	return found
}

// reachAll runs all of cmds at the same time.
func reachAll(t *testing.T, cmds []*exec.Cmd) []reached {
	t.Helper()
	all := make([]reached, len(cmds))
	var wg sync.WaitGroup
	for i, cmd := range cmds {
		wg.Go(func() {
			var stdout, stderr bytes.Buffer
			cmd.Stdout, cmd.Stderr = &stdout, &stderr
			cmd.Run()
			all[i].status = cmd.ProcessState.ExitCode()
			if err := json.Unmarshal(stdout.Bytes(), &all[i]); err != nil || all[i].Reach == nil {
				t.Errorf("%d: %v: %s%s", i+1, err, stdout.String(), stderr.String())
			}
		})
	}
	wg.Wait()
	if t.Failed() {
		t.FailNow()
	}
	return all
}

func TestCheckReachOverLoopback(t *testing.T) {
	var cmds []*exec.Cmd
	for i := range 3 {
		cmds = append(cmds, program(t, "check", "--reach", "--json", "--expect", "2", "--for", "1m", "--bind", fmt.Sprintf("127.0.0.1:%d", 7551+i),
			"--peers", "127.0.0.1:7551,127.0.0.1:7552,127.0.0.1:7553"))
	}
	for i, r := range reachAll(t, cmds) {
		if r.status != 0 || r.bad() != nil || len(r.Reach.Links) != 6 || r.Reach.Hosts[0].Address.Port() != uint16(17551+i) {
			t.Errorf("%d: %+v", i+1, r)
		}
	}
}

func TestCheckReachRefusesBadUsage(t *testing.T) {
	for _, arg := range []string{"--for 1s", "--expect 2", "--reach --for 1ms", "--reach --expect -1", "--reach --expect 1000",
		"--reach --shift 70000", "--reach --bind 127.0.0.1:0 --peers 127.0.0.1:5501"} {
		if o := run(t, append([]string{"check"}, strings.Fields(arg)...)...); o.status != 2 || o.stdout != "" || o.stderr == "" {
			t.Errorf("%q: %+v", arg, o)
		}
	}
}

// On the hosts of a lab: all is well; then a host hears nothing of another;
// then one has a smaller MTU than the others.
func TestCheckReachInTheLab(t *testing.T) {
	needLab(t)
	l, err := lab.New(t.Context(), 3)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	check := func(arg string) []reached {
		var cmds []*exec.Cmd
		for i := range l.Hosts {
			h := &l.Hosts[i]
			cmd := h.Command(t.Context(), program(t).Path, append([]string{"check", "--reach", "--json", "--bind", h.IPv4.String() + ":0",
				"--multicast", "239.192.7.1:5500"}, strings.Fields(arg)...)...)
			cmd.Env = append(os.Environ(), asProgram+"=1")
			cmds = append(cmds, cmd)
		}
		return reachAll(t, cmds)
	}
	for i, r := range check("--expect 2 --for 1m") {
		if r.status != 0 || r.bad() != nil || len(r.Reach.Links) != 6 {
			t.Errorf("host %d: %+v", i+1, r)
		}
	}
	if err := l.Cut(t.Context(), lab.OneWay([]int{1}, []int{2})...); err != nil {
		t.Fatal(err)
	}
	for i, r := range check("--for 3s") {
		want := fmt.Sprintf("(%v", l.Hosts[0].IPv4)
		if i == 1 {
			want = "hosts that others hear and this one does not: 1"
		}
		if r.status != 1 || !strings.Contains(strings.Join(r.bad(), "\n"), want) {
			t.Errorf("host %d is cut off: status %d, %q", i+1, r.status, r.bad())
		}
	}
	if err := l.Heal(t.Context()); err != nil {
		t.Fatal(err)
	}
	if out, err := l.Hosts[2].Command(t.Context(), "ip", "link", "set", lab.Interface, "mtu", "1400").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for i, r := range check("--for 3s") {
		if bad := strings.Join(r.bad(), "\n"); i < 2 && (r.status != 1 || !strings.Contains(bad, "datagrams of 1472 bytes") || !strings.Contains(bad, "1372 bytes do")) {
			t.Errorf("host %d beside one with a smaller MTU: status %d, %q", i+1, r.status, bad)
		}
	}
}
