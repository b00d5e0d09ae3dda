package evs

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"sync"
	"testing"
	"time"
)

// testContext ends long after any of these tests should.
func testContext(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// transport says how the processors of a test cluster reach each other.
type transport string

const (
	multicast transport = "multicast"
	unicast   transport = "unicast"
	unicast6  transport = "unicast6"
)

// freePorts are UDP ports of the loopback address that nobody used just now.
func freePorts(t testing.TB, host string, n int) []netip.AddrPort {
	t.Helper()
	var out []netip.AddrPort
	for range n {
		c, err := net.ListenPacket("udp", net.JoinHostPort(host, "0"))
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		out = append(out, c.LocalAddr().(*net.UDPAddr).AddrPort())
	}
	return out
}

// configs of n processors that find each other over the loopback interface.
func configs(t testing.TB, n int, tr transport) []Config {
	cs := make([]Config, n)
	var start []ProcessorID
	for i := range cs {
		start = append(start, ProcessorID(i+1))
	}
	host := "127.0.0.1"
	if tr == unicast6 {
		host = "::1"
	}
	ports := freePorts(t, host, n+1)
	cluster := fmt.Sprintf("test-%d-%d", os.Getpid(), rand.Uint64())
	for i := range cs {
		cs[i] = Config{Cluster: cluster, ID: ProcessorID(i + 1), Start: start, Bind: ports[i]}
		if tr == multicast {
			cs[i].Bind = netip.AddrPortFrom(ports[i].Addr(), 0)
			cs[i].Multicast = netip.AddrPortFrom(netip.AddrFrom4([4]byte{239, 77, 1, 1}), ports[n].Port())
		} else {
			cs[i].Peers = ports[:n]
		}
	}
	return cs
}

// open opens a cluster and closes it with the test.
func open(t testing.TB, cs []Config) []*Processor {
	t.Helper()
	ps := make([]*Processor, len(cs))
	errs := make([]error, len(cs))
	var wg sync.WaitGroup
	for i := range cs {
		wg.Go(func() { ps[i], errs[i] = Open(testContext(t), cs[i]) })
	}
	wg.Wait()
	for i, err := range errs {
		if err != nil {
			t.Errorf("processor %d: %v", i+1, err)
			continue
		}
		t.Cleanup(func() { ps[i].Close() })
	}
	if t.Failed() {
		t.FailNow()
	}
	return ps
}

var testGroup = Group{'t', 'e', 's', 't'}

// handles opens a handle at each processor and joins the test group.
func handles(t testing.TB, ps []*Processor) []*Handle {
	t.Helper()
	hs := make([]*Handle, len(ps))
	for i, p := range ps {
		hs[i] = newHandle(t, p, testGroup)
	}
	return hs
}

// cluster is n processors with a handle each.
func cluster(t testing.TB, n int, tr transport) ([]*Processor, []*Handle) {
	ps := open(t, configs(t, n, tr))
	return ps, handles(t, ps)
}

// newHandle opens one handle more, in the home that is tested.
func newHandle(t testing.TB, p *Processor, groups ...Group) *Handle {
	t.Helper()
	h := openAt(t, p, HandleOptions{Confirm: true})
	if err := h.Join(groups...); err != nil {
		t.Fatal(err)
	}
	return h
}

// received is what a test remembers of a Deliver event.
type received struct {
	sender    ProcessorID
	number    uint64
	guarantee Guarantee
	payload   string
}

// collect receives n messages.
func collect(t testing.TB, h *Handle, n int) []received {
	t.Helper()
	var got []received
	buf := make([]Event, 128)
	for len(got) < n {
		k, err := h.Receive(testContext(t), buf[:min(len(buf), n-len(got))])
		if err != nil {
			t.Fatalf("after %d of %d messages: %v", len(got), n, err)
		}
		for _, e := range buf[:k] {
			if e.Kind == Deliver {
				got = append(got, received{e.Sender, e.Number, e.Guarantee, string(e.Payload)})
			}
		}
	}
	return got
}

// exchangeAlone sends to oneself.
func exchangeAlone(t *testing.T, h *Handle) {
	t.Helper()
	for i := range 100 {
		if _, err := h.McastJoined(testContext(t), Safe, []byte{byte(i)}); err != nil {
			t.Fatal(err)
		}
	}
	for i, m := range collect(t, h, 100) {
		if m.payload != string([]byte{byte(i)}) {
			t.Fatalf("message %d is %q", i, m.payload)
		}
	}
}
