package bench

import (
	"net"
	"net/netip"
	"testing"

	"stampede/internal/lab"
	"stampede/internal/testenv"
)

// Nothing may leave the loopback interface unless a lab is asked for.
func TestLoopbackIsAllThatIsUsed(t *testing.T) {
	for _, ip := range []int{4, 6} {
		for _, transport := range []string{"auto", "unicast"} {
			s := Default()
			s.IP, s.Transport = ip, transport
			if ip == 6 && !hasIPv6(t) {
				continue
			}
			all, err := loopback{}.assign(&s)
			if err != nil {
				t.Fatal(err)
			}
			seen := map[netip.AddrPort]bool{}
			for i, a := range all {
				if a.Host != i+1 || !a.Bind.Addr().IsLoopback() || a.Bind.Port() == 0 || seen[a.Bind] {
					t.Errorf("host %d is given %+v", i+1, a)
				}
				seen[a.Bind] = true
				if a.Interface != "" || a.Cluster != all[0].Cluster || a.Multicast != all[0].Multicast {
					t.Errorf("host %d is given %+v", i+1, a)
				}
				wantMulticast := ip == 4 && transport == "auto"
				if a.Multicast.IsValid() != wantMulticast || (len(a.Peers) == s.Hosts) == wantMulticast {
					t.Errorf("IPv%d, %s: host %d is given %+v", ip, transport, i+1, a)
				}
			}
			if m := all[0].Multicast; m.IsValid() && seen[m] {
				t.Errorf("the group's port is a host's, %v", m)
			}
		}
	}
}

func hasIPv6(t *testing.T) bool {
	c, err := net.ListenUDP("udp6", &net.UDPAddr{IP: net.IPv6loopback})
	if err != nil {
		testenv.Skip(t, "needs IPv6 on the loopback interface")
	}
	c.Close()
	return true
}

func TestClustersDoNotMeet(t *testing.T) {
	names, groups := map[string]bool{}, map[netip.Addr]bool{}
	for range 100 {
		name, group4, group6 := newCluster()
		if names[name] {
			t.Errorf("the name %s came twice", name)
		}
		names[name], groups[group4] = true, true
		if !group4.IsMulticast() || !group6.IsLinkLocalMulticast() {
			t.Errorf("groups %v and %v", group4, group6)
		}
	}
	if len(groups) < 90 { // of 65,000: more than ten alike are no chance
		t.Errorf("%d different groups of 100", len(groups))
	}
}

func TestLabAssignments(t *testing.T) {
	l := labPlace{&lab.Lab{Hosts: []lab.Host{
		{IPv4: netip.MustParseAddr("10.77.0.1"), IPv6: netip.MustParseAddr("fd00:77::1")},
		{IPv4: netip.MustParseAddr("10.77.0.2"), IPv6: netip.MustParseAddr("fd00:77::2")},
	}}}
	for _, c := range []struct {
		ip        int
		transport string
		bind      string // of host 2
		multicast bool
	}{
		{4, "auto", "10.77.0.2:7400", true},
		{6, "auto", "[fd00:77::2]:7400", true},
		{4, "unicast", "10.77.0.2:7400", false},
		{6, "unicast", "[fd00:77::2]:7400", false},
	} {
		s := Default()
		s.Hosts, s.Senders, s.IP, s.Transport, s.Lab = 2, 2, c.ip, c.transport, true
		all, err := l.assign(&s)
		if err != nil {
			t.Fatal(err)
		}
		a := all[1]
		if a.Bind.String() != c.bind || a.Multicast.IsValid() != c.multicast || (len(a.Peers) == 2) == c.multicast ||
			(a.Interface == lab.Interface) != c.multicast {
			t.Errorf("IPv%d, %s: %+v", c.ip, c.transport, a)
		}
	}
	s := Default() // of three hosts
	if _, err := l.assign(&s); err == nil {
		t.Error("three hosts were found places in a lab of two")
	}
}
