package evs

import (
	"flag"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// home is where the handles of the tests live.
var home = flag.String("home", "embedded", "where the tests' handles live: embedded, or daemon")

// DialHome opens a handle at a processor by way of a daemon; it is set by the
// tests that may import one.
var DialHome func(t testing.TB, p *Processor, o HandleOptions) (*Handle, error)

func openAt(t testing.TB, p *Processor, o HandleOptions) *Handle {
	t.Helper()
	open := p.Handle
	if *home == "daemon" {
		open = func(o HandleOptions) (*Handle, error) { return DialHome(t, p, o) }
	}
	h, err := open(o)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// embeddedOnly are tests of what a daemon does differently, or that look inside.
var embeddedOnly = []string{
	"TestReopen", // counts goroutines, of which the daemon has some for each client
	// There, who takes nothing holds up nobody, himself neither.
	"TestWouldBlock", "TestBlockedSender", "TestNotReceived", "TestCloseWakes", "TestUnreceivedReleases",
}

// TestDaemonHome runs the tests of this package again, with handles that come
// from Dial.
func TestDaemonHome(t *testing.T) {
	if *home != "embedded" {
		t.Skip("this is that run")
	}
	skip := append([]string{"TestDaemonHome"}, embeddedOnly...)
	c := exec.Command(os.Args[0], "-home=daemon", "-test.run=^Test", "-test.skip=^("+strings.Join(skip, "|")+")$", "-test.timeout=5m")
	if testing.Short() {
		c.Args = append(c.Args, "-test.short")
	}
	if out, err := c.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
