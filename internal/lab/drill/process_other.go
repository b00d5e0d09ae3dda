//go:build !linux

package drill

import (
	"os"
	"os/exec"

	"stampede/internal/lab"
)

// Where no lab can be made nothing is ever started.
func detach(*exec.Cmd)            {}
func terminate(*os.Process) error { return lab.ErrUnsupported }
func suspend(*os.Process) error   { return lab.ErrUnsupported }
func resume(*os.Process) error    { return lab.ErrUnsupported }
