package systemd

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// manager is the socket of a manager, of which the environment tells.
func manager(t *testing.T, name string) *net.UnixConn {
	t.Helper()
	c, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: name, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	t.Setenv("NOTIFY_SOCKET", name)
	return c
}

// heard is the next datagram.
func heard(t *testing.T, c *net.UnixConn) string {
	t.Helper()
	buf := make([]byte, 4096)
	n, err := c.Read(buf)
	if err != nil {
		t.Fatal(err)
	}
	return string(buf[:n])
}

func TestTheManagerHears(t *testing.T) {
	for _, name := range []string{filepath.Join(t.TempDir(), "notify"), fmt.Sprintf("@stampede-test-%d-%s", os.Getpid(), t.Name())} {
		c := manager(t, name)
		for want, tell := range map[string]func() error{
			`^READY=1\nSTATUS=3 clients\n$`:       func() error { return Ready("3 clients") },
			`^RELOADING=1\nMONOTONIC_USEC=\d+\n$`: Reloading,
			`^STOPPING=1\nSTATUS=leaving\n$`:      func() error { return Stopping("leaving") },
			`^STATUS=a b READY=1 c\n$`:            func() error { return Status("a b\nREADY=1\r\nc") }, // no other line
			`^STATUS=\n$`:                         func() error { return Status("") },
			`^WATCHDOG=1$`:                        Alive,
		} {
			if err := tell(); err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			if got := heard(t, c); !regexp.MustCompile(want).MatchString(got) {
				t.Errorf("%s: heard %q, want %q", name, got, want)
			}
		}
	}
}

func TestWithoutAManagerNothingIsSaid(t *testing.T) {
	t.Setenv("NOTIFY_SOCKET", "")
	for _, err := range []error{Ready("x"), Reloading(), Stopping("x"), Status("x"), Alive()} {
		if err != nil {
			t.Error(err)
		}
	}
}

func TestAManagerThatIsGone(t *testing.T) {
	t.Setenv("NOTIFY_SOCKET", filepath.Join(t.TempDir(), "none"))
	if err := Ready("x"); err == nil || !strings.Contains(err.Error(), "NOTIFY_SOCKET") {
		t.Error(err)
	}
}

func TestWatchdogInterval(t *testing.T) {
	me, other := strconv.Itoa(os.Getpid()), strconv.Itoa(os.Getppid())
	for _, c := range []struct {
		usec, pid string
		want      time.Duration
		bad       bool
	}{
		{"", "", 0, false},
		{"3000000", me, 3 * time.Second, false},
		{"3000000", "", 3 * time.Second, false},
		{"3000000", other, 0, false},
		{"0", me, 0, true},
		{"-1", me, 0, true},
		{"soon", me, 0, true},
		{"1", "me", 0, true},
	} {
		t.Setenv("WATCHDOG_USEC", c.usec)
		t.Setenv("WATCHDOG_PID", c.pid)
		d, err := WatchdogInterval()
		if d != c.want || (err != nil) != c.bad || c.bad && !strings.Contains(err.Error(), "WATCHDOG") {
			t.Errorf("%+v: %v, %v", c, d, err)
		}
		for _, v := range []string{"WATCHDOG_USEC", "WATCHDOG_PID"} {
			if _, ok := os.LookupEnv(v); ok {
				t.Errorf("%s is still there", v)
			}
		}
	}
}
