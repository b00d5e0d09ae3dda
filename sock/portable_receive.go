package sock

import (
	"errors"
	"net"
	"time"

	"stampede/batch"
)

// read is a reader's life. An error goes the way of a datagram: who hands it
// on waits for a free buffer, so that a lasting one does not spin.
func (l *portable) read(conn *net.UDPConn, group bool) {
	for {
		select {
		case <-l.done:
			return
		case b := <-l.free:
			n, from, err := conn.ReadFromUDPAddrPort(b)
			if errors.Is(err, net.ErrClosed) {
				return
			}
			l.filled <- parcel{b, n, unmap(from), group, err}
		}
	}
}

func (l *portable) receive(dst []batch.Arrival) (int, error) {
	if l.closed {
		return 0, net.ErrClosed
	}
	for _, b := range l.held {
		l.free <- b
	}
	l.held = l.held[:0]
	n := 0
	for _, p := range l.early {
		if n == len(dst) {
			return n, nil
		}
		n = l.arrive(p, dst, n)
	}
	l.early = l.early[:0]
	for n < len(dst) && len(l.held) < l.report.facts.RingSlots {
		select {
		case p := <-l.filled:
			n = l.arrive(p, dst, n)
			continue
		default:
		}
		break
	}
	if n == 0 {
		l.report.stats.EmptyReceives++
	}
	return n, nil
}

// arrive makes p the arrival dst[n], if it is one, and returns the next n.
func (l *portable) arrive(p parcel, dst []batch.Arrival, n int) int {
	c, f := &l.report.stats, &l.report.facts
	l.held = append(l.held, p.buffer)
	switch {
	case p.n > f.SlotBytes || p.err != nil && isTooBig(p.err):
		c.DroppedTruncated++
		return n
	case p.err != nil:
		c.ReceiveRetries++
		return n
	case p.group && p.from == f.Local:
		c.DroppedOwn++
		return n
	}
	c.ReceiveCalls++
	c.ReceivedMessages++
	c.ReceivedDatagrams++
	c.ReceivedBytes += uint64(p.n)
	dst[n] = batch.Arrival{Bytes: p.buffer[:p.n:p.n], From: p.from}
	return n + 1
}

func (l *portable) wait(d time.Duration) error {
	if l.closed {
		return net.ErrClosed
	}
	if len(l.early) > 0 || l.bell.heard() {
		return nil
	}
	select {
	case p := <-l.filled:
		l.early = append(l.early, p)
		return nil
	default:
	}
	if d == 0 || !l.bell.sleep() {
		return nil
	}
	l.report.stats.Sleeps++
	var over <-chan time.Time
	if d > 0 {
		l.timer.Reset(d)
		over = l.timer.C
	}
	select {
	case p := <-l.filled:
		l.early = append(l.early, p)
	case <-l.ringing:
	case <-over:
	}
	l.timer.Stop()
	l.bell.rise()
	return nil
}

func (l *portable) wake() { l.bell.press() }

func (l *portable) refresh() { l.report.stats.Wakes = l.bell.wakes.Load() }
