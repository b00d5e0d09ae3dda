package sock

import (
	"errors"
	"net/netip"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"stampede/batch"
)

// refuse makes setsockopt of these options fail.
func refuse(err error, options ...[2]int) func(level, option, value int) error {
	return func(level, option, value int) error {
		for _, o := range options {
			if o == [2]int{level, option} {
				return err
			}
		}
		return nil
	}
}

func noSegment(level, option int) (int, error, bool) {
	if level == unix.IPPROTO_UDP && option == unix.UDP_SEGMENT {
		return 0, unix.ENOPROTOOPT, true
	}
	return 0, nil, false
}

// A kernel that lacks something still carries datagrams; what it lacks is told
// once.
func TestOldKernels(t *testing.T) {
	gro := [2]int{unix.IPPROTO_UDP, unix.UDP_GRO}
	for _, c := range []struct {
		what     string
		k        faulty
		gso, gro Mode
	}{
		{"gso", faulty{onGet: noSegment}, ModeFallback, ModeOn},
		{"gso", faulty{onSend: always(unix.EIO, isTrain)}, ModeFallback, ModeOn},
		{"gso", faulty{onSend: always(unix.EINVAL, isTrain)}, ModeFallback, ModeOn},
		{"gro", faulty{onSet: refuse(unix.ENOPROTOOPT, gro)}, ModeOn, ModeFallback},
		{"gro", faulty{onSet: failLater(gro)}, ModeOn, ModeFallback}, // the probe worked, the socket does not
		{"filter", faulty{onFilter: func() error { return unix.EPERM }}, ModeOn, ModeOn},
		{"so_rxq_ovfl", faulty{onSet: refuse(unix.ENOPROTOOPT, [2]int{unix.SOL_SOCKET, unix.SO_RXQ_OVFL})}, ModeOn, ModeOn},
		{"ip_multicast_all", faulty{onSet: refuse(unix.ENOPROTOOPT, [2]int{unix.IPPROTO_IP, unix.IP_MULTICAST_ALL})}, ModeOn, ModeOn},
		{"ip_mtu_discover", faulty{onSet: refuse(unix.EINVAL, [2]int{unix.IPPROTO_IP, unix.IP_MTU_DISCOVER})}, ModeOn, ModeOn},
		{"receive buffer", faulty{onSet: refuse(unix.EPERM, [2]int{unix.SOL_SOCKET, unix.SO_RCVBUFFORCE}, [2]int{unix.SOL_SOCKET, unix.SO_RCVBUF})}, ModeOn, ModeOn},
		{"probe", faulty{onPoll: nothingCame}, ModeOn, ModeOn},
	} {
		t.Run(c.what, func(t *testing.T) {
			group := groupFor()
			config := Config{Bind: home4, Group: group, Datagram: 1400, BusyPoll: time.Microsecond}
			s := openOn(t, &c.k, config)
			if f := s.Facts(); f.GSO.Mode != c.gso || f.GRO.Mode != c.gro {
				t.Errorf("GSO %v, GRO %v, want %v, %v", f.GSO, f.GRO, c.gso, c.gro)
			}
			told := s.Degradations()
			if find(told, c.what) == nil {
				t.Errorf("told %v, want %s", told, c.what)
			}
			c.k.onPoll = nil
			other := mustOpen(t, config)
			want := mixture()
			mustSend(t, s, burstOf(everyone, want...))
			same(t, collect(t, other, len(want)), s.Local(), want)
			mustSend(t, other, burstOf(everyone, want...))
			same(t, collect(t, s, len(want)), other.Local(), want)
			quiet(t, s)
			if d := s.Degradations(); d != nil {
				t.Errorf("told later: %v", d)
			}
		})
	}
}

// failLater refuses an option from the second time on.
func failLater(o [2]int) func(level, option, value int) error {
	n := 0
	return func(level, option, value int) error {
		if o == [2]int{level, option} {
			if n++; n > 1 {
				return unix.EINVAL
			}
		}
		return nil
	}
}

// nothingCame makes polls end with nothing, as if the loopback interface were
// dead.
func nothingCame([]unix.PollFd, time.Duration) (int, syscall.Errno, bool) { return 0, 0, true }

// What must be on and cannot be is an error that names the field and the cause.
func TestSwitchedOnButImpossible(t *testing.T) {
	for _, c := range []struct {
		field string
		c     Config
		k     faulty
		cause error
	}{
		{"GSO", Config{Bind: home4, GSO: On}, faulty{onGet: noSegment}, unix.ENOPROTOOPT},
		{"BusyPoll", Config{Bind: home4, BusyPoll: time.Microsecond}, faulty{onSet: refuse(unix.EPERM, [2]int{unix.SOL_SOCKET, unix.SO_BUSY_POLL})}, unix.EPERM},
		{"GSO", Config{Bind: home4, GSO: On}, faulty{onSend: always(unix.EIO, isTrain)}, unix.EIO},
		{"GRO", Config{Bind: home4, GRO: On}, faulty{onSet: refuse(unix.ENOPROTOOPT, [2]int{unix.IPPROTO_UDP, unix.UDP_GRO})}, unix.ENOPROTOOPT},
		{"GRO", Config{Bind: home4, GRO: On}, faulty{onSet: failLater([2]int{unix.IPPROTO_UDP, unix.UDP_GRO})}, unix.EINVAL},
	} {
		s, err := tryOpenOn(&c.k, c.c)
		if err == nil {
			s.Close()
			t.Errorf("%s: opened", c.field)
		} else if !errors.Is(err, c.cause) || !strings.HasPrefix(err.Error(), "sock: Config."+c.field+":") {
			t.Errorf("%v, want Config.%s and %v", err, c.field, c.cause)
		}
	}
	s := mustOpen(t, Config{Bind: home4, GSO: On, GRO: On})
	if f := s.Facts(); f.GSO.Mode != ModeOn || f.GRO.Mode != ModeOn {
		t.Errorf("GSO %v, GRO %v", f.GSO, f.GRO)
	}
}

// What the configuration must have and the kernel refuses is an error.
func TestOptionsThatMustBe(t *testing.T) {
	for _, o := range [][2]int{
		{unix.IPPROTO_IP, unix.IP_MULTICAST_TTL}, {unix.IPPROTO_IP, unix.IP_MULTICAST_LOOP}, {unix.SOL_SOCKET, unix.SO_REUSEADDR},
	} {
		s, err := tryOpenOn(&faulty{onSet: refuse(unix.ENOPROTOOPT, o)}, Config{Bind: home4, Group: groupFor()})
		if err == nil {
			s.Close()
			t.Errorf("opened without option %v", o)
		} else if !errors.Is(err, unix.ENOPROTOOPT) || !strings.Contains(err.Error(), "setsockopt") {
			t.Errorf("%v", err)
		}
	}
}

// A kernel that joins segments or spoils them is found out.
func TestMangledTrains(t *testing.T) {
	k := &faulty{}
	var spoiled bool
	k.after = func(msgs []unix.Mmsghdr) {
		if msgs[0].Hdr.Controllen > 0 && msgs[0].Len > 1400 && !spoiled {
			spoiled = true
			*msgs[0].Hdr.Iov.Base ^= 1
		}
	}
	s := openOn(t, k, Config{Bind: home4, Datagram: 1400})
	if f := s.Facts(); !spoiled || f.GSO.Mode != ModeFallback || !strings.Contains(f.GSO.Cause, errMangled.Error()) {
		t.Errorf("GSO is %v", f.GSO)
	}
}

func TestCharge(t *testing.T) {
	for _, home := range []netip.AddrPort{home4, home6} {
		f := mustOpen(t, Config{Bind: home, Datagram: 1400}).Facts().Charge
		if !f.Measured || f.Small < 1 || f.Datagram < 1400 || f.Train < f.TrainBytes || f.TrainBytes != 46*1400 {
			t.Errorf("%v: measured %+v", home, f)
		}
	}
	noInfo := &faulty{onMemInfo: func() error { return unix.ENOPROTOOPT }}
	s := openOn(t, noInfo, Config{Bind: home4, Group: groupFor(), Datagram: 1400})
	want := Charge{Small: 768, Datagram: 2304, Train: 64400 * 110 / 100, TrainBytes: 64400}
	if f := s.Facts().Charge; f != want {
		t.Errorf("by formula %+v, want %+v", f, want)
	}
	if st := s.Stats(); st.Overruns != 0 {
		t.Errorf("%d overruns", st.Overruns)
	}
	split := Charge{Small: 832, Datagram: 2304}
	if split.complete(1400, false); split.Train != 46*2304 {
		t.Errorf("a train that arrives in pieces is charged %d, want %d", split.Train, 46*2304)
	}
}

// Buffers of the least size still carry the largest trains, one at a time.
func TestTinyBuffers(t *testing.T) {
	for _, w := range ways {
		c := w.config(Config{Bind: home4, Datagram: 1400, ReceiveBuffer: 1, SendBuffer: 1})
		receiver, sender := mustOpen(t, c), mustOpen(t, c)
		if f := sender.Facts(); f.ReceiveBufferBytes < 1 || f.ReceiveBufferBytes > 65536 || f.SendBufferBytes < 1 || f.SendBufferBytes > 65536 {
			t.Errorf("%v: buffers of %d and %d bytes", w, f.ReceiveBufferBytes, f.SendBufferBytes)
		}
		for _, want := range [][]*batch.Datagram{run(1, 1400, 0), run(1, 10, 0)} {
			mustSend(t, sender, burstOf(receiver.Local(), want...))
			same(t, collect(t, receiver, len(want)), sender.Local(), want)
		}
	}
	receiver := mustOpen(t, Config{Bind: home4, Datagram: 1400, ReceiveBuffer: 1})
	sender := mustOpen(t, Config{Bind: home4, Datagram: 1400, SendBuffer: 1})
	for range 10 {
		want := run(46, 1400, 0)
		mustSend(t, sender, burstOf(receiver.Local(), want...))
		same(t, collect(t, receiver, len(want)), sender.Local(), want)
	}
}

// What was granted is read back; less than was asked for by name is told.
func TestGrantedBuffers(t *testing.T) {
	for _, asked := range []int{0, 1 << 20} {
		k := &faulty{
			onSet: refuse(unix.EPERM, [2]int{unix.SOL_SOCKET, unix.SO_RCVBUFFORCE}, [2]int{unix.SOL_SOCKET, unix.SO_SNDBUFFORCE}),
			onGet: func(level, option int) (int, error, bool) {
				return 2 * 212992, nil, level == unix.SOL_SOCKET && (option == unix.SO_RCVBUF || option == unix.SO_SNDBUF)
			},
		}
		s := openOn(t, k, Config{Bind: home4, ReceiveBuffer: asked, SendBuffer: asked})
		if f := s.Facts(); f.ReceiveBufferBytes != 2*212992 || f.SendBufferBytes != 2*212992 {
			t.Errorf("buffers of %d and %d", f.ReceiveBufferBytes, f.SendBufferBytes)
		}
		told := s.Degradations()
		for _, what := range []string{"receive buffer", "send buffer"} {
			d := find(told, what)
			if asked == 0 && d != nil {
				t.Errorf("told %v, though as much as granted was asked for", d)
			}
			if asked != 0 && (d == nil || !strings.Contains(d.Cause.Error(), "212992 bytes granted")) {
				t.Errorf("told %v", told)
			}
		}
	}
}

// Without the kernel's filter own datagrams are dropped here.
func TestWithoutFilter(t *testing.T) {
	k := &faulty{onFilter: func() error { return unix.ENOMEM }}
	c := Config{Bind: home4, Group: groupFor(), Datagram: 1400}
	s, other := openOn(t, k, c), mustOpen(t, c)
	mustSend(t, s, burstOf(everyone, run(5, 1000, 0)...))
	mustSend(t, other, burstOf(everyone, run(2, 100, 0)...))
	same(t, collect(t, s, 2), other.Local(), run(2, 100, 0))
	quiet(t, s)
	if st := s.Stats(); st.DroppedOwn == 0 || s.Facts().Filter || st.OwnFiltered != 0 {
		t.Errorf("%d own dropped, filter %v", st.DroppedOwn, s.Facts().Filter)
	}
}

// Another host may use the same port: only port and address together are own.
func TestFilterLooksAtAddress(t *testing.T) {
	c := Config{Bind: home4, Group: groupFor(), Datagram: 1400}
	s := mustOpen(t, c)
	c.Bind = netip.AddrPortFrom(netip.MustParseAddr("127.0.0.2"), s.Local().Port())
	other := mustOpen(t, c)
	want := run(5, 1000, 0)
	mustSend(t, other, burstOf(everyone, want...))
	same(t, collect(t, s, len(want)), other.Local(), want)
	mustSend(t, s, burstOf(everyone, want...))
	same(t, collect(t, other, len(want)), s.Local(), want)
	quiet(t, s)
	quiet(t, other)
}

func TestNIC(t *testing.T) {
	answers := func(words []uint32) error {
		switch words[0] {
		case unix.ETHTOOL_GRINGPARAM:
			words[1], words[5] = 4096, 512
		case unix.ETHTOOL_GCOALESCE:
			words[1], words[2] = 40, 128
		}
		return nil
	}
	for _, c := range []struct {
		name         string
		c            Config
		ethtool      func([]uint32) error
		batch, slots int
		spin         time.Duration
	}{
		{"no answer", Config{}, func([]uint32) error { return unix.EOPNOTSUPP }, 64, 64, leastSpin},
		{"no answer, no GRO", Config{GRO: Off}, func([]uint32) error { return unix.EOPNOTSUPP }, 64, 256, leastSpin},
		{"answer", Config{}, answers, 128, 128, 80 * time.Microsecond},
		{"answer, no GRO", Config{GRO: Off}, answers, 128, 512, 80 * time.Microsecond},
		{"override", Config{Batch: 7, RingSlots: 9}, answers, 7, 9, 80 * time.Microsecond},
		{"override of slots", Config{RingSlots: 5}, answers, 5, 5, 80 * time.Microsecond},
		{"override of the batch", Config{Batch: 300}, answers, 300, 300, 80 * time.Microsecond},
		{"small arena", Config{Arena: newArena(t, 40)}, answers, 10, 10, 80 * time.Microsecond},
		{"tiny arena", Config{Arena: newArena(t, 1)}, answers, 1, 1, 80 * time.Microsecond},
	} {
		c.c.Bind, c.c.Datagram = home4, 1400
		f := openOn(t, &faulty{onEthtool: c.ethtool}, c.c).Facts()
		if f.Batch != c.batch || f.RingSlots != c.slots || f.Spin != c.spin {
			t.Errorf("%s: batch %d, slots %d, spin %v, want %d, %d, %v", c.name, f.Batch, f.RingSlots, f.Spin, c.batch, c.slots, c.spin)
		}
	}
}

func TestKernelsThatMangleEvenTrains(t *testing.T) {
	for release, want := range map[string]bool{
		"6.18.44-generic": false, "6.99": false, "7.0.0": true, "7.0.12-14-generic": true, "7.0": true, "7.0-rc1": true,
		"7.1.0": true, "7.1.4": true, "7.1.4-arch1": true, "7.1.5": false, "7.1.15": false, "7.2.0": false, "8.0.1": false,
		"17.0.1": false, "": false, "strange": false,
	} {
		if manglesEvenTrains(release) != want {
			t.Errorf("%q: %v, want %v", release, !want, want)
		}
	}
	for _, c := range []struct {
		version string
		runt    Switch
		gso     Switch
		want    bool
	}{
		{"7.0.3", Auto, Auto, true}, {"7.0.3", Off, Auto, false}, {"7.0.3", Auto, Off, false}, {"6.1.0", On, Auto, true}, {"6.1.0", Auto, Auto, false},
	} {
		f := openOn(t, &faulty{version: c.version}, Config{Bind: home4, Runt: c.runt, GSO: c.gso}).Facts()
		if f.Runt != c.want || f.Kernel != c.version {
			t.Errorf("%s, runt %v, GSO %v: %v, want %v", f.Kernel, c.runt, c.gso, f.Runt, c.want)
		}
	}
}

// Nothing leaves the host through the loopback interface.
func TestLoopbackStaysHome(t *testing.T) {
	for _, ttl := range []int{0, 5} {
		s := mustOpen(t, Config{Bind: home4, Group: groupFor(), TTL: ttl})
		fd := s.link.(*mmsg).fd
		if n, err := unix.GetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_MULTICAST_TTL); n != 0 || err != nil {
			t.Errorf("IP_MULTICAST_TTL %d, %v", n, err)
		}
		a, err := unix.GetsockoptInet4Addr(fd, unix.IPPROTO_IP, unix.IP_MULTICAST_IF)
		if err != nil || a != [4]byte{127, 0, 0, 1} {
			t.Errorf("IP_MULTICAST_IF %v, %v", a, err)
		}
	}
}

// Datagrams are never fragmented.
func TestDontFragment(t *testing.T) {
	s := mustOpen(t, Config{Bind: home4, Group: groupFor()})
	m := s.link.(*mmsg)
	for _, fd := range []int{m.fd, m.group} {
		if n, err := unix.GetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_MTU_DISCOVER); n != unix.IP_PMTUDISC_PROBE || err != nil {
			t.Errorf("IP_MTU_DISCOVER %d, %v", n, err)
		}
	}
}

// A path narrower than the interface makes datagrams shorter, unless the
// configuration says how long they are.
func TestPathMTU(t *testing.T) {
	k := &faulty{onGet: func(level, option int) (int, error, bool) {
		return 1280, nil, level == unix.IPPROTO_IP && option == unix.IP_MTU
	}}
	c := Config{Bind: home4, Peers: []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:9")}}
	s := openOn(t, k, c)
	if n := s.Facts().DatagramBytes; n != 1280-28 {
		t.Errorf("datagrams of %d bytes, want %d", n, 1280-28)
	}
	c.Datagram = 1400
	s = openOn(t, k, c)
	if n := s.Facts().DatagramBytes; n != 1400 {
		t.Errorf("datagrams of %d bytes, want 1400", n)
	}
	if n, err := s.PathDatagram(); n != 1280-28 || err != nil {
		t.Errorf("the path takes %d (%v), want %d", n, err, 1280-28)
	}
}

func TestAddresses(t *testing.T) {
	var z zones
	for _, c := range []struct{ to, back string }{
		{"127.0.0.1:80", "127.0.0.1:80"},
		{"[::ffff:10.1.2.3]:65535", "10.1.2.3:65535"},
		{"[2001:db8::1]:256", "[2001:db8::1]:256"},
		{"[fe80::1%lo]:1", "[fe80::1%lo]:1"},
		{"[fe80::1%4000000000]:1", "[fe80::1%4000000000]:1"},
		{"[2001:db8::1%lo]:1", "[2001:db8::1]:1"}, // only link-local addresses have zones
		{"[ff02::1%lo]:1", "[ff02::1]:1"},
	} {
		to := netip.MustParseAddrPort(c.to)
		var a address
		if !a.set(to, to.Addr().Unmap().Is6(), &z) {
			t.Errorf("%s: not set", c.to)
		} else if back := a.get(&z).String(); back != c.back {
			t.Errorf("%s came back as %s, want %s", c.to, back, c.back)
		}
		if a.set(to, !to.Addr().Unmap().Is6(), &z) {
			t.Errorf("%s fits both families", c.to)
		}
	}
	if a := new(address); a.get(&z).IsValid() || a.set(netip.AddrPort{}, false, &z) {
		t.Error("no address is an address")
	}
	mapped := address{raw: unix.RawSockaddrInet6{Family: unix.AF_INET6, Addr: netip.MustParseAddr("::ffff:1.2.3.4").As16()}}
	if got := mapped.get(&z).Addr(); got != netip.MustParseAddr("1.2.3.4") {
		t.Errorf("a mapped address came out as %v", got)
	}
	for i := range uint32(1000) {
		z.name(1<<20 + i)
	}
	if len(z.known) > maxZones {
		t.Errorf("%d zones remembered", len(z.known))
	}
}
