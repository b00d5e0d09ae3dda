package raw

import (
	"context"
	"fmt"
	"net/netip"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"stampede/batch"
	"stampede/sock"
)

// Network is what is used of a *sock.Socket.
type Network interface {
	Send(b *batch.Burst) error
	Receive(dst []batch.Arrival) (int, error)
	Wait(d time.Duration) error
	Wake()
	Facts() sock.Facts
}

// Config is one host's part of a run; all but Host is the same on all hosts.
type Config struct {
	Host    int // from 1
	Hosts   int
	Senders int    // the first so many send
	Run     uint64 // tells the datagrams of this run from others
	Payload []byte // of every message
	Check   bool   // CRC-32C over every datagram, written and checked

	Interval float64 // ns between slots; 0 = as fast as the window allows
	PingPong bool    // a message is sent when the one before was answered, and timed from then

	Now     func() int64 // a clock that all hosts share, in ns
	Longest int64        // latency in ns that the histograms go to
}

// Schedule is when to do what, in ns of the shared clock.
type Schedule struct {
	Start, End int64
	Warm       int64 // messages whose slots are from here to End are timed
	First      int64 // slot of the own first message
}

// Host is one host of a run. One goroutine calls its methods, but for
// Delivered, Complete.
type Host struct {
	c    Config
	net  Network
	ring *ring

	window  uint64 // data datagrams that may be out
	train   uint64 // and in a full train
	streams []stream
	burst   batch.Burst
	replies []batch.Datagram // one to each host, and one to all

	s        Schedule
	sent     uint64   // own data datagrams
	acked    []uint64 // of them, by each host
	all      uint64   // of them, by all others
	progress int64    // when all last grew, or something was first sent
	slots    []slot   // of own messages that are not acked by all
	messages uint64   // own messages sent, with a rate or one at a time
	begun    int64    // when the last of them was, one at a time
	asked    int64    // number of the last ask
	askedFor uint64   // sent when it was asked
	repair   span     // to be sent again
	over     bool     // nothing new is sent any more

	delivered atomic.Uint64
	complete  chan struct{}
	report    Report
}

// slot is a message that is timed.
type slot struct {
	number uint64 // of its last datagram
	at     int64
}

// span is the datagrams from next to last.
type span struct{ next, last uint64 }

// Report is what a host has to tell when its Run is over.
type Report struct {
	Sent     uint64   // own messages
	Streams  []Stream // of senders 1, 2, …; the own one is what all others have
	Damaged  uint64   // datagrams that were not as they had been sent
	Repairs  uint64   // own datagrams sent again
	Own, All *hdrhistogram.Histogram
}

// Stream is what a host has of a sender.
type Stream struct {
	Messages uint64 // without a gap
	Sum      uint64 // the same at all hosts that have the same datagrams
}

// NewHost prepares the host's datagrams. The network remains the caller's.
func NewHost(c Config, n Network) (*Host, error) {
	if c.Host < 1 || c.Host > c.Hosts || c.Senders < 1 || c.Senders > c.Hosts {
		return nil, fmt.Errorf("raw: host %d, %d senders of %d hosts", c.Host, c.Senders, c.Hosts)
	}
	facts := n.Facts()
	r, err := newRing(c.Payload, facts.DatagramBytes, c.Interval > 0 || c.PingPong)
	if err != nil {
		return nil, err
	}
	h := &Host{
		c: c, net: n, ring: r,
		window:   windowOf(facts, c),
		streams:  make([]stream, c.Hosts),
		acked:    make([]uint64, c.Hosts),
		complete: make(chan struct{}),
		report: Report{
			Own: hdrhistogram.New(1, c.Longest, 3), All: hdrhistogram.New(1, c.Longest, 3),
		},
	}
	h.train = trainOf(facts)
	h.burst.MaxSegments, h.burst.MaxBytes = facts.MaxSegments, facts.MaxTrainBytes
	memory := make([]byte, headerBytes*(c.Hosts+1))
	for i := range c.Hosts + 1 {
		h.replies = append(h.replies, batch.Datagram{Bytes: memory[i*headerBytes:][:headerBytes:headerBytes]})
	}
	return h, nil
}

// windowBytes is the most that a sender has out. Of 256 KiB to 4 MiB this was
// the best in the lab, by less than such runs differ on a busy machine: longer
// windows fall out of the caches, shorter ones make shorter trains.
const windowBytes = 1 << 20

// windowOf is how many datagrams each sender may have out: all of them
// together fill three quarters of a receiver's buffer at most, even if each
// arrives alone.
func windowOf(f sock.Facts, c Config) uint64 {
	heard := c.Senders // by a host that does not send
	if c.Senders == c.Hosts {
		heard--
	}
	room := f.ReceiveBufferBytes / 4 * 3 / max(1, f.Charge.Datagram) / max(1, heard)
	return uint64(min(max(2, room), windowBytes/f.DatagramBytes, maxWindow))
}

// trainOf is how many datagrams go together: as many as a full train has, also
// where they go out one by one.
func trainOf(f sock.Facts) uint64 {
	return uint64(max(1, min(f.MaxSegments, f.MaxTrainBytes/f.DatagramBytes)))
}

// Delivered is how many messages are here: those of others, and own ones that
// all others have. Safe for concurrent use.
func (h *Host) Delivered() uint64 { return h.delivered.Load() }

// Complete is closed when sending is over and all others have all of it.
func (h *Host) Complete() <-chan struct{} { return h.complete }

// Run sends by the schedule and receives until ctx ends.
func (h *Host) Run(ctx context.Context, s Schedule) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer context.AfterFunc(ctx, h.net.Wake)()
	h.s = s
	h.over = h.c.Host > h.c.Senders
	arrivals := make([]batch.Arrival, arrivalsPerPass)
	for ctx.Err() == nil {
		busy, err := h.pass(arrivals)
		if err == nil && !busy {
			err = h.net.Wait(h.rest())
		}
		if err != nil {
			return err
		}
	}
	return ctx.Err()
}

// What one pass takes in and sends at most: as much as a pass of Stampede's.
const (
	arrivalsPerPass = 64
	trainsPerPass   = 4
)

// pass receives and sends once. It is busy if there may be more to do at once.
func (h *Host) pass(arrivals []batch.Arrival) (busy bool, err error) {
	n, err := h.net.Receive(arrivals)
	if err != nil {
		return false, err
	}
	h.burst.Reset()
	for i := range arrivals[:n] {
		h.take(&arrivals[i])
	}
	now := h.c.Now()
	h.acknowledge()
	h.send(now)
	h.ask(now)
	if len(h.burst.Trains) > 0 {
		busy = true
		if err := h.net.Send(&h.burst); err != nil {
			return false, err
		}
	}
	h.publish()
	return busy || n > 0, nil
}

// patience is how long a sender waits for acks before it asks.
const patience = 20 * time.Millisecond

// rest is how long the host may sleep.
func (h *Host) rest() time.Duration {
	now := h.c.Now()
	next := now + int64(time.Second)
	if h.all < h.sent {
		next = min(next, h.progress+int64(patience))
	}
	for _, t := range []int64{h.s.Start, h.s.End, h.slotAt(h.messages)} {
		if !h.over && t > now { // who waits for acks at that time is woken by them
			next = min(next, t)
		}
	}
	return time.Duration(max(0, next-now))
}

func (h *Host) slotAt(message uint64) int64 {
	return h.s.First + int64(float64(message)*h.c.Interval)
}

// publish tells how far the host is.
func (h *Host) publish() {
	n := uint64(0)
	for i := range h.streams[:h.c.Senders] {
		n += h.ring.through(h.streams[i].got)
	}
	h.delivered.Store(n + h.ring.through(h.all))
	if h.over && h.all == h.sent {
		select {
		case <-h.complete:
		default:
			close(h.complete)
		}
	}
}

// Report is for after Run.
func (h *Host) Report() Report {
	r := h.report
	r.Sent = h.ring.through(h.sent)
	for i := range h.streams[:h.c.Senders] {
		s := &h.streams[i]
		if i == h.c.Host-1 {
			r.Streams = append(r.Streams, Stream{h.ring.through(h.all), s.sum})
			continue
		}
		r.Streams = append(r.Streams, Stream{h.ring.through(s.got), s.sum})
	}
	return r
}

// reply is a datagram without frames to host, or to all for 0.
func (h *Host) reply(host int, to netip.AddrPort, hd header) {
	hd.from, hd.run = uint16(h.c.Host), h.c.Run
	d := &h.replies[host]
	hd.put(d.Bytes, h.c.Check)
	h.burst.Add(to, d)
}
