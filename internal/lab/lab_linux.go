package lab

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"sync/atomic"
)

var labs atomic.Int32 // made by this process, for their names

// New makes a lab of as many hosts. Labs whose maker is dead and that are
// still there are removed first. When ctx ends before all is made, what was
// made is removed; afterwards ctx has no meaning to the lab.
func New(ctx context.Context, hosts int) (*Lab, error) {
	if hosts < 1 || hosts > MaxHosts {
		return nil, fmt.Errorf("lab: %d hosts, not 1 to %d", hosts, MaxHosts)
	}
	if os.Geteuid() != 0 {
		return nil, fmt.Errorf("lab: %w: network namespaces need root", ErrUnsupported)
	}
	ip, err := lookIP()
	if err != nil {
		return nil, err
	}
	if err := removeStale(ip); err != nil {
		return nil, err
	}
	l := &Lab{ip: ip}
	id := int(labs.Add(1))
	for n := range hosts + 1 {
		l.names = append(l.names, namespace(os.Getpid(), id, n))
	}
	if err := l.startReaper(); err != nil {
		return nil, err
	}
	if err := l.build(ctx, hosts); err != nil {
		l.Close()
		return nil, err
	}
	return l, nil
}

// lookIP finds the command ip, also for users whose path lacks sbin.
func lookIP() (string, error) {
	for _, name := range []string{"ip", "/usr/sbin/ip", "/sbin/ip"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("lab: %w: the command ip is missing (Debian package iproute2)", ErrUnsupported)
}

func (l *Lab) build(ctx context.Context, hosts int) error {
	for _, name := range l.names {
		if err := l.run(ctx, "netns add "+name); err != nil {
			return err
		}
	}
	bridge := l.names[0]
	// Without snooping the bridge sends every multicast to every host, as a
	// plain switch does: the hosts filter, and no querier is needed.
	err := l.run(ctx,
		"-n "+bridge+" link add bridge mtu "+fmt.Sprint(MTU)+" type bridge mcast_snooping 0",
		"-n "+bridge+" link set bridge up")
	if err != nil {
		return err
	}
	_, err = os.Stat("/proc/net/if_inet6")
	ipv6 := err == nil
	for n := 1; n <= hosts; n++ {
		h := Host{Namespace: l.names[n], IPv4: address4(n), lab: l}
		if ipv6 {
			h.IPv6 = address6(n)
		}
		if err := l.plug(ctx, bridge, n, &h); err != nil {
			return err
		}
		l.Hosts = append(l.Hosts, h)
	}
	return nil
}

// plug gives host n its interface, addresses and a place on the bridge.
func (l *Lab) plug(ctx context.Context, bridge string, n int, h *Host) error {
	port, on, mtu := port(n), "-n "+h.Namespace, fmt.Sprint(" mtu ", MTU)
	commands := []string{
		"-n " + bridge + " link add " + port + mtu + " type veth peer name " + Interface + mtu + " netns " + h.Namespace,
		"-n " + bridge + " link set " + port + " master bridge up",
		on + " addr add " + h.IPv4.String() + "/24 dev " + Interface,
		on + " link set lo up",
		on + " link set " + Interface + " up",
	}
	return l.run(ctx, append(commands, h.routes()...)...)
}
