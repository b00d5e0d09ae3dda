package libevs

import (
	"bufio"
	"fmt"
	"io"
	"net/netip"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"stampede/evs"
	"stampede/internal/lab"
	"stampede/internal/testenv"
)

// program is a process of test/cluster.c, with its lines.
type program struct {
	t     *testing.T
	name  string
	lines *bufio.Scanner
	stdin io.Writer
	cmd   *exec.Cmd
}

func startProgram(t *testing.T, socket, path string, me, all int) *program {
	t.Helper()
	c, out := command(t, socket, path, fmt.Sprint(me), fmt.Sprint(all))
	c.Stdout = nil
	stdout, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdin, err := c.StdinPipe()
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		stdin.Close()
		c.Process.Kill()
		if c.Wait(); out.Len() > 0 {
			t.Logf("program %d: %s", me, out)
		}
	})
	return &program{t, fmt.Sprint("program ", me), bufio.NewScanner(stdout), stdin, c}
}

// until reads lines up to one that begins so.
func (p *program) until(begin string) string {
	p.t.Helper()
	for p.lines.Scan() {
		if strings.HasPrefix(p.lines.Text(), begin) {
			return p.lines.Text()
		}
	}
	p.t.Fatalf("%s ended before it said %q: %v", p.name, begin, p.lines.Err())
	return ""
}

// some reads so many lines that tell of deliveries.
func (p *program) some(n int) {
	p.t.Helper()
	for range n {
		p.until("delivered")
	}
}

func (p *program) say(word string) {
	p.t.Helper()
	if _, err := io.WriteString(p.stdin, word+"\n"); err != nil {
		p.t.Fatal(err)
	}
}

// Programs at three daemons, each of which is killed and started again: its
// program hears of it at once and comes back; the others are told the same, in
// the same order.
func TestClusterOnOneHost(t *testing.T) {
	var daemons []*process
	for _, c := range cluster(t, 3) {
		daemons = append(daemons, &process{setup: setup{Config: c}})
	}
	b := asan
	if testing.Short() {
		b = plain
	}
	throughKills(t, b, daemons)
}

func TestClusterOnThreeHosts(t *testing.T) {
	testenv.NeedRoot(t)
	testenv.NeedCommand(t, "ip")
	l, err := lab.New(t.Context(), 3)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	var daemons []*process
	for i := range l.Hosts {
		h := &l.Hosts[i]
		c := evs.Config{
			ID: evs.ProcessorID(i + 1), Start: []evs.ProcessorID{1, 2, 3}, Bind: netip.AddrPortFrom(h.IPv4, 0), Detect: time.Second,
			Multicast: netip.MustParseAddrPort("239.77.0.1:7700"), Interface: lab.Interface,
		}
		daemons = append(daemons, &process{setup: setup{Config: c},
			wrap: func(name string, arg ...string) *exec.Cmd { return h.Command(t.Context(), name, arg...) }})
	}
	throughKills(t, plain, daemons)
}

func throughKills(parent *testing.T, b *build, daemons []*process) {
	path := b.program(parent, "test/cluster.c")
	dir := parent.TempDir()
	started := make(chan struct{})
	for i, d := range daemons {
		d.Socket = filepath.Join(dir, fmt.Sprint("s", i))
		go func() { defer func() { started <- struct{}{} }(); d.launch(parent, parent) }()
	}
	for range daemons { // the first waits for the last
		<-started
	}
	for victim := range daemons {
		parent.Run(fmt.Sprint("kill ", victim+1), func(t *testing.T) { throughKill(t, parent, path, daemons, victim) })
	}
}

func throughKill(t, parent *testing.T, path string, daemons []*process, victim int) {
	var programs []*program
	for i, d := range daemons {
		programs = append(programs, startProgram(t, d.Socket, path, i+1, len(daemons)))
	}
	for _, p := range programs {
		p.until("members 3")
	}
	other := (victim + 1) % len(programs)
	programs[other].say("start")
	for _, p := range programs {
		p.until("started")
		p.some(2)
	}
	daemons[victim].kill(t)
	for i, p := range programs {
		if i == victim {
			p.until("lost 2")
			continue
		}
		p.until("members 2")
		p.some(2)
	}
	daemons[victim].launch(t, parent)
	programs[victim].until("again")
	for i, p := range programs {
		if i != victim {
			p.until("members 3")
			p.some(2)
		}
	}
	programs[other].say("end")
	sums := map[string]bool{}
	for i, p := range programs {
		line := p.until("ended")
		if err := p.cmd.Wait(); err != nil {
			t.Errorf("%s: %v", p.name, err)
		}
		if i != victim {
			sums[line] = true
			if !strings.HasPrefix(line, "ended whole ") {
				t.Errorf("%s lost its daemon too: %s", p.name, line)
			}
		}
	}
	if len(sums) != 1 {
		t.Errorf("those that were there all the time were not told the same: %v", sums)
	}
	t.Log(sums)
}
