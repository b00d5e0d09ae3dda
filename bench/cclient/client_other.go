//go:build !linux

package cclient

import (
	"context"
	"errors"
	"os"
	"os/exec"
)

// Client is a load client that runs: on Linux only.
type Client struct{}

// Start fails here.
func Start(context.Context, *exec.Cmd, *Setup, func(*exec.Cmd) error) (*Client, error) {
	return nil, errors.New("bench: a client in C needs Linux")
}

// CPU is not known here.
func CPU(*os.Process) int64 { return 0 }

func (c *Client) Begin(Schedule) error                     { return nil }
func (c *Client) Delivered() uint64                        { return 0 }
func (c *Client) CPU() int64                               { return 0 }
func (c *Client) Complete() <-chan struct{}                { return nil }
func (c *Client) Failed() <-chan error                     { return nil }
func (c *Client) Collect(context.Context) (*Report, error) { return nil, errors.ErrUnsupported }
func (c *Client) Close()                                   {}
