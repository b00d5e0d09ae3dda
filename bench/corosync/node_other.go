//go:build !linux

package corosync

import (
	"context"
	"errors"
	"io"

	"stampede/bench/cclient"
)

// Node is a daemon and its client on this host: on Linux only.
type Node struct{ *cclient.Client }

// Start fails here.
func Start(context.Context, Setup, io.Writer) (*Node, error) {
	return nil, errors.New("corosync: a node needs Linux")
}
