package sock

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// common sets what both sockets need.
func (m *mmsg) common(fd int) error {
	p, f := m.plan, &m.report.facts
	// Never fragment, and never believe a path's MTU blindly: PROBE sets DF
	// and leaves the size to us.
	if p.v6 {
		m.may(fd, unix.IPPROTO_IPV6, unix.IPV6_MTU_DISCOVER, unix.IPV6_PMTUDISC_PROBE, "IPV6_MTU_DISCOVER")
		m.may(fd, unix.IPPROTO_IPV6, unix.IPV6_DONTFRAG, 1, "IPV6_DONTFRAG")
	} else {
		m.may(fd, unix.IPPROTO_IP, unix.IP_MTU_DISCOVER, unix.IP_PMTUDISC_PROBE, "IP_MTU_DISCOVER")
	}
	m.may(fd, unix.SOL_SOCKET, unix.SO_RXQ_OVFL, 1, "SO_RXQ_OVFL")
	if p.BusyPoll > 0 {
		if err := m.set(fd, unix.SOL_SOCKET, unix.SO_BUSY_POLL, int(p.BusyPoll/time.Microsecond), "SO_BUSY_POLL"); err != nil {
			return invalid("BusyPoll", "more than net.core.busy_read takes CAP_NET_ADMIN: %w", err)
		}
	}
	if f.GRO.Mode != ModeOn {
		return nil
	}
	err := m.set(fd, unix.IPPROTO_UDP, unix.UDP_GRO, 1, "UDP_GRO")
	if err == nil {
		return nil
	}
	f.SlotBytes = slotBytes(p.Datagram)
	if f.GRO, err = m.decide("gro", p.GRO, err); err != nil {
		return invalid("GRO", "%w", err)
	}
	return nil
}

func (m *mmsg) set(fd, level, option, value int, name string) error {
	return os.NewSyscallError("setsockopt "+name, m.k.setsockopt(fd, level, option, value))
}

// may sets what one can do without.
func (m *mmsg) may(fd, level, option, value int, name string) {
	if err := m.set(fd, level, option, value, name); err != nil {
		m.report.degrade(strings.ToLower(name), err)
	}
}

func (m *mmsg) receiveBuffer(fd int) int {
	return m.buffer(fd, "receive buffer", unix.SO_RCVBUFFORCE, unix.SO_RCVBUF, m.plan.ReceiveBuffer, wantedReceive)
}

// buffer asks for as much as wanted and says what was granted, in the kernel's
// count: twice as much. Less is a degradation only of what was asked for by
// name; else it is what "as much as granted" means.
func (m *mmsg) buffer(fd int, what string, force, option, wanted, otherwise int) int {
	asked := wanted != 0
	if !asked {
		wanted = otherwise
	}
	err := m.k.setsockopt(fd, unix.SOL_SOCKET, force, wanted)
	if err != nil { // not permitted: up to net.core.rmem_max or wmem_max
		err = m.k.setsockopt(fd, unix.SOL_SOCKET, option, wanted)
	}
	granted, readErr := m.k.getsockopt(fd, unix.SOL_SOCKET, option)
	if err = errors.Join(err, readErr); err != nil {
		m.report.degrade(what, err)
	} else if asked && granted < 2*wanted {
		m.report.degrade(what, fmt.Errorf("%d bytes granted of %d: raise net.core.rmem_max and wmem_max", granted/2, wanted))
	}
	return granted
}
