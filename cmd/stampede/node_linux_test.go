package main

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// watched is a command that was started, and what it writes to standard error.
type watched struct {
	cmd   *exec.Cmd
	lines *bufio.Reader
	log   strings.Builder // what was read
}

func watch(t *testing.T, cmd *exec.Cmd) *watched {
	t.Helper()
	cmd.Stderr = nil
	pipe, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return &watched{cmd: cmd, lines: bufio.NewReader(pipe)}
}

// await returns when a line has the text.
func (w *watched) await(t *testing.T, text string) {
	t.Helper()
	for {
		line, err := w.lines.ReadString('\n')
		w.log.WriteString(line)
		if err != nil {
			t.Fatalf("it ended before it said %q: %s", text, &w.log)
		}
		if strings.Contains(line, text) {
			return
		}
	}
}

// end returns when the command has ended, how it did, and all that it wrote.
func (w *watched) end() (log string, err error) {
	io.Copy(&w.log, w.lines)
	err = w.cmd.Wait()
	return w.log.String(), err
}

func (w *watched) signal(t *testing.T, sig syscall.Signal) {
	t.Helper()
	if err := w.cmd.Process.Signal(sig); err != nil {
		t.Error(err)
	}
}

func TestSignalledNodesLeave(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		t.Run(sig.String(), func(t *testing.T) {
			ns := startNodes(t, 2, loopbackGroup(t), "--rate", "2000", "--guarantee", everyGuarantee)
			var all []*watched
			for _, cmd := range ns.cmds {
				all = append(all, watch(t, cmd))
			}
			for _, w := range all {
				w.await(t, "msg=running")
			}
			for _, w := range all {
				w.signal(t, sig)
			}
			for i, w := range all {
				if log, err := w.end(); err != nil || !strings.Contains(log, "msg=left") {
					t.Errorf("node %d: %v: %s", i+1, err, log)
				}
			}
			ns.judge(t)
		})
	}
}

func TestSignalledNodeStopsWaitingForOthers(t *testing.T) {
	w := watch(t, startNodes(t, 2, loopbackGroup(t)).cmds[0])
	w.await(t, "msg=opened")
	w.signal(t, syscall.SIGTERM)
	if log, err := w.end(); err != nil || !strings.Contains(log, "msg=stopped") {
		t.Errorf("%v: %s", err, log)
	}
}

// pipe makes a named pipe for a trace.
func pipe(t *testing.T) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "trace")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// A node that cannot write its trace goes on ordering: the others get on until
// its handle's memory is full, and it delivers late what they sent.
func TestFullTraceHoldsBackItsHandleAlone(t *testing.T) {
	own := loopbackGroup(t)
	ns := startNodes(t, 3, func(id int) []string {
		if id == 1 {
			return own(id)
		}
		return append(own(id), "--rate", "5000", "--count", "1000")
	}, "--expect", "2000", "--guarantee", "safe,agreed")
	path, file := pipe(t), ns.traces[0]
	ns.cmds[0].Args = append(ns.cmds[0].Args, "--trace", path) // the last one counts
	reading, err := os.OpenFile(path, os.O_RDWR, 0)            // opened for writing too, it does not wait
	if err != nil {
		t.Fatal(err)
	}
	defer reading.Close()
	for _, cmd := range ns.cmds {
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
	}
	for i, cmd := range ns.cmds[1:] {
		if err := cmd.Wait(); err != nil {
			t.Errorf("node %d: %v\n%s", i+2, err, ns.stderr[i+1])
		}
	}
	// What the pipe holds are the first few hundred events. Now it is read.
	text, err := readLife(reading)
	if err != nil {
		t.Fatal(err)
	}
	if err := ns.cmds[0].Wait(); err != nil {
		t.Errorf("node 1: %v\n%s", err, ns.stderr[0])
	}
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if r := ns.judge(t); r.Messages != 2000 || r.Deliveries != 6000 {
		t.Errorf("%+v", r.Summary)
	}
}

// readLife reads lines up to that of a leave.
func readLife(from io.Reader) (text []byte, err error) {
	lines := bufio.NewReader(from)
	for {
		line, err := lines.ReadBytes('\n')
		text = append(text, line...)
		if err != nil || bytes.Contains(line, []byte(`"ev":"leave"`)) {
			return text, err
		}
	}
}

func TestSecondSignalEndsAtOnce(t *testing.T) {
	path := pipe(t)
	full, err := syscall.Open(path, syscall.O_RDWR|syscall.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(full)
	for {
		if _, err := syscall.Write(full, make([]byte, 4096)); errors.Is(err, syscall.EAGAIN) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	// It blocks with the first line of its trace, and cannot leave.
	w := watch(t, program(t, "node", "--id", "1", "--trace", path))
	w.await(t, "msg=running")
	ended := make(chan error)
	go func() {
		_, err := w.end()
		ended <- err
	}()
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	for over := false; !over; {
		w.cmd.Process.Signal(syscall.SIGTERM) // until the program has made it deadly again
		select {
		case <-ended:
			over = true
		case <-again.C:
		}
	}
	if s := w.cmd.ProcessState.Sys().(syscall.WaitStatus); !s.Signaled() || s.Signal() != syscall.SIGTERM {
		t.Errorf("it ended with %v", w.cmd.ProcessState)
	}
}
