package bench

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"

	"stampede/bench/cclient"
)

// openLibevs opens the host's daemon and programs that reach it by the C library.
func openLibevs(ctx context.Context, a *assignment) (system, error) {
	dir, err := os.MkdirTemp("", "stampede-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir) // those that run need it no more
	path := filepath.Join(dir, "stampede-bench")
	if err := os.WriteFile(path, a.Client, 0o700); err != nil {
		return nil, err
	}
	return openClients(ctx, a, func(ctx context.Context, own *assignment, socket string, _ int) (system, error) {
		return openProgram(ctx, own, path, socket)
	})
}

// openProgram starts one program, for which the group waits: in a flood it is
// as likely as anybody to be the slowest.
func openProgram(ctx context.Context, a *assignment, path, socket string) (system, error) {
	p := &program{assignment: a, said: &excerpt{}, broken: make(chan error, 1)}
	cmd := exec.Command(path)
	cmd.Env = append(os.Environ(), "STAMPEDE_SOCKET="+socket)
	cmd.Stderr = p.said
	setup := setupOf(a)
	client, err := cclient.Start(ctx, cmd, &setup, func(cmd *exec.Cmd) error {
		dieWithParent(cmd)
		return cmd.Start()
	})
	if err != nil {
		return nil, p.explain(err)
	}
	p.client = client
	return p, nil
}
