package sock

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"stampede/batch"
)

// testPatience ends a test that hangs; none that works comes near it.
const testPatience = 10 * time.Second

var (
	home4    = netip.MustParseAddrPort("127.0.0.1:0")
	home6    = netip.MustParseAddrPort("[::1]:0")
	everyone = netip.AddrPort{}
)

// groupFor is a multicast group that no other test of this process uses.
var groupFor = func() func() netip.AddrPort {
	n := byte(0)
	port := uint16(20000 + rand.IntN(20000)) // other test processes run on this host
	return func() netip.AddrPort {
		n++
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte{239, 255, 77, n}), port)
	}
}()

func mustOpen(t testing.TB, c Config) *Socket {
	t.Helper()
	s, err := Open(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// payload is n bytes that tell which datagram they belong to.
func payload(id, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(id + i*7 + i>>8)
	}
	return b
}

// run is count datagrams of size bytes lying one behind the other, the last
// one short if it is given a length.
func run(count, size, last int) []*batch.Datagram {
	memory := make([]byte, 0, count*size)
	var out []*batch.Datagram
	for i := range count {
		n := size
		if i == count-1 && last > 0 {
			n = last
		}
		from := len(memory)
		memory = append(memory, payload(i, n)...)
		out = append(out, &batch.Datagram{Bytes: memory[from : from+n]})
	}
	return out
}

func burstOf(to netip.AddrPort, datagrams ...*batch.Datagram) *batch.Burst {
	b := new(batch.Burst)
	for _, d := range datagrams {
		b.Add(to, d)
	}
	return b
}

func mustSend(t testing.TB, s *Socket, b *batch.Burst) {
	t.Helper()
	if err := s.Send(b); err != nil {
		t.Fatal(err)
	}
}

// got is a datagram as it arrived.
type got struct {
	bytes []byte
	from  netip.AddrPort
}

// collect receives until n datagrams are there.
func collect(t testing.TB, s *Socket, n int) []got {
	t.Helper()
	var out []got
	dst := make([]batch.Arrival, 100)
	for deadline := time.Now().Add(testPatience); len(out) < n; {
		if time.Now().After(deadline) {
			t.Fatalf("%d of %d datagrams arrived; %+v", len(out), n, s.Stats())
		}
		if err := s.Wait(time.Second); err != nil {
			t.Fatal(err)
		}
		k, err := s.Receive(dst)
		if err != nil {
			t.Fatal(err)
		}
		for i := range dst[:k] {
			out = append(out, split(&dst[i])...)
		}
	}
	return out
}

func split(a *batch.Arrival) (out []got) {
	if len(a.Bytes) == 0 {
		return []got{{from: a.From}}
	}
	for d, rest := []byte(nil), a.Bytes; len(rest) > 0; {
		d, rest = a.Next(rest)
		out = append(out, got{bytes.Clone(d), a.From})
	}
	return out
}

// quiet checks that nothing (more) has arrived. Loopback delivers within the
// send, so there is nothing to wait for.
func quiet(t testing.TB, s *Socket) {
	t.Helper()
	if n, err := s.Receive(make([]batch.Arrival, 10)); n != 0 || err != nil {
		t.Errorf("received %d more (%v)", n, err)
	}
}

// same checks that what arrived is what was sent, in order.
func same(t testing.TB, have []got, from netip.AddrPort, want []*batch.Datagram) {
	t.Helper()
	if len(have) != len(want) {
		t.Fatalf("%d datagrams arrived of %d", len(have), len(want))
	}
	for i, w := range want {
		whole := bytes.Clone(w.Bytes)
		for _, part := range w.Tail {
			whole = append(whole, part...)
		}
		if !bytes.Equal(have[i].bytes, whole) {
			t.Fatalf("datagram %d: %s, want %s", i, brief(have[i].bytes), brief(whole))
		}
		if from.IsValid() && have[i].from != from {
			t.Fatalf("datagram %d came from %v, want %v", i, have[i].from, from)
		}
	}
}

func brief(b []byte) string { return fmt.Sprintf("%d bytes %x…", len(b), b[:min(len(b), 8)]) }

// find returns the degradation of that name, if it was told.
func find(list []Degradation, what string) *Degradation {
	for i := range list {
		if list[i].What == what {
			return &list[i]
		}
	}
	return nil
}
