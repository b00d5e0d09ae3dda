//go:build !linux

package corosync

import (
	"context"
	"errors"
	"io"
)

// Node is a daemon and its client on this host: on Linux only.
type Node struct{}

// Start fails here.
func Start(context.Context, Setup, io.Writer) (*Node, error) {
	return nil, errors.New("corosync: a node needs Linux")
}

func (n *Node) Begin(Schedule) error                     { return nil }
func (n *Node) Delivered() uint64                        { return 0 }
func (n *Node) CPU() int64                               { return 0 }
func (n *Node) Complete() <-chan struct{}                { return nil }
func (n *Node) Failed() <-chan error                     { return nil }
func (n *Node) Collect(context.Context) (*Report, error) { return nil, errors.ErrUnsupported }
func (n *Node) Close()                                   {}
