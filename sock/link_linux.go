package sock

import (
	"net"
	"time"

	"golang.org/x/sys/unix"

	"stampede/batch"
)

func (m *mmsg) send(b *batch.Burst) error {
	if m.closed {
		return net.ErrClosed
	}
	return m.out.send(b)
}

func (m *mmsg) receive(dst []batch.Arrival) (int, error) {
	if m.closed {
		return 0, net.ErrClosed
	}
	return m.in.receive(dst)
}

func (m *mmsg) wait(d time.Duration) (err error) {
	if m.closed {
		return net.ErrClosed
	}
	m.in.ready, err = m.waiter.wait(d)
	return err
}

func (m *mmsg) wake() { m.waiter.bell.press() }

func (m *mmsg) refresh() {
	m.report.stats.Wakes = m.waiter.bell.wakes.Load()
	if !m.closed {
		m.in.refresh()
	}
}

func (m *mmsg) close() error {
	m.waiter.bell.close(func() {
		m.closed = true
		m.in.refresh()
		m.in.ring.release()
		m.free()
	})
	return nil
}

// free closes what is open.
func (m *mmsg) free() {
	if m.parking != nil {
		m.parking.close()
		m.parking = nil
	}
	for _, fd := range []*int{&m.fd, &m.group} {
		if *fd >= 0 {
			unix.Close(*fd)
			*fd = -1
		}
	}
	if m.mapped != nil {
		Unmap(m.mapped)
		m.mapped = nil
	}
}
