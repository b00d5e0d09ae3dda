package raw

import (
	"context"
	"fmt"
	"net/netip"
	"sync"
	"testing"
	"time"

	"stampede/batch"
	"stampede/sock"
)

// hub is a network within the process. lose, if set, says of each datagram on
// its way to a host whether it gets lost.
type hub struct {
	mu    sync.Mutex
	ports []*port
	lose  func(to int, b []byte) bool
}

type port struct {
	hub    *hub
	host   int
	queue  []batch.Arrival
	signal chan struct{} // capacity 1
}

const datagram = 600

func newHub(hosts int) *hub {
	n := &hub{}
	for i := range hosts {
		n.ports = append(n.ports, &port{hub: n, host: i + 1, signal: make(chan struct{}, 1)})
	}
	return n
}

func address(host int) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(host)}), 1)
}

func (p *port) Send(b *batch.Burst) error {
	p.hub.mu.Lock()
	defer p.hub.mu.Unlock()
	for i := range b.Trains {
		t := &b.Trains[i]
		for n := range t.Count {
			var d []byte
			for _, part := range b.Datagram(t, n, nil) {
				d = append(d, part...)
			}
			for _, other := range p.hub.ports {
				if other != p && (!t.To.IsValid() || t.To == address(other.host)) {
					other.deliver(p.host, d)
				}
			}
		}
	}
	return nil
}

// deliver queues d; the hub is locked.
func (p *port) deliver(from int, d []byte) {
	if p.hub.lose == nil || !p.hub.lose(p.host, d) {
		p.queue = append(p.queue, batch.Arrival{Bytes: d, From: address(from)})
		p.Wake()
	}
}

func (p *port) Receive(dst []batch.Arrival) (int, error) {
	p.hub.mu.Lock()
	defer p.hub.mu.Unlock()
	n := copy(dst, p.queue)
	p.queue = p.queue[n:]
	return n, nil
}

func (p *port) Wait(d time.Duration) error {
	select {
	case <-p.signal:
	case <-time.After(d):
	}
	return nil
}

func (p *port) Wake() {
	select {
	case p.signal <- struct{}{}:
	default:
	}
}

func (p *port) Facts() sock.Facts {
	return sock.Facts{DatagramBytes: datagram, ReceiveBufferBytes: 1 << 20, Charge: sock.Charge{Datagram: 2048},
		MaxSegments: 20, MaxTrainBytes: batch.MaxTrainBytes}
}

var began = time.Now()

// play runs hosts on n until all that was sent has come.
func play(t *testing.T, n *hub, senders, size int, interval float64) []Report {
	t.Helper()
	return playAs(t, n, Config{Senders: senders, Payload: make([]byte, size), Interval: interval})
}

func playAs(t *testing.T, n *hub, c Config) []Report {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	hosts := make([]*Host, len(n.ports))
	ended := make(chan error, len(hosts))
	clock := func() int64 { return int64(time.Since(began)) + 1 }
	start := clock()
	for i, p := range n.ports {
		c.Host, c.Hosts, c.Run, c.Check, c.Now, c.Longest = i+1, len(hosts), 7, true, clock, int64(time.Hour)
		h, err := NewHost(c, p)
		if err != nil {
			t.Fatal(err)
		}
		hosts[i] = h
		go func() {
			ended <- h.Run(ctx, Schedule{Start: start, Warm: start, End: start + int64(100*time.Millisecond), First: start})
		}()
	}
	for _, h := range hosts {
		select {
		case <-h.Complete():
		case err := <-ended:
			t.Fatal(err)
		}
	}
	cancel()
	reports := make([]Report, len(hosts))
	for range hosts {
		<-ended
	}
	for i, h := range hosts {
		reports[i] = h.Report()
	}
	return reports
}

// wantAll checks that everybody has all that was sent, and returns how much
// that is.
func wantAll(t *testing.T, reports []Report, senders int) (sent uint64) {
	t.Helper()
	for i, r := range reports {
		if (r.Sent > 0) != (i < senders) || r.Damaged > 0 || len(r.Streams) != senders {
			t.Errorf("host %d: %+v", i+1, r)
			continue
		}
		sent += r.Sent
		for s, stream := range r.Streams {
			if stream.Messages != reports[s].Sent || stream.Sum != reports[s].Streams[s].Sum {
				t.Errorf("host %d has %+v of sender %d, which sent %d, sum %x",
					i+1, stream, s+1, reports[s].Sent, reports[s].Streams[s].Sum)
			}
		}
	}
	return sent
}

func TestEverythingArrives(t *testing.T) {
	for _, c := range []struct{ hosts, senders, size int }{
		{3, 3, 64}, {3, 1, 0}, {2, 2, 1350}, {3, 2, 8000}, {2, 1, 3 << 20}, {1, 1, 64},
	} {
		for _, interval := range []float64{0, 5e6} {
			t.Run(fmt.Sprintf("%d of %d, %d B, interval %g", c.senders, c.hosts, c.size, interval), func(t *testing.T) {
				reports := play(t, newHub(c.hosts), c.senders, c.size, interval)
				sent := wantAll(t, reports, c.senders)
				if want := uint64(20 * c.senders); interval > 0 && sent != want {
					t.Errorf("%d messages, want %d", sent, want)
				}
				own, all := int64(0), int64(0)
				for _, r := range reports {
					own += r.Own.TotalCount()
					all += r.All.TotalCount()
				}
				if interval > 0 && (own != int64(sent) || all != int64(sent)*int64(c.hosts)) {
					t.Errorf("of %d messages to %d hosts %d and %d were timed", sent, c.hosts, own, all)
				}
			})
		}
	}
}

func TestLostDatagramsAreSentAgain(t *testing.T) {
	for _, interval := range []float64{0, 5e6} {
		n, count := newHub(3), 0
		n.lose = func(to int, b []byte) bool { // of every kind
			count++
			return to != 1 && count%17 == 0
		}
		reports := play(t, n, 2, 1350, interval)
		wantAll(t, reports, 2)
		if reports[0].Repairs == 0 {
			t.Error("nothing was repaired")
		}
	}
}

// One at a time: no datagram of a message is on its way before all others have
// answered the message before, also when some of that is lost.
func TestPingPongAwaitsItsAnswers(t *testing.T) {
	for _, size := range []int{64, 1350} { // one datagram, and some
		for _, interval := range []float64{0, 2e6} {
			n, count := newHub(3), 0
			answered := map[[2]uint16]uint64{} // by whom, to whom: all up to this one
			each := uint64(1)
			if size > datagram {
				each = 3
			}
			n.lose = func(to int, b []byte) bool {
				var h header
				if h.read(b, true); h.kind == kindData {
					for other := uint16(1); other <= 3; other++ {
						if before := (h.number - 1) / each * each; other != h.from && answered[[2]uint16{other, h.from}] < before {
							t.Errorf("datagram %d of host %d before %d was answered by host %d", h.number, h.from, before, other)
						}
					}
				}
				if count++; count%97 == 0 {
					return true
				}
				if to := uint16(to); h.kind == kindAck || h.kind == kindAnswer {
					answered[[2]uint16{h.from, to}] = max(answered[[2]uint16{h.from, to}], h.number)
				}
				return false
			}
			reports := playAs(t, n, Config{Senders: 2, Payload: make([]byte, size), Interval: interval, PingPong: true})
			sent := wantAll(t, reports, 2)
			if own := reports[0].Own.TotalCount() + reports[1].Own.TotalCount(); own != int64(sent) {
				t.Errorf("%d of %d were timed", own, sent)
			}
			if most := uint64(2 * 50); interval > 0 && sent > most {
				t.Errorf("%d messages at %d slots", sent, most)
			}
		}
	}
}

func TestDamageIsFound(t *testing.T) {
	n, damaged := newHub(2), false
	n.lose = func(to int, b []byte) bool {
		if to == 2 && !damaged && len(b) > headerBytes {
			damaged = true
			b[len(b)-1] ^= 1
		}
		return false
	}
	if reports := play(t, n, 1, 64, 5e6); reports[1].Damaged != 1 || reports[1].Streams[0].Messages != reports[0].Sent {
		t.Errorf("%+v", reports)
	}
}
