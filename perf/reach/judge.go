package reach

import (
	"fmt"
	"strings"

	"stampede/perf/host"
)

// lossy is the share of probes from which on what is lost shows in throughput.
const lossy = 0.01

// Judge says what the result means for a cluster of these hosts. expect is how
// many other hosts there should be, 0 = at least one.
func (r *Result) Judge(expect int) (all []host.Finding) {
	if n := len(r.Hosts) - 1; n < max(expect, 1) {
		all = append(all, host.Finding{Topic: "reach", Grade: host.Bad,
			Found:  fmt.Sprintf("other hosts heard, by multicast or unicast: %d of %d", n, max(expect, 1)),
			Change: []string{"run stampede check --reach on all hosts at the same time, with the same group or peers and cluster", "let UDP to the ports that it names through firewalls"},
			Brings: "a cluster"})
	}
	wrong := r.Unheard > 0
	if wrong {
		all = append(all, host.Finding{Topic: "reach", Grade: host.Bad, Found: fmt.Sprintf("hosts that others hear and this one does not: %d", r.Unheard),
			Change: []string{"let UDP from them through firewalls and routes"}, Brings: "a cluster of all"})
	}
	for i := range r.Links {
		if f := r.judge(&r.Links[i]); f != nil {
			f.Topic = "reach"
			all = append(all, *f)
			wrong = true
		}
	}
	if r.Overruns > 0 {
		all = append(all, host.Finding{Topic: "reach", Grade: host.Better,
			Found:  fmt.Sprintf("this host's own receive buffer was full: %d datagrams were dropped here, not on the way", r.Overruns),
			Change: []string{"see receive-buffer"}, Brings: "room for the bursts of several senders"})
	}
	if n := len(r.Hosts); n > 1 && !wrong {
		all = append(all, host.Finding{Topic: "reach", Grade: host.Good,
			Found: fmt.Sprintf("%d hosts hear each other by %s, full datagrams of %d bytes and trains too", n, r.ways(), r.Datagram)})
	}
	return all
}

func (r *Result) ways() string {
	if r.Multicast {
		return "multicast and unicast"
	}
	return "unicast"
}

// judge tells the worst of a link, nil if there is nothing.
func (r *Result) judge(l *Link) *host.Finding {
	from, to := r.Hosts[l.From].String(), r.Hosts[l.To].String()
	h := &l.Heard
	bad := func(brings, change, found string, arg ...any) *host.Finding {
		return &host.Finding{Grade: host.Bad, Found: fmt.Sprintf(found, arg...), Change: []string{change}, Brings: brings}
	}
	short, full, train := h[Unicast].Received > 0, h[UnicastFull].Received > 0, h[UnicastTrain].Received > 0
	if r.Multicast && h[Multicast].Received == 0 && short {
		return bad("one send for all members, as the configuration wants it",
			"let the switches between them pass the group (IGMP snooping needs a querier), or give peers instead of multicast",
			"multicast of %s does not reach %s, unicast does", from, to)
	}
	full = full && (!r.Multicast || h[MulticastFull].Received > 0)
	train = train && (!r.Multicast || h[MulticastTrain].Received > 0)
	switch {
	case !short:
		return bad("a cluster of both", "let UDP between them through firewalls and routes", "nothing of %s reaches %s", from, to)
	case !full:
		return bad("full datagrams arrive: nothing longer than a few hundred bytes would", fmt.Sprintf("mtu = %d for all hosts, or the same MTU on all of the way", l.Largest+r.headers()),
			"datagrams of %d bytes of %s do not reach %s; %d bytes do", r.Datagram, from, to, l.Largest)
	case !train:
		return bad("throughput: what is sent in bursts arrives", `gso = "off" at the first, or gro = "off" at the second`,
			"trains of datagrams of %s do not reach %s, lone ones do", from, to)
	}
	return r.losses(l, from, to)
}

func (r *Result) losses(l *Link, from, to string) *host.Finding {
	var lost []string
	for w, h := range l.Heard {
		if h.Expected > 0 && 1-h.Share() > lossy {
			lost = append(lost, fmt.Sprintf("%s %d of %d", strings.ReplaceAll(Way(w).String(), "_", " "), h.Expected-h.Received, h.Expected))
		}
	}
	if lost == nil {
		return nil
	}
	return &host.Finding{Grade: host.Better, Found: fmt.Sprintf("of what %s sends %s there was lost: %s", from, to, strings.Join(lost, ", ")),
		Change: []string{"look for overload or bad cables on the way: ethtool -S, nstat, the switch's counters"}, Brings: "nothing has to be sent twice"}
}

// headers of IP and UDP.
func (r *Result) headers() int {
	if r.Hosts[0].Address.Addr().Is6() {
		return 40 + 8
	}
	return 20 + 8
}
