package sock

import (
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"
)

func TestConfigNamesTheWrongField(t *testing.T) {
	ap := netip.MustParseAddrPort
	group := ap("239.255.77.1:5000")
	for _, c := range []struct {
		field string
		c     Config
	}{
		{"Bind", Config{}},
		{"Bind", Config{Bind: ap("239.1.1.1:5")}},
		{"Bind", Config{Bind: ap("203.0.113.77:0")}}, // an address for documentation: nobody's
		{"Bind", Config{Bind: home6, Group: group}},
		{"Group", Config{Bind: home4, Group: ap("127.0.0.1:5000")}},
		{"Group", Config{Bind: home4, Group: ap("239.255.77.1:0")}},
		{"Group", Config{Bind: home6, Group: ap("[ff02::1234]:5000")}},
		{"Interface", Config{Interface: "no such thing"}},
		{"Interface", Config{Interface: "203.0.113.77"}},
		{"Peers", Config{Bind: home4, Group: group, Peers: []netip.AddrPort{ap("127.0.0.1:1")}}},
		{"Peers[0]", Config{Bind: home4, Peers: []netip.AddrPort{{}}}},
		{"Peers[1]", Config{Bind: home4, Peers: []netip.AddrPort{ap("127.0.0.1:1"), ap("127.0.0.1:0")}}},
		{"Peers[1]", Config{Bind: home4, Peers: []netip.AddrPort{ap("127.0.0.1:1"), ap("[::1]:1")}}},
		{"Peers[0]", Config{Bind: home4, Peers: []netip.AddrPort{ap("0.0.0.0:1")}}},
		{"Peers[0]", Config{Bind: home4, Peers: []netip.AddrPort{group}}},
		{"Kind", Config{Bind: home4, Kind: 9}},
		{"GSO", Config{Bind: home4, GSO: 9}},
		{"GRO", Config{Bind: home4, GRO: 9}},
		{"GSO", Config{Bind: home4, GSO: On, Kind: Portable}},
		{"GRO", Config{Bind: home4, GRO: On, Kind: Portable}},
		{"Runt", Config{Bind: home4, Runt: On, Kind: Portable}},
		{"Wait", Config{Bind: home4, Wait: 9}},
		{"TTL", Config{Bind: home4, TTL: 256}},
		{"TTL", Config{Bind: home4, TTL: -1}},
		{"Datagram", Config{Bind: home4, Datagram: MinDatagram - 1}},
		{"Datagram", Config{Bind: home4, Datagram: MaxDatagram + 1}},
		{"ReceiveBuffer", Config{Bind: home4, ReceiveBuffer: -1}},
		{"SendBuffer", Config{Bind: home4, SendBuffer: 1<<30 + 1}},
		{"Batch", Config{Bind: home4, Batch: MaxBatch + 1}},
		{"RingSlots", Config{Bind: home4, RingSlots: -1}},
		{"BusyPoll", Config{Bind: home4, BusyPoll: time.Nanosecond}},
		{"BusyPoll", Config{Bind: home4, BusyPoll: time.Minute}},
		{"BusyPoll", Config{Bind: home4, BusyPoll: time.Microsecond, Kind: Portable}},
	} {
		s, err := Open(c.c)
		if err == nil {
			s.Close()
			t.Errorf("%+v: opened, want an error about %s", c.c, c.field)
		} else if !strings.HasPrefix(err.Error(), "sock: Config."+c.field+":") {
			t.Errorf("%+v: %v, want it to name %s", c.c, err, c.field)
		}
	}
}

// All wrong numbers are told at once.
func TestConfigNamesAllWrongNumbers(t *testing.T) {
	_, err := Open(Config{Bind: home4, TTL: 999, Batch: -1})
	if err == nil || !strings.Contains(err.Error(), "Config.TTL") || !strings.Contains(err.Error(), "Config.Batch") {
		t.Errorf("%v, want both TTL and Batch named", err)
	}
}

func TestConfigPortsInUse(t *testing.T) {
	s := mustOpen(t, Config{Bind: home4})
	for _, kind := range []Kind{Native, Portable} {
		_, err := Open(Config{Kind: kind, Bind: s.Local()})
		if err == nil || !strings.HasPrefix(err.Error(), "sock: Config.Bind:") || !strings.Contains(err.Error(), "bind") {
			t.Errorf("%v: %v, want Bind and the system call named", kind, err)
		}
	}
}

// Whatever is left open is chosen, and told.
func TestConfigDefaults(t *testing.T) {
	loopback := loopbackInterface(t)
	group := groupFor()
	for _, c := range []struct {
		name string
		c    Config
	}{
		{"interface by name", Config{Interface: loopback.Name, Group: group}},
		{"interface by address", Config{Interface: "127.0.0.1", Group: group}},
		{"interface by own address", Config{Bind: home4, Group: group}},
		{"interface by own address, one of many", Config{Bind: netip.MustParseAddrPort("127.0.0.1:0")}},
		{"interface by route", Config{Peers: []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:9")}}},
		{"unspecified address", Config{Interface: loopback.Name, Bind: netip.MustParseAddrPort("0.0.0.0:0")}},
		{"mapped addresses", Config{Bind: netip.MustParseAddrPort("[::ffff:127.0.0.1]:0")}},
	} {
		s := mustOpen(t, c.c)
		f := s.Facts()
		if f.Interface != loopback.Name || !f.Loopback || f.TTL != 0 {
			t.Errorf("%s: interface %q, loopback %v, TTL %d", c.name, f.Interface, f.Loopback, f.TTL)
		}
		if !s.Local().Addr().IsLoopback() || !s.Local().Addr().Is4() || s.Local().Port() == 0 {
			t.Errorf("%s: local address %v", c.name, s.Local())
		}
		if most := min(loopback.MTU-28, MaxAutoDatagram); f.DatagramBytes != most {
			t.Errorf("%s: datagrams of %d bytes, want %d", c.name, f.DatagramBytes, most)
		}
		if d, err := s.PathDatagram(); err != nil || d != f.DatagramBytes {
			t.Errorf("%s: path takes %d (%v), want %d", c.name, d, err, f.DatagramBytes)
		}
	}
}

func loopbackInterface(t *testing.T) *net.Interface {
	t.Helper()
	all, err := net.Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	for i := range all {
		if all[i].Flags&net.FlagLoopback != 0 && all[i].Flags&net.FlagUp != 0 {
			return &all[i]
		}
	}
	t.Skip("no loopback interface is up")
	return nil
}

func TestSlotBytes(t *testing.T) {
	for _, datagram := range []int{MinDatagram, 1400, 2048, 2049, 8972, MaxDatagram} {
		n := slotBytes(datagram)
		if n < datagram || n < 2048 || n%64 != 0 || n > 65536 {
			t.Errorf("a slot for %d bytes has %d", datagram, n)
		}
	}
}
