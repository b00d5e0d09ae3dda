package libevs

import (
	"strings"
	"testing"

	"stampede/internal/daemon"
)

// little makes it noticed when events are left in the daemon.
var little = daemon.Policy{QueueBytes: 4 << 20, MaxQueueBytes: 4 << 20}

// each runs every test of a program in C, one process each.
func each(t *testing.T, b *build, source, socket string) {
	t.Helper()
	path := b.program(t, source)
	for _, name := range strings.Fields(run(t, socket, path, "list")) {
		t.Run(name, func(t *testing.T) { run(t, socket, path, name) })
	}
}

func TestConform(t *testing.T) {
	for _, b := range builds {
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
