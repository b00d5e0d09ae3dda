package bench

import (
	"context"
	"fmt"
	"hash/fnv"

	"stampede/bench/raw"
	"stampede/evs"
	"stampede/sock"
)

// rawSystem is the raw ceiling: the socket that a processor would have, and
// nothing of the processor.
type rawSystem struct {
	assignment *assignment
	socket     *sock.Socket
	host       *raw.Host

	stop   context.CancelFunc
	ended  chan struct{}
	broken chan error
}

func openRaw(a *assignment) (system, error) {
	c := configOf(a)
	pingPong := engines.of(a.Scenario.Engine) == roundTrip
	if pingPong && c.Wait == sock.Adaptive {
		c.Wait = sock.Block // the round trip that others are measured by
	}
	socket, err := evs.Listen(c)
	if err != nil {
		return nil, err
	}
	run := fnv.New64()
	run.Write([]byte(a.Cluster))
	host, err := raw.NewHost(raw.Config{
		Host: a.Host, Hosts: a.Scenario.Hosts, Senders: a.Scenario.Senders, Run: run.Sum64(),
		Payload: newPayload(a.Scenario.Size, fillers.of(a.Scenario.Data)), Check: checks.of(a.Scenario.Check),
		Interval: a.interval(), PingPong: pingPong, Now: now, Longest: longest,
	}, socket)
	if err != nil {
		socket.Close()
		return nil, err
	}
	return &rawSystem{
		assignment: a, socket: socket, host: host, stop: func() {},
		ended: make(chan struct{}), broken: make(chan error, 1),
	}, nil
}

func (r *rawSystem) start(ctx context.Context, t *schedule) error {
	ctx, r.stop = context.WithCancel(ctx)
	go func() {
		defer close(r.ended)
		err := r.host.Run(ctx, raw.Schedule{Start: t.Start, Warm: t.Warm, End: t.End, First: r.assignment.first(t)})
		r.broken <- fmt.Errorf("bench: raw: %w", err)
	}()
	return nil
}

func (r *rawSystem) halt()                     {} // it has the schedule
func (r *rawSystem) complete() <-chan struct{} { return r.host.Complete() }
func (r *rawSystem) failed() <-chan error      { return r.broken }
func (r *rawSystem) delivered() uint64         { return r.host.Delivered() }
func (r *rawSystem) cpu() int64                { return cpuTime() }

func (r *rawSystem) collect(ctx context.Context) (*outcome, error) {
	r.stop()
	select {
	case <-r.ended:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	report := r.host.Report()
	out := &outcome{
		Sent: report.Sent, Deliveries: r.host.Delivered(),
		Order:  digest{Damaged: report.Damaged},
		Engine: r.state(report.Repairs),
	}
	for _, s := range report.Streams {
		out.Order.Senders = append(out.Order.Senders, seen{Distinct: s.Messages, Chain: s.Sum})
	}
	return out, out.time(report.Own, report.All)
}

func (r *rawSystem) state(repairs uint64) state {
	s := socketState(r.socket.Facts(), r.socket.Stats())
	s.Engine, s.Retransmits = r.assignment.Scenario.Engine, repairs
	return s
}

// socketState is what a socket has to tell.
func socketState(f sock.Facts, n sock.Stats) state {
	return state{
		GSO: f.GSO.String(), GRO: f.GRO.String(), Wait: fmt.Sprint(f.Wait),
		Datagram: f.DatagramBytes, ReceiveBufferBytes: f.ReceiveBufferBytes,
		Kernel:       f.Kernel,
		ReceiveCalls: n.ReceiveCalls, ReceivedTrains: n.ReceivedMessages,
		ReceivedDatagrams: n.ReceivedDatagrams, Overruns: n.Overruns,
	}
}

func (r *rawSystem) Close() error {
	r.stop()
	return r.socket.Close()
}
