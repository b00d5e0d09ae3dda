package lab

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

// namespaces is where ip keeps the names of network namespaces.
const namespaces = "/var/run/netns/"

// reap removes the namespaces that follow the path of ip in its arguments, and
// first what still runs in them: a process would keep its namespace alive.
const reap = `ip=$1; shift
for name in "$@"; do
	for pid in $("$ip" netns pids "$name" 2>/dev/null); do kill -9 "$pid" 2>/dev/null; done
	"$ip" netns del "$name" 2>/dev/null
done
true`

// reaper waits for its standard input to end before it reaps. Signals that
// are meant for the lab's maker must not end it first.
const reaper = "trap '' INT TERM HUP; cat >/dev/null\n" + reap

// startReaper starts the process that removes the lab when Close or this
// process's end, whatever the cause, closes the pipe that it reads.
func (l *Lab) startReaper() error {
	l.reaper = exec.Command("sh", append([]string{"-c", reaper, namePrefix + "reaper", l.ip}, l.names...)...)
	l.reaper.Stderr = os.Stderr
	l.reaper.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	alive, err := l.reaper.StdinPipe()
	if err != nil {
		return fmt.Errorf("lab: reaper: %w", err)
	}
	l.alive = alive
	if err := l.reaper.Start(); err != nil {
		return fmt.Errorf("lab: reaper: %w", err)
	}
	return nil
}

// Close kills what still runs on the hosts and removes the lab. It returns
// when all is gone; closing again does nothing.
func (l *Lab) Close() error {
	if l.reaper == nil {
		return nil
	}
	l.alive.Close()
	err := l.reaper.Wait()
	l.reaper = nil
	for _, name := range l.names {
		if _, stat := os.Lstat(namespaces + name); stat == nil {
			err = errors.Join(err, errors.New("namespace "+name+" is still there"))
		}
	}
	if err != nil {
		return fmt.Errorf("lab: removing: %w", err)
	}
	return nil
}

// removeStale removes the labs whose maker no longer lives.
func removeStale(ip string) error {
	paths, err := filepath.Glob(namespaces + namePrefix + "*")
	if err != nil {
		return err
	}
	var stale []string
	for _, path := range paths {
		name := filepath.Base(path)
		if pid, ok := maker(name); ok && errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
			stale = append(stale, name)
		}
	}
	if len(stale) == 0 {
		return nil
	}
	out, err := exec.Command("sh", append([]string{"-c", reap, namePrefix + "reaper", ip}, stale...)...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("lab: removing stale labs: %w: %s", err, strings.TrimSpace(string(out)))
	}
	return nil
}
