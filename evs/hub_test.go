package evs

import (
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"stampede/batch"
	"stampede/sock"
)

// hub is a network in memory, whose processors can be kept from hearing each
// other.
type hub struct {
	mu    sync.Mutex
	ports map[netip.AddrPort]*port
	side  map[netip.AddrPort]int // only those on one side hear each other; absent is side 0
}

// port is one processor's Network.
type port struct {
	hub     *hub
	address netip.AddrPort
	wake    chan struct{} // something arrived, or Wake

	// Under hub.mu.
	peers  []netip.AddrPort
	queue  []batch.Arrival
	closed bool
}

// portQueue is how many datagrams wait at a port before some are lost.
const portQueue = 4096

func newHub() *hub {
	return &hub{ports: map[netip.AddrPort]*port{}, side: map[netip.AddrPort]int{}}
}

// plug gives each configuration a port of the hub, and its address.
func (n *hub) plug(cs []Config) []Config {
	var all []netip.AddrPort
	for i := range cs {
		all = append(all, netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(cs[i].ID)}), 1))
	}
	for i := range cs {
		cs[i].Multicast, cs[i].Peers = netip.AddrPort{}, all
		p := &port{hub: n, address: all[i], wake: make(chan struct{}, 1)}
		p.SetPeers(all)
		n.ports[all[i]] = p
		cs[i].Network = p
	}
	return cs
}

// part puts each address on a side; nil: all on one.
func (n *hub) part(sides ...[]Config) {
	n.mu.Lock()
	defer n.mu.Unlock()
	clear(n.side)
	for i, cs := range sides {
		for _, c := range cs {
			n.side[c.Network.(*port).address] = i
		}
	}
}

func (p *port) Send(b *batch.Burst) error {
	p.hub.mu.Lock()
	defer p.hub.mu.Unlock()
	for i := range b.Trains {
		t := &b.Trains[i]
		to := []netip.AddrPort{t.To}
		if !t.To.IsValid() {
			to = p.peers
		}
		for k := range t.Count {
			var datagram []byte
			for _, part := range b.Datagram(t, k, nil) {
				datagram = append(datagram, part...)
			}
			for _, a := range to {
				p.deliver(a, datagram)
			}
		}
	}
	return nil
}

func (p *port) deliver(a netip.AddrPort, datagram []byte) {
	to := p.hub.ports[a]
	if to == nil || to == p || to.closed || len(to.queue) >= portQueue || p.hub.side[a] != p.hub.side[p.address] {
		return
	}
	to.queue = append(to.queue, batch.Arrival{Bytes: datagram, From: p.address})
	to.Wake()
}

func (p *port) Receive(dst []batch.Arrival) (int, error) {
	p.hub.mu.Lock()
	defer p.hub.mu.Unlock()
	if p.closed {
		return 0, net.ErrClosed
	}
	n := copy(dst, p.queue)
	p.queue = p.queue[n:]
	if len(p.queue) > 0 {
		p.Wake()
	}
	return n, nil
}

func (p *port) Wait(d time.Duration) error {
	if d == 0 {
		return nil
	}
	var timeout <-chan time.Time
	if d > 0 {
		timeout = time.After(d)
	}
	select {
	case <-p.wake:
	case <-timeout:
	}
	return nil
}

func (p *port) Wake() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

func (p *port) SetPeers(peers []netip.AddrPort) {
	p.hub.mu.Lock()
	defer p.hub.mu.Unlock()
	p.peers = append([]netip.AddrPort(nil), peers...)
}

func (p *port) Facts() sock.Facts {
	return sock.Facts{
		Local: p.address, DatagramBytes: 1400, MaxSegments: 64, MaxTrainBytes: batch.MaxTrainBytes,
		ReceiveBufferBytes: portQueue * 1400, Charge: sock.Charge{Small: 1400, Datagram: 1400},
	}
}

func (p *port) Close() error {
	p.hub.mu.Lock()
	defer p.hub.mu.Unlock()
	p.closed = true
	return nil
}

// hubConfigs are those of n processors on a network in memory. Nobody is named
// in Start.
func hubConfigs(t testing.TB, n int) (*hub, []Config) {
	cs := configs(t, n, unicast)
	for i := range cs {
		cs[i].Start = nil
		cs[i].HistoryBytes = 8 << 20
	}
	h := newHub()
	return h, h.plug(cs)
}
