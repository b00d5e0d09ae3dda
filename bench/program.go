package bench

import (
	"context"
	"fmt"
	"strings"

	"github.com/HdrHistogram/hdrhistogram-go"

	"stampede/bench/cclient"
)

// program is the system of a host, or of one of its clients, whose load client
// is in C and does all the work.
type program struct {
	assignment *assignment
	client     loadClient
	said       *excerpt // what it and its daemon wrote of their troubles
	state      state
	broken     chan error
}

// loadClient is a *cclient.Client, alone or with a daemon.
type loadClient interface {
	Begin(cclient.Schedule) error
	Complete() <-chan struct{}
	Failed() <-chan error
	Delivered() uint64
	CPU() int64
	Collect(context.Context) (*cclient.Report, error)
	Close()
}

// setupOf is a client's part of a run.
func setupOf(a *assignment) cclient.Setup {
	s := &a.Scenario
	return cclient.Setup{
		Host: a.Host, Hosts: s.Hosts, Senders: s.Senders, Clients: s.clients(),
		Guarantee: uint8(guarantees.of(s.Guarantee)), Each: vias.of(s.Via) == viaLibevsEach,
		Payload: newPayload(s.Size, fillers.of(s.Data)),
	}
}

// explain adds what was said last to the reason for a failure.
func (p *program) explain(err error) error {
	const most = 3
	text := strings.Split(p.said.String(), "\n")
	if last := text[max(0, len(text)-most):]; last[0] != "" {
		return fmt.Errorf("%w: %s", err, strings.Join(last, "; "))
	}
	return err
}

func (p *program) start(ctx context.Context, t *schedule) error {
	go func() {
		select {
		case err := <-p.client.Failed():
			p.broken <- p.explain(err)
		case <-ctx.Done():
		}
	}()
	return p.client.Begin(cclient.Schedule{Start: t.Start, Warm: t.Warm, End: t.End, First: p.assignment.first(t), Interval: p.assignment.interval()})
}

func (p *program) halt()                     {} // the client has the schedule
func (p *program) complete() <-chan struct{} { return p.client.Complete() }
func (p *program) failed() <-chan error      { return p.broken }
func (p *program) delivered() uint64         { return p.client.Delivered() }

// cpu leaves this process out: it only waits, for a client that needs no Go.
func (p *program) cpu() int64 { return p.client.CPU() }

func (p *program) collect(ctx context.Context) (*outcome, error) {
	r, err := p.client.Collect(ctx)
	if err != nil {
		return nil, p.explain(err)
	}
	out := &outcome{Sent: r.Sent, Changes: r.Changes, Deliveries: r.Delivered, Order: digestOf(r), Engine: p.state}
	return out, out.time(histogramOf(r.Own), histogramOf(r.All))
}

func (p *program) Close() error {
	p.client.Close()
	return nil
}

func digestOf(r *cclient.Report) digest {
	d := digest{Chain: r.Chain, Damaged: r.Damaged, Disordered: r.Disordered, Foreign: r.Foreign}
	for _, s := range r.Senders {
		d.Senders = append(d.Senders, seen{s.Distinct, s.Duplicates, s.Chain, s.Last})
	}
	return d
}

func histogramOf(bars []cclient.Bar) *hdrhistogram.Histogram {
	h := hdrhistogram.New(1, longest, 3)
	for _, b := range bars {
		// The only error is a value beyond the limits, and those are kept.
		h.RecordValues(min(max(1, b.Value), longest), b.Count)
	}
	return h
}
