package corosync

import (
	"errors"

	"stampede/bench/cclient"
)

// ErrStart is wrapped by the errors of Start when the daemons did not find
// together. Corosync 3.1.7 with UDP was seen to fail an assertion of its own
// (orf_token_rtr) when several started at once: another try is worth while.
var ErrStart = errors.New("corosync: starting")

// Setup is one host's part of a run.
type Setup struct {
	Program []byte // of Build
	Conf    string // of Conf
	Client  cclient.Setup
}
