// Package lab makes hosts to try things on: network namespaces, each with one
// interface, on a bridge. The bridge stands in a namespace of its own, so that
// nothing of a lab is seen or reached from the machine's own network.
//
//	namespace <name>-0          namespace <name>-1, <name>-2, …
//	┌──────────────────┐        ┌────────────────────────────────┐
//	│ bridge ── veth 1 ┼────────┼ eth0  10.77.0.1  fd00:77::1    │  MTU 1500
//	│        └─ veth 2 ┼──…     │ lo    127.0.0.1                │
//	└──────────────────┘        └────────────────────────────────┘
//
// Hosts can be kept apart, made to lose packets and taken off the network; what
// runs on them is killed and stopped as any process is.
//
// Linux only; it needs root and the command ip of iproute2, for faults also nft
// of nftables.
//
// A lab goes away with the process that made it, however that ends: a reaper,
// a process in a session of its own, waits for its standard input to end and
// removes the namespaces. Should the reaper be killed too, the next New does it.
package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os/exec"
	"strings"
)

// Interface is the name of the one interface that a host has besides lo.
const Interface = "eth0"

// MTU is the largest IP packet, in bytes, that the hosts' links carry.
const MTU = 1500

// MaxHosts is the number of hosts that the addresses suffice for.
const MaxHosts = 250

// ErrUnsupported is wrapped by the error of New where no lab can be made.
var ErrUnsupported = errors.New("no lab can be made here")

// Lab is a bridge and the hosts on it.
type Lab struct {
	Hosts []Host

	ip     string // path of the command
	names  []string
	reaper *exec.Cmd
	alive  io.Closer // the reaper's standard input
}

// Host is one network namespace.
type Host struct {
	Namespace string
	IPv4      netip.Addr
	IPv6      netip.Addr // not valid where the kernel has no IPv6

	lab *Lab
}

// Command is a command that runs on the host when started. The host's network
// is all that it is confined to; the file system is the machine's.
func (h *Host) Command(ctx context.Context, name string, arg ...string) *exec.Cmd {
	return exec.CommandContext(ctx, h.lab.ip, append([]string{"netns", "exec", h.Namespace, name}, arg...)...)
}

// routes are the commands of ip that give the host what it loses when its
// interface goes down.
func (h *Host) routes() []string {
	on := "-n " + h.Namespace
	commands := []string{on + " route replace 224.0.0.0/4 dev " + Interface}
	if h.IPv6.IsValid() {
		// The address is unique by construction; duplicate address detection
		// would leave it unusable for its first second.
		commands = append(commands, on+" addr replace "+h.IPv6.String()+"/64 dev "+Interface+" nodad")
	}
	return commands
}

// port is the name of the bridge's end of the link to host n.
func port(n int) string { return fmt.Sprint("host", n) }

// address4 and address6 are the addresses of host n, from 1.
func address4(n int) netip.Addr { return netip.AddrFrom4([4]byte{10, 77, 0, byte(n)}) }

func address6(n int) netip.Addr {
	return netip.AddrFrom16([16]byte{0: 0xfd, 3: 0x77, 15: byte(n)})
}

// namePrefix begins the name of every namespace of every lab; the maker's
// process id and a number follow, so that labs do not collide.
const namePrefix = "stampede-"

func namespace(pid, lab, host int) string {
	return fmt.Sprintf("%s%d-%d-%d", namePrefix, pid, lab, host)
}

// maker is the process id in the name of a lab's namespace.
func maker(name string) (pid int, ok bool) {
	var lab, host int
	n, err := fmt.Sscanf(name, namePrefix+"%d-%d-%d", &pid, &lab, &host)
	return pid, err == nil && n == 3 && name == namespace(pid, lab, host)
}

// run runs ip once for each of the commands, until one fails. None of their
// words has a blank in it.
func (l *Lab) run(ctx context.Context, commands ...string) error {
	for _, c := range commands {
		out, err := exec.CommandContext(ctx, l.ip, strings.Fields(c)...).CombinedOutput()
		if err != nil {
			return fmt.Errorf("lab: ip %s: %w: %s", c, err, strings.TrimSpace(string(out)))
		}
	}
	return nil
}
