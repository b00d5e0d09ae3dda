package host

import (
	"fmt"

	"stampede/sock"
)

// wantedMax is what Stampede asks of the kernel for a receive buffer.
const wantedMax = 8 << 20

// socket judges what a socket was granted, and what the probes found.
func (r *report) socket(m *Machine, s *Socket, n *Need) {
	f := &s.Facts
	if f.Multicast {
		r.good("multicast", "%v was joined on %s; what is sent to it crosses %d hops", f.Group.Addr(), f.Interface, f.TTL)
	}
	r.receiveBuffer(m, f, n)
	r.sendBuffer(m, f)
	r.trains("gso", "sent", f.GSO, fmt.Sprintf("one system call, and one way through the kernel, for %d datagrams instead of for each", f.MaxSegments))
	r.trains("gro", "received", f.GRO, "one arrival for a whole train, and less of the receive buffer for it")
	if f.Runt {
		r.better("gso-runt", "Linux %s may mangle trains of equal datagrams: each ends with one of a byte", f.Kernel).
			change("a datagram less for each train", "update the kernel to 7.1.5 or later")
	}
	for _, d := range s.Degradations {
		switch d.What {
		case "gso", "gro", "receive buffer", "send buffer", "wait": // judged by themselves
		default:
			r.better(d.What, "done without: %v", d.Cause)
		}
	}
}

// receiveBuffer compares what fits with what may be under way together.
func (r *report) receiveBuffer(m *Machine, f *sock.Facts, n *Need) {
	const topic = "receive-buffer"
	charge := max(f.Charge.Datagram, f.DatagramBytes, 1)
	holds, wanted := f.ReceiveBufferBytes/charge, max(n.WindowBytes/max(f.DatagramBytes, 1), 1)
	found := fmt.Sprintf("%d bytes as the kernel counts, which hold %d datagrams of %d bytes; the window is %d",
		f.ReceiveBufferBytes, holds, f.DatagramBytes, wanted)
	if most := 2 * m.Kernel.ReceiveMax; most > 0 && most < f.ReceiveBufferBytes { // SO_RCVBUFFORCE
		found += fmt.Sprintf("; without this process's privileges net.core.rmem_max = %d would leave %d", m.Kernel.ReceiveMax, most/charge)
	}
	if e := m.Kernel.BufferErrors; e > 0 {
		found += fmt.Sprintf("; since the start, full buffers of this machine's sockets cost %d of %d datagrams", e, m.Kernel.Datagrams)
	}
	command := fmt.Sprintf("sysctl -w net.core.rmem_max=%d", max(wantedMax, wanted*charge/2))
	switch {
	case holds >= wanted:
		r.good(topic, "%s", found)
	case holds < 2:
		r.bad(topic, "%s", found).change("datagrams arrive at all", command)
	default:
		r.better(topic, "%s", found).change(fmt.Sprintf(
			"%d datagrams under way to this processor instead of %d: throughput, most of all with several senders", wanted, holds), command)
	}
}

// sendBuffer: two trains keep the card busy while the next is made.
func (r *report) sendBuffer(m *Machine, f *sock.Facts) {
	const topic = "send-buffer"
	train := max(f.Charge.Train, f.DatagramBytes)
	if f.SendBufferBytes >= 2*train {
		r.good(topic, "%d bytes as the kernel counts: %d full trains", f.SendBufferBytes, f.SendBufferBytes/max(train, 1))
		return
	}
	r.better(topic, "%d bytes as the kernel counts, less than two full trains of %d", f.SendBufferBytes, train).
		change("sends do not wait for one another", "sysctl -w net.core.wmem_max=4194304")
}

func (r *report) trains(topic, done string, s sock.State, brings string) {
	switch s.Mode {
	case sock.ModeOn:
		r.good(topic, "trains of datagrams are %s as one: tried, and they arrived unchanged", done)
	case sock.ModeOff:
		r.better(topic, "switched off by the configuration").change(brings, topic+` = "auto"`)
	default:
		r.better(topic, "given up: %s", s.Cause).
			change(brings, `a kernel from 5.0 on, with socket = "udp"`)
	}
}

// softirq judges by what the kernel has counted, not by what is usual: the
// defaults serve until they are seen not to.
func (r *report) softirq(k *Kernel, c *Card) {
	switch {
	case k.Softirqs == 0:
		r.unknown("backlog", "the kernel does not tell what it dropped")
	case k.BacklogDrops > 0:
		r.better("backlog", "net.core.netdev_max_backlog = %d was full: %d packets were dropped since the start", k.Backlog, k.BacklogDrops).
			change("nothing of that is lost, and sent again", fmt.Sprintf("sysctl -w net.core.netdev_max_backlog=%d", max(4*k.Backlog, 4000)))
	default:
		r.good("backlog", "net.core.netdev_max_backlog = %d was never full", k.Backlog)
	}
	// One in a thousand packets' worth: a squeeze now and then costs nothing.
	switch {
	case k.Softirqs == 0:
		r.unknown("budget", "the kernel does not tell how its softirqs ended")
	case k.Squeezes > 0 && k.Squeezes > k.Softirqs/1000:
		r.better("budget", "net.core.netdev_budget = %d (%d µs) ended reception early %d times for %d packets", k.Budget, k.BudgetUs, k.Squeezes, k.Softirqs).
			change("bursts are taken in without a pause", fmt.Sprintf("sysctl -w net.core.netdev_budget=%d", max(2*k.Budget, 600)),
				fmt.Sprintf("sysctl -w net.core.netdev_budget_usecs=%d", max(2*k.BudgetUs, 8000)))
	default:
		r.good("budget", "net.core.netdev_budget = %d packets, %d µs; it ended reception early %d times for %d packets", k.Budget, k.BudgetUs, k.Squeezes, k.Softirqs)
	}
	r.busyPoll(k, c)
}

// busyPoll is for cards with interrupts; loopback and veth have none.
func (r *report) busyPoll(k *Kernel, c *Card) {
	const topic = "busy-poll"
	switch {
	case c.Name == "":
		r.unknown(topic, "there is no interface to poll")
	case !c.Physical:
		r.good(topic, "of no use: %s has no card behind it", c.Name)
	case k.BusyPoll > 0 && k.BusyRead > 0:
		r.good(topic, "net.core.busy_poll = %d µs, busy_read = %d µs", k.BusyPoll, k.BusyRead)
	default:
		r.better(topic, "net.core.busy_poll = %d µs, busy_read = %d µs: every wait ends with an interrupt", k.BusyPoll, k.BusyRead).
			change("some µs of latency, for processor time while waiting; throughput stays",
				"sysctl -w net.core.busy_poll=50", "sysctl -w net.core.busy_read=50")
	}
}
