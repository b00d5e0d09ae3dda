package bench

import (
	"context"
	"errors"
	"time"

	"stampede/evs"
)

// processor is the engine that Stampede itself is.
type processor struct {
	*evs.Handle
	evs   *evs.Processor
	lossy *lossy // nil: nothing is dropped
	wait  string
}

// openEvs opens a processor, which waits for those of all other hosts.
func openEvs(ctx context.Context, a *assignment) (engine, error) {
	c := configOf(a)
	p := &processor{wait: a.Scenario.Wait}
	if s := &a.Scenario; s.Loss > 0 {
		network, err := evs.Listen(c)
		if err != nil {
			return nil, err
		}
		c.BusyPoll = 0 // the socket has it
		p.lossy = newLossy(network, s.Loss, s.Seed, a.Host)
		c.Network = p.lossy
	}
	var err error
	if p.evs, err = evs.Open(ctx, c); err != nil {
		if p.lossy != nil {
			p.lossy.Close()
		}
		return nil, err
	}
	if err := p.join(); err != nil {
		return nil, errors.Join(err, p.evs.Close())
	}
	return p, nil
}

func (p *processor) join() (err error) {
	if p.Handle, err = p.evs.Handle(evs.HandleOptions{}); err != nil {
		return err
	}
	group, err := evs.GroupOf("bench")
	if err != nil {
		return err
	}
	return p.Handle.Join(group)
}

// defaultMessage is evs.Config.MaxMessageBytes when it is not set.
const defaultMessage = 1 << 20

// benchDetect lets a host of a machine that is overloaded stand still for a
// while: what is measured is the transport, in one configuration.
const benchDetect = 3 * time.Second

func configOf(a *assignment) evs.Config {
	s := &a.Scenario
	c := evs.Config{
		Cluster: a.Cluster,
		ID:      evs.ProcessorID(a.Host),
		Bind:    a.Bind, Multicast: a.Multicast, Interface: a.Interface, Peers: a.Peers,
		MTU: s.MTU, ReceiveBufferBytes: s.ReceiveBuffer,
		Socket: sockets.of(s.Socket), GSO: switches.of(s.GSO), GRO: switches.of(s.GRO),
		Wait: waits.of(s.Wait), Compress: codecs.of(s.Compress), NoCheck: !checks.of(s.Check),
		Detect: benchDetect,
	}
	if killings.of(s.Kill) { // as fast as by default, and it is known who dies
		c.Detect, c.FixedSequencer = 0, true
	}
	c.BusyPoll = s.BusyPoll
	if cpus, err := s.cpus(); err == nil && len(cpus) > 0 { // it was judged
		c.CPUs = []int{cpus[(a.Host-1)%len(cpus)]}
	}
	for n := range s.Hosts {
		c.Start = append(c.Start, evs.ProcessorID(n+1))
	}
	if s.Size > defaultMessage {
		c.MaxMessageBytes = s.Size
	}
	return c
}

// Close leaves at once.
func (p *processor) Close() error { return p.evs.Close() }

func (p *processor) state() state {
	facts, stats := p.evs.Facts(), p.evs.Stats()
	s := socketState(facts, stats.Sock)
	s.Engine, s.Retransmits = "stampede", stats.Order.Retransmits
	if p.lossy != nil {
		s.LostOnPurpose = p.lossy.dropped.Load()
	}
	return s
}
