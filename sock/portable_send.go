package sock

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"syscall"
	"time"

	"stampede/batch"
)

func (l *portable) send(b *batch.Burst) error {
	if l.closed {
		return net.ErrClosed
	}
	l.full = false
	if err := l.conn.SetWriteDeadline(time.Now().Add(SendPatience)); err != nil {
		return err
	}
	for i := range b.Trains {
		t := &b.Trains[i]
		for k := range t.Count {
			l.parts = b.Datagram(t, k, l.parts[:0])
			if err := l.fanOut(t.To, l.join(l.parts)); err != nil {
				return err
			}
		}
	}
	clear(l.parts)
	return nil
}

// join makes one piece of parts.
func (l *portable) join(parts [][]byte) []byte {
	if len(parts) == 1 {
		return parts[0]
	}
	l.scratch = l.scratch[:0]
	for _, p := range parts {
		l.scratch = append(l.scratch, p...)
	}
	return l.scratch
}

func (l *portable) fanOut(to netip.AddrPort, datagram []byte) error {
	switch {
	case to.IsValid():
		return l.write(datagram, to)
	case l.plan.multicast():
		return l.write(datagram, l.plan.Group)
	}
	for _, to := range l.peers {
		if err := l.write(datagram, to); err != nil {
			return err
		}
	}
	return nil
}

// write sends one datagram. Only a closed socket is an error.
func (l *portable) write(datagram []byte, to netip.AddrPort) error {
	c := &l.report.stats
	if to.Addr().Unmap().Is6() != l.plan.v6 {
		c.DroppedUnreachable++
		return nil
	}
	_, err := l.conn.WriteToUDPAddrPort(datagram, to)
	switch {
	case err == nil, isTooBig(err), errors.Is(err, net.ErrClosed):
	case errors.Is(err, os.ErrDeadlineExceeded):
		// It says only that the time is over, perhaps because nobody let us
		// run: who knows whether there is room?
		if !l.full {
			c.SendWaits++
			l.conn.SetWriteDeadline(time.Now().Add(portableGrace))
			_, err = l.conn.WriteToUDPAddrPort(datagram, to)
			l.full = errors.Is(err, os.ErrDeadlineExceeded)
		}
	default:
		c.SendRetries++ // it may be the echo of an earlier datagram
		_, err = l.conn.WriteToUDPAddrPort(datagram, to)
	}
	switch {
	case err == nil:
		c.SendCalls++
		c.SentMessages++
		c.SentDatagrams++
		c.SentBytes += uint64(len(datagram))
	case errors.Is(err, net.ErrClosed):
		return err
	case errors.Is(err, os.ErrDeadlineExceeded):
		c.DroppedFull++
	case isTooBig(err):
		c.DroppedTooBig++
	case errors.Is(err, syscall.ENOBUFS):
		c.DroppedNoBuffers++
	default:
		c.DroppedUnreachable++
	}
	return nil
}
