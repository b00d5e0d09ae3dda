package bench

import (
	"context"
	"fmt"
	"strings"

	"github.com/HdrHistogram/hdrhistogram-go"

	"stampede/bench/corosync"
)

// corosyncSystem is a daemon of Corosync and a client, which do all the work.
type corosyncSystem struct {
	assignment *assignment
	node       *corosync.Node
	said       *excerpt
	broken     chan error
}

// transportOf is how an engine's daemons talk to each other.
func transportOf(e Engine) corosync.Transport {
	if e == corosyncKnet {
		return corosync.Knet
	}
	return corosync.UDP
}

func openCorosync(ctx context.Context, a *assignment) (system, error) {
	s := &a.Scenario
	if len(a.Addresses) != s.Hosts {
		return nil, fmt.Errorf("bench: %d addresses of %d hosts", len(a.Addresses), s.Hosts)
	}
	c := &corosyncSystem{assignment: a, said: &excerpt{}, broken: make(chan error, 1)}
	conf := corosync.Conf(transportOf(engines.of(s.Engine)), a.Cluster, a.Addresses, a.Multicast.Addr())
	var err error
	c.node, err = corosync.Start(ctx, corosync.Setup{
		Client: a.Client, Conf: conf, Host: a.Host, Hosts: s.Hosts, Senders: s.Senders, Size: s.Size,
	}, c.said)
	if err != nil {
		return nil, c.explain(err)
	}
	return c, nil
}

// explain adds what the daemon has said last to the reason for which it failed.
func (c *corosyncSystem) explain(err error) error {
	const most = 3
	text := strings.Split(c.said.String(), "\n")
	if last := text[max(0, len(text)-most):]; last[0] != "" {
		return fmt.Errorf("%w: %s", err, strings.Join(last, "; "))
	}
	return err
}

func (c *corosyncSystem) start(ctx context.Context, t *schedule) error {
	go func() {
		select {
		case err := <-c.node.Failed():
			c.broken <- c.explain(err)
		case <-ctx.Done():
		}
	}()
	return c.node.Begin(corosync.Schedule{Start: t.Start, Warm: t.Warm, End: t.End, First: c.assignment.first(t), Interval: c.assignment.interval()})
}

func (c *corosyncSystem) halt()                     {} // the client has the schedule
func (c *corosyncSystem) complete() <-chan struct{} { return c.node.Complete() }
func (c *corosyncSystem) failed() <-chan error      { return c.broken }
func (c *corosyncSystem) delivered() uint64         { return c.node.Delivered() }

// cpu leaves this process out: it only waits, for a client that needs no Go.
func (c *corosyncSystem) cpu() int64 { return c.node.CPU() }

func (c *corosyncSystem) collect(ctx context.Context) (*outcome, error) {
	r, err := c.node.Collect(ctx)
	if err != nil {
		return nil, c.explain(err)
	}
	const none = "off"
	out := &outcome{
		Sent: r.Sent, Changes: r.Changes, Deliveries: r.Delivered,
		Order:  digest{Chain: r.Chain, Damaged: r.Damaged, Disordered: r.Disordered, Foreign: r.Foreign},
		Engine: state{Engine: c.assignment.Scenario.Engine, GSO: none, GRO: none, Wait: "block"},
	}
	for _, s := range r.Senders {
		out.Order.Senders = append(out.Order.Senders, seen{Distinct: s.Distinct, Duplicates: s.Duplicates})
	}
	return out, out.time(histogramOf(r.Own), histogramOf(r.All))
}

func histogramOf(bars []corosync.Bar) *hdrhistogram.Histogram {
	h := hdrhistogram.New(1, longest, 3)
	for _, b := range bars {
		// The only error is a value beyond the limits, and those are kept.
		h.RecordValues(min(max(1, b.Value), longest), b.Count)
	}
	return h
}

func (c *corosyncSystem) Close() error {
	c.node.Close()
	return nil
}
