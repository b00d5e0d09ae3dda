package bench

import (
	"context"
	"fmt"

	"stampede/bench/corosync"
)

// transportOf is how an engine's daemons talk to each other.
func transportOf(e Engine) corosync.Transport {
	if e == corosyncKnet {
		return corosync.Knet
	}
	return corosync.UDP
}

// openCorosync opens a daemon of Corosync and its client.
func openCorosync(ctx context.Context, a *assignment) (system, error) {
	s := &a.Scenario
	if len(a.Addresses) != s.Hosts {
		return nil, fmt.Errorf("bench: %d addresses of %d hosts", len(a.Addresses), s.Hosts)
	}
	const none = "off"
	p := &program{
		assignment: a, said: &excerpt{}, broken: make(chan error, 1),
		state: state{Engine: s.Engine, GSO: none, GRO: none, Wait: "block"},
	}
	conf := corosync.Conf(transportOf(engines.of(s.Engine)), a.Cluster, a.Addresses, a.Multicast.Addr())
	node, err := corosync.Start(ctx, corosync.Setup{Program: a.Client, Conf: conf, Client: setupOf(a)}, p.said)
	if err != nil {
		return nil, p.explain(err)
	}
	p.client = node
	return p, nil
}
