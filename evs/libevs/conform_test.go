package libevs

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"

	"stampede/evs"
	"stampede/internal/daemon"
)

// little makes it noticed when events are left in the daemon.
var little = daemon.Policy{MaxQueueBytes: 32 << 20}

// each runs every test of a program in C, one process each.
func each(t *testing.T, b *build, source, socket string) {
	t.Helper()
	path := b.program(t, source)
	for _, name := range strings.Fields(run(t, socket, path, "list")) {
		t.Run(name, func(t *testing.T) { run(t, socket, path, name) })
	}
}

// The same at each of three daemons of one cluster, in a lab.
func TestConformOnThreeHosts(t *testing.T) {
	for _, b := range builds() {
		if b == static { // tells nothing that it does not on one host
			continue
		}
		t.Run(b.String(), func(t *testing.T) {
			_, hosts := needLab(t, policy{maxQueue: 32 << 20})
			startAll(t, b.program(t, "examples/witness.c"), hosts)
			t.Setenv("CYCLES", "200")
			t.Setenv("MEMBERS", "3")
			for _, h := range hosts {
				t.Setenv("NODE", fmt.Sprint(h.id))
				for _, source := range []string{"test/conform.c", "test/extra.c"} {
					path := b.program(t, source)
					for _, name := range strings.Fields(run(t, "", path, "list")) {
						t.Run(fmt.Sprint("host", h.id, "/", name), func(t *testing.T) { h.run(t, path, name) })
					}
				}
				h.run(t, b.program(t, "test/old_groups.c", old...))
				h.run(t, b.program(t, "test/old_hash.c", old...), "500")
			}
		})
	}
}

func TestConform(t *testing.T) {
	for _, b := range builds() {
		t.Run(b.String(), func(t *testing.T) {
			if b != plain {
				t.Setenv("CYCLES", "500")
			}
			each(t, b, "test/conform.c", serve(t, little))
		})
	}
}

// An operator may raise the weak guarantees, for programs that rely on that.
func TestRaisedGuarantees(t *testing.T) {
	t.Setenv("EXPECT_RAISED", "1")
	socket := serve(t, daemon.Policy{RaiseGuarantees: true})
	run(t, socket, plain.program(t, "test/conform.c"), "guarantees")
}

// Messages may be longer than the original allowed, where the operator does.
func TestLongMessages(t *testing.T) {
	socket := serveAt(t, evs.Config{ID: 1, MaxMessageBytes: 16 << 20}, daemon.Policy{})
	for _, name := range []string{"sizes", "longest_to_most"} {
		run(t, socket, plain.program(t, "test/conform.c"), name)
	}
}

// Handles that were finalized leave nothing in the daemon, which is in this
// process.
func TestCyclesLeaveNothingInTheDaemon(t *testing.T) {
	p, err := evs.Open(t.Context(), evs.Config{ID: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	s, socket := serveOn(t, p, daemon.Policy{})
	path := plain.program(t, "test/conform.c")
	cycle := func(n int) (descriptors int, heap uint64) {
		t.Setenv("CYCLES", fmt.Sprint(n))
		run(t, socket, path, "ten_thousand_cycles")
		for s.Clients() > 0 { // the test's time limit ends this
			runtime.Gosched()
		}
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		all, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		return len(all), m.HeapAlloc
	}
	descriptors, heap := cycle(200)
	const cycles = 3000
	more, grown := cycle(cycles)
	if more > descriptors {
		t.Errorf("descriptors: %d, and before %d cycles %d", more, cycles, descriptors)
	}
	if grown > heap+cycles*100 {
		t.Errorf("bytes in use: %d, and before %d cycles %d", grown, cycles, heap)
	}
}

func TestThreadsSignalsForks(t *testing.T) {
	for _, b := range builds() {
		t.Run(b.String(), func(t *testing.T) { each(t, b, "test/process.c", serve(t, daemon.Policy{})) })
	}
}

func TestTrouble(t *testing.T) {
	for _, b := range builds() {
		t.Run(b.String(), func(t *testing.T) { each(t, b, "test/trouble.c", "") })
	}
}

// A child that lives on does not keep its parent's connection open.
func TestForkDoesNotHold(t *testing.T) {
	p, err := evs.Open(t.Context(), evs.Config{ID: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	s, socket := serveOn(t, p, daemon.Policy{})
	c, out := command(t, socket, plain.program(t, "test/process.c"), "fork_does_not_hold")
	stdin, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	c.Stdout = nil
	stdout, err := c.StdoutPipe()
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := bufio.NewReader(stdout).ReadString('\n'); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for s.Clients() > 0 { // the test's time limit ends this
		runtime.Gosched()
	}
	stdin.Write([]byte("x"))
	if err := c.Wait(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

func TestExtra(t *testing.T) {
	for _, b := range builds() {
		t.Run(b.String(), func(t *testing.T) { each(t, b, "test/extra.c", serve(t, daemon.Policy{})) })
	}
}
