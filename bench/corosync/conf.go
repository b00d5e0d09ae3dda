package corosync

import (
	"fmt"
	"net/netip"
	"strings"
)

// Transport is how the daemons talk to each other.
type Transport string

const (
	UDP  Transport = "udp"  // one ring over IP multicast
	Knet Transport = "knet" // kronosnet: unicast to each, Corosync's default
)

// MaxMessage is the largest message, in bytes, that a bench sends: it fits
// what the library hands to the daemon in one piece.
const MaxMessage = 1_000_000

// Both templates switch encryption and logs off and leave what concerns speed
// as it comes. The daemons get no realtime priority: several of them share the
// lab's few cores with each other and with the clients, who would starve.
const common = `
totem {
	version: 2
	cluster_name: %s
	transport: %s
	crypto_cipher: none
	crypto_hash: none
	ip_version: ipv4
%s}
logging {
	to_stderr: yes
	to_logfile: no
	to_syslog: no
	timestamp: off
	debug: off
}
system {
	sched_rr: no
	move_to_root_cgroup: no
	allow_knet_handle_fallback: yes
}
nodelist {
%s}
`

const udpInterface = `	interface {
		ringnumber: 0
		mcastaddr: %s
		mcastport: %d
	}
`

const knetInterface = `	interface {
		linknumber: 0
		mcastport: %d
	}
`

const node = `	node {
		nodeid: %d
		name: host%d
		ring0_addr: %s
	}
`

// ports of the ring: mcastport, and with udp also the one below.
const ringPort = 5405

// Conf is corosync.conf(5), the same on all hosts, which find themselves by
// their addresses. group is the multicast address of UDP.
func Conf(t Transport, cluster string, hosts []netip.Addr, group netip.Addr) string {
	link := fmt.Sprintf(knetInterface, ringPort)
	if t == UDP {
		link = fmt.Sprintf(udpInterface, group, ringPort)
	}
	var nodes strings.Builder
	for i, a := range hosts {
		fmt.Fprintf(&nodes, node, i+1, i+1, a)
	}
	return fmt.Sprintf(common, cluster, t, link, nodes.String())
}
