package systemd

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// asService makes this test binary be a service that was passed sockets, as a
// process of its own: its descriptors begin at 3. The value is LISTEN_PID, or
// "me".
const asService = "TEST_AS_SERVICE"

func TestMain(m *testing.M) {
	if pid := os.Getenv(asService); pid != "" {
		if pid == "me" {
			pid = strconv.Itoa(os.Getpid())
		}
		os.Setenv("LISTEN_PID", pid)
		serve()
		return
	}
	os.Exit(m.Run())
}

// serve tells what was passed, and says a word to the first who comes to each.
func serve() {
	all, err := Listeners()
	if err != nil {
		fmt.Println("error:", err)
	}
	for _, l := range all {
		fmt.Println("listener:", l.Addr())
		c, err := l.Accept()
		if err != nil {
			fmt.Println("error:", err)
			continue
		}
		c.Write([]byte("served\n"))
		c.Close()
		l.Close()
	}
	for _, v := range []string{"LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES"} {
		if _, ok := os.LookupEnv(v); ok {
			fmt.Println("left:", v)
		}
	}
	fmt.Println("end")
}

// service runs a service with descriptors until it ends.
func service(t *testing.T, pid string, files []*os.File, env ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(append(os.Environ(), asService+"="+pid), env...)
	cmd.ExtraFiles = files
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return string(out)
}

// file is a descriptor that the test closes.
func file(t *testing.T, from interface{ File() (*os.File, error) }) *os.File {
	t.Helper()
	f, err := from.File()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func listen(t *testing.T, path string) *net.UnixListener {
	t.Helper()
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func TestPassedSocketsAreServed(t *testing.T) {
	dir := t.TempDir()
	var files []*os.File
	var paths []string
	for i := range 2 {
		path := filepath.Join(dir, fmt.Sprint(i))
		files = append(files, file(t, listen(t, path)))
		paths = append(paths, path)
		c, err := net.Dial("unix", path) // waits in the socket before the service is there
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
	}
	got := service(t, "me", files, "LISTEN_FDS=2", "LISTEN_FDNAMES=a:b")
	if want := "listener: " + paths[0] + "\nlistener: " + paths[1] + "\nend\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	for _, path := range paths {
		if _, err := os.Stat(path); err != nil {
			t.Errorf("the manager's path is gone: %v", err)
		}
	}
}

func TestPassedThingsThatAreRefused(t *testing.T) {
	dir := t.TempDir()
	good := listen(t, filepath.Join(dir, "good"))
	tcp, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer tcp.Close()
	datagrams, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: filepath.Join(dir, "gram"), Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer datagrams.Close()
	client, err := net.DialUnix("unix", nil, good.Addr().(*net.UnixAddr))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	regular, err := os.Create(filepath.Join(dir, "file"))
	if err != nil {
		t.Fatal(err)
	}
	defer regular.Close()
	for name, c := range map[string]struct {
		file *os.File
		says string
	}{
		"tcp":       {file(t, tcp), "not a unix socket"},
		"datagrams": {file(t, datagrams), "not a stream socket"},
		"client":    {file(t, client), "does not listen"},
		"file":      {regular, "not a socket"},
	} {
		got := service(t, "me", []*os.File{file(t, good), c.file}, "LISTEN_FDS=2", "LISTEN_FDNAMES=good:odd")
		if !strings.HasPrefix(got, `error: systemd: descriptor 4, "odd": `+c.says) || !strings.HasSuffix(got, "\nend\n") || strings.Contains(got, "listener") {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestCountsOfSockets(t *testing.T) {
	for _, c := range []struct{ pid, count, want string }{
		{"me", "", "end\n"},
		{"me", "0", "end\n"},
		{"1", "1", "end\n"}, // somebody else's
		{"1", "x", "end\n"},
		{"x", "1", "end\n"},
		{"me", "1", `error: systemd: descriptor 3, "LISTEN_FD_3": not a socket`},
		{"me", "x", `error: systemd: LISTEN_FDS="x" is no number`},
		{"me", "-1", `error: systemd: LISTEN_FDS="-1" is no number`},
		{"me", "1000000000", `error: systemd: LISTEN_FDS="1000000000" is no number`},
	} {
		if got := service(t, c.pid, nil, "LISTEN_FDS="+c.count, "LISTEN_FDNAMES="); !strings.HasPrefix(got, c.want) || strings.Contains(got, "left:") {
			t.Errorf("%+v: %q", c, got)
		}
	}
}
