package sock

import (
	"bytes"
	"errors"
	"net/netip"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"stampede/batch"
)

// probe is a pair of sockets on the loopback interface, one sending to the
// other, with the very sender and receiver that the real ones get. Nobody
// else fills their buffers.
type probe struct {
	k      kernel
	fds    [2]int // sends, receives
	report report
	out    *sender
	in     *receiver
	to     netip.AddrPort
}

// probePatience is far more than the loopback interface needs: it delivers
// within the send.
const probePatience = 100 * time.Millisecond

var (
	errMangled     = errors.New("a train did not arrive as it was sent")
	errNotReceived = errors.New("nothing arrived over the loopback interface")
)

// findings is what the probe found. A nil error says yes.
type findings struct {
	gso, gro error
	unsure   error // the probe itself failed: nothing is known, nothing is against
	charge   Charge
}

// runProbe finds out whether the kernel takes and gives trains, unchanged, and
// what it charges for them.
func runProbe(k kernel, pl *plan) (f findings) {
	p, err := newProbe(k, pl.v6)
	if err != nil {
		f.unsure = err
		return f
	}
	defer p.close()
	if _, err := k.getsockopt(p.fds[0], unix.IPPROTO_UDP, unix.UDP_SEGMENT); err != nil {
		f.gso = os.NewSyscallError("getsockopt UDP_SEGMENT", err)
	}
	if err := k.setsockopt(p.fds[1], unix.IPPROTO_UDP, unix.UDP_GRO, 1); err != nil {
		f.gro = os.NewSyscallError("setsockopt UDP_GRO", err)
	}
	c := &f.charge
	if c.Small, err = p.exchange(1, 1); err == nil {
		c.Datagram, err = p.exchange(pl.Datagram, 1)
	}
	if err != nil {
		f.unsure = err
		return f
	}
	count := min(batch.MaxSegments, batch.MaxTrainBytes/pl.Datagram)
	if f.gso != nil || pl.GSO == Off || count < 2 {
		return f
	}
	c.Train, f.gso = p.exchange(pl.Datagram, count)
	return f
}

func newProbe(k kernel, v6 bool) (p *probe, err error) {
	p = &probe{k: k, fds: [2]int{-1, -1}}
	defer func() {
		if err != nil {
			p.close()
		}
	}()
	for i := range p.fds {
		if p.fds[i], err = newSocket(v6); err != nil {
			return nil, err
		}
	}
	loopback := netip.AddrFrom4([4]byte{127, 0, 0, 1})
	if v6 {
		loopback = netip.IPv6Loopback()
	}
	z := new(zones)
	if err = bind(p.fds[1], netip.AddrPortFrom(loopback, 0), v6, z); err != nil {
		return nil, err
	}
	if p.to, err = localOf(p.fds[1], z); err != nil {
		return nil, err
	}
	p.report.facts = Facts{
		GSO: State{Mode: ModeOn}, MaxSegments: batch.MaxSegments, MaxTrainBytes: batch.MaxTrainBytes,
		Batch: reserveChunks, RingSlots: reserveChunks, SlotBytes: batch.ChunkBytes,
	}
	pl := &plan{Config: Config{Arena: batch.NewArena(nil)}, v6: v6} // the reserve is enough
	p.out = newSender(k, p.fds[0], pl, &p.report, z)
	p.in = newReceiver(k, []source{{fd: p.fds[1]}}, pl, &p.report, z)
	return p, nil
}

func (p *probe) close() {
	for _, fd := range p.fds {
		if fd >= 0 {
			unix.Close(fd)
		}
	}
}

// exchange sends count datagrams of so many bytes, as a train if there are
// several, and returns what they were charged, 0 if the kernel does not tell.
// An error about a train means that trains do not work.
func (p *probe) exchange(datagram, count int) (charge int, err error) {
	payload := make([]byte, datagram*count)
	for i := range payload { // no two places are alike, nor two datagrams
		payload[i] = byte(i ^ i>>8 ^ i>>13)
	}
	var b batch.Burst
	for i := range count {
		b.Add(p.to, &batch.Datagram{Bytes: payload[i*datagram : (i+1)*datagram]})
	}
	before := p.charged()
	if err := p.out.send(&b); err != nil {
		return 0, err
	}
	for _, d := range p.report.degradations {
		return 0, d.Cause
	}
	var arrivals [reserveChunks]batch.Arrival
	for rest := payload; len(rest) > 0; {
		if err := p.await(); err != nil {
			return 0, err
		}
		if len(rest) == len(payload) {
			charge = p.charged() - before
		}
		n, err := p.in.receive(arrivals[:])
		if err != nil {
			return 0, err
		}
		for i := range arrivals[:n] {
			a := &arrivals[i]
			if !bytes.HasPrefix(rest, a.Bytes) || len(a.Bytes) != min(datagram, len(rest)) && a.Segment != datagram {
				return 0, errMangled
			}
			rest = rest[len(a.Bytes):]
		}
	}
	return max(charge, 0), nil
}

// await waits until there is something to receive.
func (p *probe) await() error {
	fds := []unix.PollFd{{Fd: int32(p.fds[1]), Events: unix.POLLIN}}
	for range receiveTries { // interrupted now and then, but not for ever
		ready, errno := p.k.poll(fds, probePatience)
		switch {
		case errno != 0:
		case ready > 0:
			return nil
		default:
			return errNotReceived
		}
	}
	return errNotReceived
}

// charged is what the receive buffer holds by the kernel's account.
func (p *probe) charged() int {
	m, err := p.k.memInfo(p.fds[1])
	if err != nil {
		return 0
	}
	return int(m[memReceive])
}
