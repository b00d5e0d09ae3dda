package corosync

import (
	"context"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"stampede/internal/testenv"
)

// needClient builds the client where that is possible.
func needClient(t *testing.T) []byte {
	t.Helper()
	testenv.NeedRoot(t)
	client, err := Build(t.Context())
	if errors.Is(err, ErrMissing) {
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
	if !errors.Is(err, ErrMissing) || !strings.Contains(err.Error(), "Debian package") {
		t.Errorf("%v", err)
	}
	for said, want := range map[string]string{
		"<stdin>:1:10: fatal error: corosync/cpg.h: No such file or directory": "libcpg-dev",
		"/usr/bin/ld: cannot find -lcpg: No such file or directory":            "libcpg-dev",
		"<stdin>:1:10: fatal error: stdio.h: No such file or directory":        "libc6-dev",
	} {
		if err := compileError(t.Context(), said, errors.New("exit status 1")); !errors.Is(err, ErrMissing) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", said, err)
		}
	}
	if err := compileError(t.Context(), "error: expected ';'", errors.New("exit status 1")); errors.Is(err, ErrMissing) {
		t.Errorf("a fault of ours is told as %v", err)
	}
}

// A daemon that does not start is told with what it said, and the room that it
// was in is gone.
func TestADaemonThatEndsIsTold(t *testing.T) {
	client := needClient(t)
	var said strings.Builder
	n, err := Start(t.Context(), Setup{Client: client, Conf: "totem {\n", Host: 1, Hosts: 1, Senders: 1}, &said)
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
	if _, err := Start(ctx, Setup{Client: client, Conf: conf, Host: 1, Hosts: 2, Senders: 1}, &said); !errors.Is(err, context.Canceled) {
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

func TestLinesOfAReport(t *testing.T) {
	var r Report
	for _, line := range []string{"chain 5", "counts 1 2 3 4 5 6", "sender 7 0", "sender 8 1", "own 100 2", "all 200 3"} {
		if end, err := r.line(line); end || err != nil {
			t.Errorf("%q: %v, %v", line, end, err)
		}
	}
	if end, err := r.line("end"); !end || err != nil {
		t.Errorf("end: %v, %v", end, err)
	}
	if r.Chain != 5 || r.Sent != 1 || r.Delivered != 2 || r.Changes != 3 || r.Damaged != 4 || r.Disordered != 5 || r.Foreign != 6 ||
		!slices.Equal(r.Senders, []Sender{{7, 0}, {8, 1}}) || !slices.Equal(r.Own, []Bar{{100, 2}}) || !slices.Equal(r.All, []Bar{{200, 3}}) {
		t.Errorf("%+v", r)
	}
	for _, line := range []string{"", "chain", "chain x", "counts 1 2", "own 1", "hello 1 2"} {
		if _, err := r.line(line); err == nil {
			t.Errorf("%q was taken", line)
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
