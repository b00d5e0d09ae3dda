package corosync

import (
	"context"
	"fmt"
	"os/exec"

	"stampede/bench/cclient"
)

// Build finds what is needed to run Corosync, and compiles the client: it
// returns the program's bytes. What is missing is told by cclient.ErrMissing.
func Build(ctx context.Context) ([]byte, error) {
	if _, err := daemon(); err != nil {
		return nil, err
	}
	return cclient.Build(ctx, cclient.CPG)
}

// daemon is the path of the program, also for users whose path lacks sbin.
func daemon() (string, error) {
	for _, name := range []string{"corosync", "/usr/sbin/corosync"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("the daemon corosync is %w (Debian package corosync)", cclient.ErrMissing)
}
