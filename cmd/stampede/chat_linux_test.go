package main

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"stampede/internal/conf"
	"stampede/internal/daemon"
)

// terminal opens a pair: what a person has, and what a program has.
func terminal(t *testing.T) (person, programs *os.File) {
	t.Helper()
	person, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { person.Close() })
	n, err := unix.IoctlGetInt(int(person.Fd()), unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(int(person.Fd()), unix.TIOCSPTLCK, 0)
	}
	if err == nil {
		err = unix.IoctlSetWinsize(int(person.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 10, Col: 60})
	}
	if err == nil {
		programs, err = os.OpenFile(fmt.Sprint("/dev/pts/", n), os.O_RDWR|syscall.O_NOCTTY, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { programs.Close() })
	return person, programs
}

// readUntil reads what appears on a terminal until it contains a text.
func readUntil(t *testing.T, person *os.File, text string) string {
	t.Helper()
	return readTimes(t, person, text, 1)
}

// readTimes reads until there are so many of a text.
func readTimes(t *testing.T, person *os.File, text string, times int) string {
	t.Helper()
	var all []byte
	b := make([]byte, 4096)
	for bytes.Count(all, []byte(text)) < times {
		n, err := person.Read(b)
		if err != nil {
			t.Fatalf("%v behind %q, without %q", err, all, text)
		}
		all = append(all, b[:n]...)
	}
	return string(all)
}

func (d *running) startAt(t *testing.T, programs *os.File, arg ...string) (wait func() outcome) {
	t.Helper()
	cmd, stderr := program(t, arg...), &bytes.Buffer{}
	cmd.Env = append(cmd.Env, conf.AddressVar+"="+d.socket)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = programs, programs, stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return func() outcome {
		cmd.Wait()
		return outcome{stderr: stderr.String(), status: cmd.ProcessState.ExitCode()}
	}
}

// The line that is typed stays whole when others come, and the terminal is given
// back as it was.
func TestChatAtATerminal(t *testing.T) {
	d := startDaemon(t, daemon.ServerOptions{})
	person, programs := terminal(t)
	before, err := unix.IoctlGetTermios(int(programs.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	wait := d.startAt(t, programs, "chat", "--name", "me", "news")
	readUntil(t, person, "* members: 1\r\n")
	person.WriteString("hel")
	readUntil(t, person, "hel")
	d.awaitGroup(t, "news")
	d.prints(t, "send", "-g", "news", "other")
	if text := readUntil(t, person, "> hel"); !strings.Contains(text, "[1] other\r\n") {
		t.Errorf("%q", text)
	}
	person.WriteString("lo\r")
	readUntil(t, person, "[1] me: hello\r\n")
	person.WriteString("\x03")
	if o := wait(); o.status != 0 || o.stderr != "" {
		t.Errorf("%+v", o)
	}
	if after, err := unix.IoctlGetTermios(int(programs.Fd()), unix.TCGETS); err != nil || *after != *before {
		t.Errorf("%v: %+v, was %+v", err, after, before)
	}
}

// Screens take each other's place and are no larger than the terminal.
func TestTopAtATerminal(t *testing.T) {
	d := startDaemon(t, daemon.ServerOptions{})
	person, programs := terminal(t)
	wait := d.startAt(t, programs, "top", "--count", "2", "--interval", "10ms")
	text := readTimes(t, person, "\x1b[J", 2)
	if strings.Count(text, "\x1b[2J\x1b[H") != 1 || strings.Count(text, "\x1b[H") != 2 || strings.Count(text, "\n") != 18 {
		t.Errorf("%q", text)
	}
	for _, line := range strings.Split(text, "\n") {
		line = strings.NewReplacer("\x1b[2J", "", "\x1b[H", "", "\x1b[K", "", "\x1b[J", "", "\r", "").Replace(line)
		if len([]rune(line)) > 60 {
			t.Errorf("%q is longer than the terminal", line)
		}
	}
	if o := wait(); o.status != 0 || o.stderr != "" {
		t.Errorf("%+v", o)
	}
}
