package corosync

import (
	"context"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"stampede/bench/cclient"
	"stampede/internal/testenv"
)

// needClient builds the client where that is possible.
func needClient(t *testing.T) []byte {
	t.Helper()
	testenv.NeedRoot(t)
	client, err := Build(t.Context())
	if errors.Is(err, cclient.ErrMissing) {
		testenv.Skip(t, err.Error())
	}
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func TestMissingPeersAreNamed(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := Build(t.Context())
	if !errors.Is(err, cclient.ErrMissing) || !strings.Contains(err.Error(), "Debian package") {
		t.Errorf("%v", err)
	}
}

// A daemon that does not start is told with what it said, and the room that it
// was in is gone.
func TestADaemonThatEndsIsTold(t *testing.T) {
	client := needClient(t)
	var said strings.Builder
	n, err := Start(t.Context(), Setup{Program: client, Conf: "totem {\n", Client: cclient.Setup{Host: 1, Hosts: 1, Senders: 1, Clients: 1}}, &said)
	if err == nil {
		n.Close()
		t.Fatal("it started")
	}
	if !strings.Contains(err.Error(), "corosync ended: ") || !errors.Is(err, ErrStart) || said.Len() == 0 {
		t.Errorf("%v, %q", err, &said)
	}
	wantNoRoom(t)
}

func TestStartEndsWithItsContext(t *testing.T) {
	client := needClient(t)
	// A client of two hosts waits for the other one.
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var said strings.Builder
	conf := Conf(Knet, "test", []netip.Addr{netip.MustParseAddr("127.0.0.1")}, netip.Addr{})
	if _, err := Start(ctx, Setup{Program: client, Conf: conf, Client: cclient.Setup{Host: 1, Hosts: 2, Senders: 1, Clients: 1}}, &said); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	wantNoRoom(t)
}

// wantNoRoom checks that no thread of this process still sees a room's mounts,
// nor does a child.
func wantNoRoom(t *testing.T) {
	t.Helper()
	threads, err := filepath.Glob("/proc/self/task/*")
	if err != nil || len(threads) == 0 {
		t.Fatal(threads, err)
	}
	for _, dir := range threads {
		mounts, err := os.ReadFile(dir + "/mountinfo")
		if err == nil && strings.Contains(string(mounts), mountSource) && filepath.Base(dir) != strconv.Itoa(os.Getpid()) {
			t.Errorf("%s is still in a room", dir)
		}
		if children, err := os.ReadFile(dir + "/children"); err == nil && len(children) > 0 {
			t.Errorf("%s still has children %s", dir, children)
		}
	}
}

func TestConfNamesEveryHost(t *testing.T) {
	hosts := []netip.Addr{netip.MustParseAddr("10.77.0.1"), netip.MustParseAddr("10.77.0.2")}
	group := netip.MustParseAddr("239.255.1.2")
	udp, knet := Conf(UDP, "c", hosts, group), Conf(Knet, "c", hosts, group)
	for _, want := range []string{"crypto_cipher: none", "crypto_hash: none", "ring0_addr: 10.77.0.1\n", "ring0_addr: 10.77.0.2\n", "nodeid: 2\n"} {
		if !strings.Contains(udp, want) || !strings.Contains(knet, want) {
			t.Errorf("no %q in\n%s\n%s", want, udp, knet)
		}
	}
	if !strings.Contains(udp, "mcastaddr: 239.255.1.2\n") || strings.Contains(knet, "mcastaddr") {
		t.Errorf("%s\n%s", udp, knet)
	}
}
