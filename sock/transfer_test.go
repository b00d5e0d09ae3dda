package sock

import (
	"fmt"
	"net/netip"
	"testing"

	"stampede/batch"
)

// way is one combination of what may be in force on both sides.
type way struct {
	kind     Kind
	gso, gro Switch
	runt     Switch
}

func (w way) String() string {
	return fmt.Sprintf("%v gso=%v gro=%v runt=%v", w.kind, w.gso, w.gro, w.runt)
}

func (w way) config(c Config) Config {
	c.Kind, c.GSO, c.GRO, c.Runt = w.kind, w.gso, w.gro, w.runt
	return c
}

var ways = []way{
	{},
	{gso: Off},
	{gro: Off},
	{gso: Off, gro: Off},
	{kind: Portable},
}

// everyWay runs f for all combinations of a sender's and a receiver's ways.
func everyWay(t *testing.T, f func(t *testing.T, from, to way)) {
	for _, from := range ways {
		for _, to := range ways {
			t.Run(fmt.Sprintf("%v to %v", from, to), func(t *testing.T) { f(t, from, to) })
		}
	}
}

// A train of full datagrams, one with a short end, lone ones.
func mixture() []*batch.Datagram {
	var all []*batch.Datagram
	all = append(all, run(46, 1400, 0)...)
	all = append(all, run(10, 1000, 17)...)
	all = append(all, run(1, 5, 0)...)
	all = append(all, run(3, 1400, 0)...)
	return all
}

func TestMulticast(t *testing.T) {
	everyWay(t, func(t *testing.T, from, to way) {
		c := Config{Bind: home4, Group: groupFor(), Datagram: 1400}
		sender := mustOpen(t, from.config(c))
		first, second := mustOpen(t, to.config(c)), mustOpen(t, to.config(c))
		want := mixture()
		mustSend(t, sender, burstOf(everyone, want...))
		for _, s := range []*Socket{first, second} {
			same(t, collect(t, s, len(want)), sender.Local(), want)
			quiet(t, s)
		}
		quiet(t, sender)
		if st := sender.Stats(); st.SentDatagrams != uint64(len(want)) || st.Overruns != 0 {
			t.Errorf("sender: %+v", st)
		}
		if n := len(sender.Degradations()); n != 0 {
			t.Errorf("%d degradations", n)
		}
	})
}

func TestUnicast(t *testing.T) {
	for _, home := range []netip.AddrPort{home4, home6} {
		everyWay(t, func(t *testing.T, from, to way) {
			receiver := mustOpen(t, to.config(Config{Bind: home, Datagram: 1400}))
			bystander := mustOpen(t, Config{Bind: home})
			sender := mustOpen(t, from.config(Config{Bind: home, Datagram: 1400}))
			want := mixture()
			mustSend(t, sender, burstOf(receiver.Local(), want...))
			same(t, collect(t, receiver, len(want)), sender.Local(), want)
			quiet(t, receiver)
			quiet(t, bystander)
		})
	}
}

// The peers change while the socket is open; what cannot be one is left out.
func TestSetPeers(t *testing.T) {
	for _, home := range []netip.AddrPort{home4, home6} {
		for _, w := range ways {
			t.Run(fmt.Sprint(home, w), func(t *testing.T) {
				first := mustOpen(t, Config{Bind: home, Datagram: 1400})
				second := mustOpen(t, Config{Bind: home, Datagram: 1400})
				sender := mustOpen(t, w.config(Config{Bind: home, Datagram: 1400, Peers: []netip.AddrPort{first.Local()}}))
				strange := []netip.AddrPort{{}, netip.MustParseAddrPort("239.1.1.1:7"), netip.MustParseAddrPort("[ff02::1]:7"),
					netip.MustParseAddrPort("0.0.0.0:7"), netip.AddrPortFrom(home.Addr(), 0)}
				if home == home4 {
					strange = append(strange, home6, netip.MustParseAddrPort("[::1]:9"))
				} else {
					strange = append(strange, home4, netip.MustParseAddrPort("127.0.0.1:9"))
				}
				want := mixture()
				for _, step := range []struct {
					peers []netip.AddrPort
					heard []*Socket
					mute  []*Socket
				}{
					{append(strange, sender.Local(), second.Local(), second.Local()), []*Socket{second}, []*Socket{first}},
					{[]netip.AddrPort{first.Local(), second.Local()}, []*Socket{first, second}, nil},
					{nil, nil, []*Socket{first, second}},
				} {
					sender.SetPeers(step.peers)
					if n := sender.Facts().Peers; n != len(step.heard) {
						t.Errorf("%d peers, want %d", n, len(step.heard))
					}
					mustSend(t, sender, burstOf(everyone, want...))
					for _, s := range step.heard {
						same(t, collect(t, s, len(want)), sender.Local(), want)
					}
					for _, s := range append(step.mute, sender) {
						quiet(t, s)
					}
				}
			})
		}
	}
}

// With multicast there are no peers.
func TestSetPeersOfAGroup(t *testing.T) {
	for _, kind := range []Kind{Native, Portable} {
		c := Config{Kind: kind, Bind: home4, Group: groupFor(), Datagram: 1400}
		sender, member := mustOpen(t, c), mustOpen(t, c)
		stranger := mustOpen(t, Config{Bind: home4, Datagram: 1400})
		sender.SetPeers([]netip.AddrPort{stranger.Local()})
		want := mixture()
		mustSend(t, sender, burstOf(everyone, want...))
		same(t, collect(t, member, len(want)), sender.Local(), want)
		quiet(t, stranger)
	}
}

// Without multicast a train to everybody goes to each peer, but never to
// oneself, and to nobody twice.
func TestFanOut(t *testing.T) {
	for _, home := range []netip.AddrPort{home4, home6} {
		for _, w := range ways {
			t.Run(fmt.Sprint(home, w), func(t *testing.T) {
				first := mustOpen(t, Config{Bind: home, Datagram: 1400})
				second := mustOpen(t, Config{Bind: home, Datagram: 1400})
				free := mustOpen(t, Config{Bind: home})
				own := free.Local()
				free.Close()
				sender := mustOpen(t, w.config(Config{Bind: own, Datagram: 1400,
					Peers: []netip.AddrPort{first.Local(), own, second.Local(), first.Local()}}))
				if n := sender.Facts().Peers; n != 2 {
					t.Errorf("%d peers, want 2", n)
				}
				want := mixture()
				mustSend(t, sender, burstOf(everyone, want...))
				for _, s := range []*Socket{first, second} {
					same(t, collect(t, s, len(want)), own, want)
					quiet(t, s)
				}
				quiet(t, sender)
				if n := sender.Stats().SentDatagrams; n != 2*uint64(len(want)) {
					t.Errorf("%d datagrams sent, want %d", n, 2*len(want))
				}
			})
		}
	}
}

// With neither group nor peers there is nobody to send to.
func TestAlone(t *testing.T) {
	for _, kind := range []Kind{Native, Portable} {
		s := mustOpen(t, Config{Kind: kind, Bind: home4})
		mustSend(t, s, burstOf(everyone, run(3, 100, 0)...))
		if st := s.Stats(); st.SentMessages != 0 {
			t.Errorf("%v: %d messages sent", kind, st.SentMessages)
		}
	}
}

// Group and peers are told apart from single destinations within one burst.
func TestMixedDestinations(t *testing.T) {
	c := Config{Bind: home4, Group: groupFor(), Datagram: 1400}
	sender, first, second := mustOpen(t, c), mustOpen(t, c), mustOpen(t, c)
	all, one := run(5, 1200, 0), run(7, 1300, 0)
	b := burstOf(everyone, all...)
	for _, d := range one {
		b.Add(first.Local(), d)
	}
	for _, d := range all {
		b.Add(everyone, d)
	}
	mustSend(t, sender, b)
	if have := collect(t, first, len(all)*2+len(one)); len(have) != 2*len(all)+len(one) {
		t.Errorf("%d datagrams at the first", len(have))
	}
	same(t, collect(t, second, 2*len(all)), sender.Local(), append(all[:len(all):len(all)], all...))
	quiet(t, second)
}

// An address of the other family or a port that nobody can have drops the
// datagram and nothing else.
func TestNoSuchDestination(t *testing.T) {
	for _, kind := range []Kind{Native, Portable} {
		receiver := mustOpen(t, Config{Bind: home4})
		s := mustOpen(t, Config{Kind: kind, Bind: home4})
		want := run(2, 300, 0)
		b := burstOf(home6, want[0])
		b.Add(netip.MustParseAddrPort("127.0.0.1:0"), want[0])
		b.Add(netip.MustParseAddrPort("255.255.255.255:7"), want[0]) // EACCES without SO_BROADCAST
		b.Add(receiver.Local(), want[1])
		mustSend(t, s, b)
		same(t, collect(t, receiver, 1), s.Local(), want[1:])
		if n := s.Stats().DroppedUnreachable; n != 3 {
			t.Errorf("%v: %d dropped as unreachable, want 3", kind, n)
		}
	}
}

// Lent memory lies anywhere; a train of such datagrams has many elements.
func TestTails(t *testing.T) {
	everyWay(t, func(t *testing.T, from, to way) {
		receiver := mustOpen(t, to.config(Config{Bind: home4, Datagram: 1400}))
		sender := mustOpen(t, from.config(Config{Bind: home4, Datagram: 1400}))
		var want []*batch.Datagram
		for i := range 20 {
			want = append(want, &batch.Datagram{
				Bytes: payload(i, 100),
				Tail:  [][]byte{payload(i+1, 1000), payload(i+2, 0), payload(i+3, 300)},
			})
		}
		mustSend(t, sender, burstOf(receiver.Local(), want...))
		same(t, collect(t, receiver, len(want)), sender.Local(), want)
	})
}

// More pieces than the kernel takes in one message.
func TestTooManyPieces(t *testing.T) {
	for _, w := range ways {
		receiver := mustOpen(t, Config{Bind: home4, Datagram: 4000})
		sender := mustOpen(t, w.config(Config{Bind: home4, Datagram: 4000}))
		d := &batch.Datagram{Bytes: payload(1, 100)}
		for i := range 1500 {
			d.Tail = append(d.Tail, payload(i, 2))
		}
		want := []*batch.Datagram{d, d, {Bytes: payload(9, 50)}}
		mustSend(t, sender, burstOf(receiver.Local(), want...))
		same(t, collect(t, receiver, len(want)), sender.Local(), want)
	}
}

func TestEmptyDatagram(t *testing.T) {
	for _, kind := range []Kind{Native, Portable} {
		receiver := mustOpen(t, Config{Kind: kind, Bind: home4})
		sender := mustOpen(t, Config{Kind: kind, Bind: home4})
		want := []*batch.Datagram{{Bytes: []byte{}}, {Bytes: payload(3, 3)}}
		mustSend(t, sender, burstOf(receiver.Local(), want...))
		same(t, collect(t, receiver, 2), sender.Local(), want)
	}
}

// A burst of more messages than one call takes.
func TestLongBurst(t *testing.T) {
	for _, w := range ways {
		receiver := mustOpen(t, Config{Bind: home4, Datagram: 1400})
		sender := mustOpen(t, w.config(Config{Bind: home4, Datagram: 1400}))
		var want []*batch.Datagram
		for i := range 1000 { // each longer than the one before: no trains
			want = append(want, &batch.Datagram{Bytes: payload(i, i+1)})
		}
		mustSend(t, sender, burstOf(receiver.Local(), want...))
		same(t, collect(t, receiver, len(want)), sender.Local(), want)
	}
}

// The largest datagrams and trains that there are.
func TestLargest(t *testing.T) {
	for _, home := range []netip.AddrPort{home4, home6} {
		everyWay(t, func(t *testing.T, from, to way) {
			c := Config{Bind: home, Datagram: min(MaxDatagram, loopbackInterface(t).MTU-48)}
			receiver, sender := mustOpen(t, to.config(c)), mustOpen(t, from.config(c))
			want := run(2, c.Datagram, 0)
			want = append(want, run(2, batch.MaxTrainBytes/2, 0)...)
			want = append(want, run(64, batch.MaxTrainBytes/64, 0)...)
			mustSend(t, sender, burstOf(receiver.Local(), want...))
			same(t, collect(t, receiver, len(want)), sender.Local(), want)
		})
	}
}

// A datagram that is longer than the receiver's slot never arrives cut.
func TestTruncated(t *testing.T) {
	for _, w := range []way{{gro: Off}, {kind: Portable}} {
		receiver := mustOpen(t, w.config(Config{Bind: home4, Datagram: 1400}))
		sender := mustOpen(t, Config{Bind: home4, Datagram: 9000})
		room := receiver.Facts().SlotBytes
		want := []*batch.Datagram{{Bytes: payload(1, room+1)}, {Bytes: payload(2, room)}, {Bytes: payload(3, 9000)}, {Bytes: payload(4, 10)}}
		for _, d := range want {
			mustSend(t, sender, burstOf(receiver.Local(), d))
		}
		same(t, collect(t, receiver, 2), sender.Local(), []*batch.Datagram{want[1], want[3]})
		if n := receiver.Stats().DroppedTruncated; n != 2 {
			t.Errorf("%v: %d truncated, want 2", w, n)
		}
	}
}

// What does not fit the interface is dropped, and what follows is sent.
func TestTooBig(t *testing.T) {
	for _, w := range ways {
		receiver := mustOpen(t, Config{Bind: home4})
		sender := mustOpen(t, w.config(Config{Bind: home4}))
		want := []*batch.Datagram{{Bytes: payload(1, 65508)}, {Bytes: payload(2, 100)}}
		mustSend(t, sender, burstOf(receiver.Local(), want...))
		same(t, collect(t, receiver, 1), sender.Local(), want[1:])
		if n := sender.Stats().DroppedTooBig; n != 1 {
			t.Errorf("%v: %d too big, want 1", w, n)
		}
	}
}
