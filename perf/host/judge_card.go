package host

import (
	"fmt"
	"time"
)

const (
	ethernetMTU = 1500
	jumboMTU    = 9000
	fastMbps    = 10_000
	// Longer than this, the interrupt delay shows in the latency of a quiet
	// cluster, which is some tens of µs.
	longDelay = 20 * time.Microsecond
)

func (r *report) card(m *Machine, s *Socket, n *Need) {
	c := &m.Card
	r.mtu(c)
	r.ring(c, s, n)
	r.coalescing(c, s)
	r.offloads(c)
	if n.Multicast {
		r.multicast(c)
	}
}

func (r *report) mtu(c *Card) {
	switch {
	case c.MTU == 0:
		r.unknown("mtu", "%s does not tell its MTU", c.Name)
	case c.MTU < ethernetMTU:
		r.better("mtu", "%s carries %d bytes a packet", c.Name, c.MTU).
			change("fewer datagrams for the same messages", fmt.Sprintf("ip link set dev %s mtu %d (where all hosts and switches carry it)", c.Name, ethernetMTU))
	case c.MTU < jumboMTU && (c.Physical && c.Mbps >= fastMbps):
		r.better("mtu", "%s carries %d bytes a packet at %d Mb/s", c.Name, c.MTU, c.Mbps).
			change("a sixth of the packets for messages over 1400 bytes", fmt.Sprintf("ip link set dev %s mtu %d (where all hosts and switches carry it: check --reach tells)", c.Name, jumboMTU))
	default:
		r.good("mtu", "%s carries %d bytes a packet", c.Name, c.MTU)
	}
}

// ring: all that may be under way can arrive before the core looks.
func (r *report) ring(c *Card, s *Socket, n *Need) {
	nic, datagram := s.Facts.NIC, max(s.Facts.DatagramBytes, 1)
	wanted := max(n.WindowBytes/datagram, 1)
	switch {
	case nic.RxRing == 0:
		r.unknown("ring", "the driver of %s does not tell its receive ring", c.Name)
	case nic.RxRing >= wanted || nic.RxRing >= nic.RxRingMax:
		r.good("ring", "%d of %d receive descriptors; the window is %d datagrams", nic.RxRing, nic.RxRingMax, wanted)
	default:
		r.better("ring", "%d of %d receive descriptors; the window is %d datagrams", nic.RxRing, nic.RxRingMax, wanted).
			change("a burst of several senders is not dropped by the card", fmt.Sprintf("ethtool -G %s rx %d", c.Name, nic.RxRingMax))
	}
}

func (r *report) coalescing(c *Card, s *Socket) {
	nic := s.Facts.NIC
	switch {
	case nic.RxRing == 0 && nic.RxDelay == 0:
		r.unknown("coalescing", "the driver of %s does not tell how long it gathers", c.Name)
	case nic.RxDelay > longDelay:
		r.better("coalescing", "%s gathers for %v before it interrupts", c.Name, nic.RxDelay).
			change(fmt.Sprintf("up to %v less for each hop of a quiet cluster, for more interrupts", nic.RxDelay-longDelay/2),
				fmt.Sprintf("ethtool -C %s adaptive-rx off rx-usecs %d", c.Name, (longDelay/2).Microseconds()))
	default:
		r.good("coalescing", "%s gathers for %v before it interrupts", c.Name, nic.RxDelay)
	}
}

// offload is what a card may do for trains; any of names will do.
type offload struct {
	topic  string
	names  []string
	fixed  string // what it means that the card cannot
	brings string
}

var offloads = []offload{
	{"offload-segmentation", []string{"tx-udp-segmentation"}, "the kernel cuts trains right above the card",
		"the card cuts trains: processor time of the sender"},
	{"offload-checksum", []string{"tx-checksum-ip-generic", "tx-checksum-ipv4", "tx-checksum-ipv6"},
		"trains cannot leave whole: every datagram goes its own way", "trains: UDP_SEGMENT needs the card's checksum"},
	{"offload-gather", []string{"tx-scatter-gather"}, "the kernel copies what is sent once more", "a copy less for everything sent"},
	{"offload-gro", []string{"rx-gro"}, "datagrams arrive one by one", "trains arrive as trains: a fraction of the processor time"},
}

// ethtoolNames are what ethtool -K calls features where it has a word of its own.
var ethtoolNames = map[string]string{"rx-gro": "gro", "tx-scatter-gather": "sg", "tx-checksum-ip-generic": "tx"}

func (r *report) offloads(c *Card) {
	if c.Features == nil {
		r.unknown("offloads", "the driver of %s does not tell", c.Name)
		return
	}
	for _, o := range offloads {
		active, possible := "", ""
		for _, name := range o.names {
			switch f, ok := c.Features[name]; {
			case ok && f.Active:
				active = name
			case ok && !f.Fixed && possible == "":
				possible = name
			}
		}
		switch {
		case active != "":
			r.good(o.topic, "%s is on", active)
		case possible != "":
			word := possible
			if w := ethtoolNames[possible]; w != "" {
				word = w
			}
			r.better(o.topic, "%s is off", possible).change(o.brings, fmt.Sprintf("ethtool -K %s %s on", c.Name, word))
		default:
			r.better(o.topic, "%s cannot: %s", c.Name, o.fixed).change(o.brings, "a card, or a virtual machine's network, that can")
		}
	}
}

// multicast: whether the socket joined is the socket's finding; this is about
// what lies behind.
func (r *report) multicast(c *Card) {
	if c.ReverseFilter == 1 {
		r.better("reverse-path", "rp_filter of %s is strict: multicast from addresses whose way back is another interface is dropped", c.Name).
			change("such hosts are heard", fmt.Sprintf("sysctl -w net.ipv4.conf.all.rp_filter=2 net.ipv4.conf.%s.rp_filter=2", c.Name))
	}
	switch {
	case c.Bridge != "" && c.Snooping && !c.Querier:
		r.better("snooping", "bridge %s sends multicast where it was asked for (IGMP snooping), and nothing of its own asks", c.Bridge).
			change("memberships do not run out after 260 s (RFC 3376) where no router asks either",
				fmt.Sprintf("ip link set dev %s type bridge mcast_querier 1", c.Bridge))
	case c.Bridge != "" && c.Snooping:
		r.good("snooping", "bridge %s snoops, and asks for memberships", c.Bridge)
	case c.Bridge != "":
		r.good("snooping", "bridge %s floods multicast", c.Bridge)
	default:
		r.unknown("snooping", "switches cannot be seen from here: stampede check --reach on all hosts, with --for 6m where they snoop")
	}
}
