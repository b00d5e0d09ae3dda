package gauge

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"runtime"
	"time"

	"golang.org/x/sys/unix"

	"stampede/batch"
	"stampede/internal/lab"
	"stampede/internal/sim/flood"
	"stampede/sock"
)

// processorTime is what the process has used so far, in ns, kernel included.
func processorTime() (int64, error) {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		return 0, fmt.Errorf("getrusage: %w", err)
	}
	return u.Utime.Nano() + u.Stime.Nano(), nil
}

// receivers is how many hosts listen, at first.
const receivers = 3

// bed is a lab with a sender, the first socket, and those who listen.
type bed struct {
	lab     *lab.Lab
	sockets []*sock.Socket
	memory  []byte // what is sent, from all over it: caches are as warm as in a flood
	at      int
	burst   batch.Burst
	dst     []batch.Arrival
	kept    []*batch.Chunk // arrivals stay a while, as they do in a history
}

// shape is a burst: so many trains of so many datagrams of so many bytes.
type shape struct{ trains, count, size int }

var shapes = []shape{
	{1, 1, 100}, {4, 1, 100}, {1, 1, 1472}, {4, 1, 1472}, {1, 4, 1472}, {1, 16, 1472}, {2, 44, 1472}, {1, 44, 1472}, {8, 44, 1472},
}

// kernel measures the sockets.
func kernel(ctx context.Context, c *flood.Costs, tell func(string, ...any)) error {
	b, err := newBed(ctx)
	if err != nil {
		return err
	}
	defer b.close()
	var sends, receives []row
	for listening := receivers; listening >= 0; listening-- {
		tell("kernel: %d receivers", listening)
		for _, s := range shapes {
			sent, got, err := b.exchange(s, listening)
			if err != nil {
				return err
			}
			trains, bytes := float64(s.trains), float64(s.trains*s.count*s.size)
			k := float64(listening)
			sends = append(sends, row{[]float64{trains, bytes, k * trains, k * bytes}, sent})
			if listening > 0 {
				receives = append(receives, row{[]float64{1, trains, bytes}, got})
			}
		}
		if listening > 0 {
			if err := b.lab.Hosts[listening].Down(ctx); err != nil {
				return err
			}
		}
	}
	x := fit(sends)
	c.Steps[flood.Send] = flood.Cost{Each: x[0], Byte: x[1]}
	c.Steps[flood.Forward] = flood.Cost{Each: x[2], Byte: x[3]}
	y := fit(receives)
	c.Steps[flood.Call], c.Steps[flood.Receive] = flood.Cost{Each: y[0]}, flood.Cost{Each: y[1], Byte: y[2]}
	tell("kernel: a sleep that another thread ends")
	c.Steps[flood.Wake].Each, err = wake()
	return err
}

func newBed(ctx context.Context) (b *bed, err error) {
	b = &bed{memory: make([]byte, 4<<20), dst: make([]batch.Arrival, 64)}
	for i := range b.memory {
		b.memory[i] = byte(i * 7)
	}
	if b.lab, err = lab.New(ctx, 1+receivers); err != nil {
		return nil, err
	}
	for i := range b.lab.Hosts {
		s, err := openIn(&b.lab.Hosts[i])
		if err != nil {
			b.close()
			return nil, err
		}
		b.sockets = append(b.sockets, s)
	}
	return b, nil
}

func (b *bed) close() {
	for _, s := range b.sockets {
		s.Close()
	}
	b.lab.Close()
}

// openIn opens a socket on a host of the lab. The thread goes there and comes
// back: one that stayed, the main one above all, would end with the lab.
func openIn(h *lab.Host) (s *sock.Socket, err error) {
	runtime.LockOSThread()
	home, err := unix.Open("/proc/thread-self/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		runtime.UnlockOSThread()
		return nil, fmt.Errorf("own namespace: %w", err)
	}
	defer unix.Close(home)
	defer func() {
		if back := unix.Setns(home, unix.CLONE_NEWNET); back != nil {
			err = errors.Join(err, fmt.Errorf("setns: %w", back)) // the thread stays locked
			return
		}
		runtime.UnlockOSThread()
	}()
	there, err := unix.Open("/run/netns/"+h.Namespace, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("namespace %s: %w", h.Namespace, err)
	}
	defer unix.Close(there)
	if err := unix.Setns(there, unix.CLONE_NEWNET); err != nil {
		return nil, fmt.Errorf("setns: %w", err)
	}
	return sock.Open(sock.Config{
		Bind:  netip.AddrPortFrom(h.IPv4, 7100),
		Group: netip.MustParseAddrPort("239.192.7.9:7101"), Interface: lab.Interface,
	})
}

var errLost = errors.New("trains between the sockets of the lab were lost")

// exchange sends a burst many times, and returns the medians of what a send and
// what a receive took, in ns.
func (b *bed) exchange(s shape, listening int) (sent, got float64, err error) {
	const times = 600
	var sends, gets []int64
	for range times {
		b.fill(s)
		t := watch()
		if err := b.sockets[0].Send(&b.burst); err != nil {
			return 0, 0, err
		}
		sends = append(sends, watch()-t)
		for _, r := range b.sockets[1 : 1+listening] {
			took, n, err := b.receive(r, s)
			if err != nil {
				return 0, 0, err
			}
			if n == s.trains { // in one go
				gets = append(gets, took)
			}
		}
	}
	if listening > 0 && len(gets) < times/4 {
		return 0, 0, errLost
	}
	if listening > 0 {
		got = median(gets)
	}
	return median(sends), got, nil
}

// fill makes a burst.
func (b *bed) fill(s shape) {
	b.burst.Reset()
	for range s.trains {
		if b.at+s.count*s.size > len(b.memory) {
			b.at = 0
		}
		part := b.memory[b.at : b.at+s.count*s.size]
		for i := range s.count {
			b.burst.Add(netip.AddrPort{}, &batch.Datagram{Bytes: part[i*s.size : (i+1)*s.size]})
		}
		b.at += len(part)
		if s.count == 1 && s.trains > 1 { // they shall not become one: another length ends a train
			b.burst.MaxSegments = 1
		} else {
			b.burst.MaxSegments = 0
		}
	}
}

// receive takes in a burst; took is the time of the first call that had something.
func (b *bed) receive(r *sock.Socket, s shape) (took int64, n int, err error) {
	first := 0
	for deadline := time.Now().Add(100 * time.Millisecond); n < s.trains; {
		t := watch()
		k, err := r.Receive(b.dst)
		if err != nil {
			return 0, 0, err
		}
		if first == 0 && k > 0 {
			first, took = k, watch()-t
		}
		n += k
		for i := range b.dst[:k] {
			b.keep(b.dst[i].Chunk)
		}
		if k == 0 && time.Now().After(deadline) {
			return 0, 0, errLost
		}
	}
	return took, first, nil
}

// keep holds a chunk until some more have come.
func (b *bed) keep(c *batch.Chunk) {
	if c == nil {
		return
	}
	c.Keep()
	b.kept = append(b.kept, c)
	if len(b.kept) > 32 {
		b.kept[0].Release()
		b.kept = append(b.kept[:0], b.kept[1:]...)
	}
}

// wake is the processor time of a thread's sleep that another one ends, write and
// read included: two threads wake each other in turn by eventfds.
func wake() (ns float64, err error) {
	const trips = 20_000
	var fds [2]int
	for i := range fds {
		if fds[i], err = unix.Eventfd(0, unix.EFD_CLOEXEC); err != nil {
			return 0, fmt.Errorf("eventfd: %w", err)
		}
		defer unix.Close(fds[i])
	}
	var token [8]byte
	token[0] = 1
	if _, err := unix.Write(fds[0], token[:]); err != nil {
		return 0, fmt.Errorf("eventfd: %w", err)
	}
	volley := func(from, to int) (err error) { // there is one token in the game
		var got [8]byte
		for i := 0; i < trips && err == nil; i++ {
			if _, err = unix.Read(from, got[:]); err == nil {
				_, err = unix.Write(to, token[:])
			}
		}
		return err
	}
	before, err := processorTime()
	if err != nil {
		return 0, err
	}
	ended := make(chan error, 1)
	go func() { ended <- volley(fds[0], fds[1]) }()
	if err := errors.Join(volley(fds[1], fds[0]), <-ended); err != nil {
		return 0, err
	}
	after, err := processorTime()
	return float64(after-before) / (2 * trips), err
}
